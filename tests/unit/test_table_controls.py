"""The controls of a table: sliders that reach every value, lists that offer every value."""

from dataclasses import replace

import duckdb
import pytest
from werkzeug.datastructures import MultiDict

from portico.charts.form import Form
from portico.charts.table_form import TableForm, search, steps_of, values_like
from portico.data.engines.duckdb.folder import FolderCatalog
from portico.data.errors import TableGone, Unreadable
from portico.data.scheduler import Watch


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


# What a description says that a page opens with.

DAYS = "date,price,pieces,region\n" + "".join(
    f"2024-01-{1 + n % 28:02d},{n / 7},{n % 5},r{n % 3}\n" for n in range(200)
)


@pytest.fixture
def described(tmp_path, catalog):
    """A function that describes the line chart of a table, and asks its filters at an address."""

    def ask(description, *address):
        (tmp_path / "sales.csv").write_text(DAYS, encoding="utf-8")
        (tmp_path / "sales.csv.toml").write_text(f"[views.linechart]\n{description}\n", encoding="utf-8")
        form = Form(MultiDict(address))
        found = TableForm(form, catalog, "linechart").filters()
        return form, {each.column.name: each for each in found}

    return ask


def test_page_opens_with_the_bounds_that_a_description_says(described):
    form, filters = described(
        '"from.date" = ["2024-01-05"]\n"to.date" = ["2024-01-20 12:00"]\n"to.price" = [" 1.5 "]\n"in.region" = ["r1"]'
    )
    assert {name: (each.low, each.high, each.values) for name, each in filters.items()} == {
        "date": ("2024-01-05", "2024-01-20T12:00:00", ()),
        "price": ("", "1.5", ()),
        "region": ("", "", ("r1",)),
    }
    assert form.address() == ""


def test_bounds_of_a_description_are_those_of_a_slider_too(described):
    assert described('"from.pieces" = ["0.5"]')[1]["pieces"].bounds() == (1, 4)
    assert described('"from.pieces" = ["1"]\n"to.pieces" = ["3"]')[1]["pieces"].bounds() == (1, 3)
    assert described('"range.pieces" = ["2", "3"]\n"from.pieces" = ["1"]')[1]["pieces"].bounds() == (2, 3)


def test_reader_takes_a_bound_of_the_description_away(described):
    form, filters = described('"from.date" = ["2024-01-05"]', ("from.date", ""))
    assert filters["date"].bounds() == (None, None)
    assert form.not_understood() == []
    assert form.address() == "from.date="
    assert described('"from.date" = ["2024-01-05"]', ("filter", ""))[1] == {}


def test_page_opens_with_the_filters_that_a_description_names(described):
    form, filters = described('filter = ["region", "price"]')
    assert list(filters) == ["price", "region"]
    assert not any(each.says_something() for each in filters.values())
    assert form.address() == ""
    assert list(described('filter = ["region"]', ("from.price", "1"))[1]) == ["price", "region"]


@pytest.mark.parametrize(
    ("description", "problem"),
    [
        ('"from.date" = ["soon"]', "from.date = ['soon']: must be a date, or a date and a time, as 2024-01-31T12:00"),
        ('"to.price" = ["1,5"]', "to.price = ['1,5']: must be a number"),
        ('"to.price" = ["1", "2"]', "to.price = ['1', '2']: must be a number"),
        (
            '"from.region" = ["a"]',
            "from.region = ['a']: texts have no bounds; list those that are wanted as \"in.region\"",
        ),
        ('"from.day" = ["2024-01-01"]', "from.day = ['2024-01-01']: the table has no column 'day' to filter by"),
        ('"in.shop" = ["x"]', "in.shop = ['x']: the table has no column 'shop' to filter by"),
        ('filter = ["region", "shop"]', "filter = ['region', 'shop']: the table has no column 'shop' to filter by"),
    ],
)
def test_filter_of_a_description_that_cannot_be_is_named(described, description, problem):
    with pytest.raises(Unreadable) as caught:
        described(description)
    assert str(caught.value) == f"sales.csv.toml: views.linechart.{problem}"


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
