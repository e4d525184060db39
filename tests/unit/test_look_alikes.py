"""Columns of texts that look like numbers or times: the page says why they are not measured, and of no others."""

import duckdb
import pytest
from werkzeug.datastructures import MultiDict

from portico.charts.form import Form
from portico.data.engines.duckdb.folder import FolderCatalog
from portico.data.errors import Unreadable
from portico.data.scheduler import Watch
from portico.data.type_hints import why_text
from services.barchart.page import BarChart
from services.linechart.page import LineChart


@pytest.fixture
def catalog(tmp_path):
    return FolderCatalog(tmp_path, Watch(10, 4), "128MB")


def shown(chart, name):
    return chart.draw(chart.ask(Form(MultiDict({"table": name}))), 1000)


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (("1,234.5", "999"), "“1,234.5” have separators between thousands; numbers are written as 1234.5"),
        (("1.234.567,5", "12"), "“1.234.567,5” have separators between thousands"),
        (("1 234", "1'234"), "have separators between thousands"),
        (("12,5", "-3,25"), "“-3,25” have a decimal comma"),
        (("12 €", "$ 1,234.50"), "“$ 1,234.50” have a sign beside the number"),
        (("12.5%", "100 %"), "have a sign beside the number"),
        (("3/14/2024 10:05:00",), "“3/14/2024 10:05:00” are no times that are read here; 2024-03-14 10:05:00 is"),
        (("14.3.2024", "1.12.2023 9:05"), "“1.12.2023 9:05” are no times"),
        (("14 Mar 2024", "3/14/24 9:05 PM"), "are no times"),
    ],
)
def test_look_alikes_are_told_with_an_example(texts, why):
    assert why in why_text(texts)


@pytest.mark.parametrize(
    "texts",
    [
        (),
        ("123", "456"),
        ("00123", "04103"),
        ("1,234.5", "n/a"),
        ("ABC 123", "DHL1234"),
        ("1.10.3", "2.0.1"),
        ("192.168.0.1",),
        ("+49 30 1234567",),
        ("2024-Q1",),
        ("12 apples", "1,234"),
        ("3/14/2024", "soon"),
        ("10-20", "20-30"),
    ],
)
def test_other_texts_are_no_look_alikes(texts):
    assert why_text(texts) == ""


@pytest.mark.parametrize("page", [BarChart, LineChart])
def test_page_says_which_columns_are_not_measured(tmp_path, catalog, page):
    (tmp_path / "sales.csv").write_text(
        'shop,price,at\nx,"1,234.5",3/14/2024 10:05:00\ny,999,3/15/2024 11:05:00\nx,,\n'
    )
    notes = shown(page(catalog), "sales.csv").notes
    assert notes == [
        "Price is text: values such as “1,234.5” have separators between thousands; numbers are written as 1234.5. So is At."
    ]


def test_column_that_is_described_is_known_to_be_text(tmp_path, catalog):
    (tmp_path / "sales.csv").write_text('shop,price\nx,"1,234.5"\ny,"9,999.5"\n')
    (tmp_path / "sales.csv.toml").write_text('[columns.price]\nlabel = "Price as printed"\n')
    assert shown(BarChart(catalog), "sales.csv").notes == []


def test_identifiers_with_separators_are_no_reason_for_a_word(tmp_path, catalog):
    (tmp_path / "sales.csv").write_text('shop,order_id\nx,"1,234"\ny,"9,999"\n')
    assert shown(BarChart(catalog), "sales.csv").notes == []


@pytest.mark.parametrize("page", [BarChart, LineChart])
def test_columns_that_are_not_drawn_are_named(tmp_path, catalog, page):
    duckdb.sql(
        "COPY (SELECT 'x' AS shop, 1 AS n, [1, 2] AS item_list, {'a': 1} AS more, 'b'::BLOB AS raw)"
        f" TO '{tmp_path / 'sales.parquet'}' (FORMAT parquet)"
    )
    facts = shown(page(catalog), "sales.parquet").facts
    assert facts[-1] == "not drawn: Item list, More, Raw (lists, structures or bytes)"


def test_windows_text_says_how_to_save_it(tmp_path, catalog):
    (tmp_path / "sales.csv").write_bytes("name;price\r\nMüller;12 €\r\n".encode("cp1252"))
    with pytest.raises(Unreadable, match=r"sales\.csv is written in .* as Windows-1252 is\. Save it as UTF-8\."):
        catalog.table("sales.csv")
