"""The controls of a table: sliders that reach every value, lists that offer every value."""

from dataclasses import replace

import duckdb
import pytest
from werkzeug.datastructures import MultiDict

from portico.data.failures import TableGone
from portico.data.files.folder import FolderCatalog
from portico.data.running import Watch
from portico.form import Form
from portico.table_controls import TableForm, search, steps_of, values_like


@pytest.fixture
def catalog(tmp_path):
    return FolderCatalog(tmp_path, Watch(10, 4), "128MB")


@pytest.fixture
def table_of(tmp_path, catalog):
    """A function that writes a table of one column and returns it as the catalog has it."""

    def write(column, values):
        lines = "".join(f"{value}\n" for value in [column, *values])
        (tmp_path / "made.csv").write_text(lines, encoding="utf-8")
        return catalog.table("made.csv")

    return write


@pytest.mark.parametrize(
    ("values", "steps"),
    [
        (range(1952, 2008, 5), tuple(range(1952, 2008, 5))),
        ((2000, 2001, 2010), tuple(range(2000, 2011))),
        ((2000, 2003, 2010), tuple(range(2000, 2011))),
        ((-100, 0, 100), (-100, 0, 100)),
        ((0, 1, 100), ()),
        (range(100), ()),
        ((7, 7), ()),
        ((2**60, 2**60 + 256), ()),
    ],
)
def test_slider_reaches_every_value(catalog, table_of, values, steps):
    table = table_of("hour", values)
    assert steps_of(catalog, table, table.columns["hour"]) == steps


@pytest.mark.parametrize("rows", [None, 100_000])
def test_column_of_which_only_the_first_rows_are_known_has_no_slider(catalog, table_of, rows):
    table = replace(table_of("hour", range(24)), rows=rows)
    assert steps_of(catalog, table, table.columns["hour"]) == ()


def test_value_between_uneven_ones_can_be_chosen(catalog, table_of):
    table_of("hour", (2000, 2001, 2010))
    form = Form(MultiDict([("filter", "hour"), ("range.hour", "2001"), ("range.hour", "2001")]))
    (chosen,) = TableForm(form, catalog, "barchart").filters()
    assert (chosen.low, chosen.high) == ("2001", "2001")
    assert form.not_understood() == []


def test_columns_of_a_wide_table_are_found_by_name(tmp_path, catalog):
    names = [f"c{place}" for place in range(300)]
    (tmp_path / "wide.csv").write_text(f"{','.join(names)}\n{','.join('1' * 300)}\n", encoding="utf-8")
    form = Form(MultiDict())
    asked = TableForm(form, catalog, "barchart")
    asked.filters()
    assert list(search(catalog, form, asked.table, "filter", "C29")) == ["c29", *names[290:]]


def test_values_are_offered_with_what_is_missing_and_on_one_line(tmp_path, catalog):
    duckdb.sql(
        "COPY (FROM (VALUES ('two\nlines'), ('two\nlines'), ('Snow'), ('None'), (NULL), (''), (repeat('x', 201))) t(name)) "
        f"TO '{tmp_path / 'made.parquet'}'"
    )
    table = catalog.table("made.parquet")

    def offered(text):
        return values_like(catalog, table, table.columns["name"], text)

    assert offered("") == {
        "(none)": "(none)",
        "two\nlines": "two lines",
        "(empty)": "(empty)",
        "None": "None",
        "Snow": "Snow",
    }
    assert list(offered("EMPTY")) == ["(empty)"]
    assert list(offered("NO")) == ["(none)", "None", "Snow"]
    assert list(offered("snow")) == ["Snow"]


@pytest.mark.parametrize(("gone", "shown"), [("gone.csv", "gone.csv"), ("\ud800", "made.csv"), ("x" * 201, "made.csv")])
def test_list_of_tables_shows_the_one_that_is_gone_if_an_address_can_hold_it(catalog, table_of, gone, shown):
    table_of("hour", range(3))
    form = Form(MultiDict({"table": gone}), open=True)
    with pytest.raises(TableGone, match="is no longer there"):
        TableForm(form, catalog, "barchart")
    assert form.values == {"table": shown}
    assert form.whole_address() == f"table={shown}"
