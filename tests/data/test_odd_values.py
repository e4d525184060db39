"""Values that a chart could get wrong: missing beside named, empty, infinite, negative, far apart, far too many."""

import json

import duckdb
import pytest
from werkzeug.datastructures import MultiDict

from portico.charts.form import Form
from portico.data.engines.duckdb.folder import FolderCatalog
from portico.data.scheduler import Watch
from services.barchart.page import BarChart
from services.linechart.page import LineChart
from tests.data.test_real_tables import numbers, shown_bars

WIDTH = 1000
MOST_BYTES = 200_000  # of a figure, however large the table


@pytest.fixture
def table(tmp_path):
    """A function that makes a table of a query and returns the catalog of it alone."""

    def make(query):
        duckdb.execute(f"COPY ({query}) TO '{tmp_path / 'odd.parquet'}' (FORMAT parquet)")
        return FolderCatalog(tmp_path, Watch(20, 4), "128MB")

    return make


def bars(catalog, **address):
    return drawn(BarChart(catalog), address)


def lines(catalog, **address):
    return drawn(LineChart(catalog), address)


def drawn(chart, address):
    form = Form(MultiDict({"table": "odd.parquet", **address}))
    found = chart.draw(chart.ask(form), WIDTH)
    assert form.not_understood() == []
    assert len(json.dumps(found.figure, allow_nan=False)) < MOST_BYTES
    return found


def test_numbers_that_differ_late_have_names_that_differ(table):
    catalog = table("SELECT 1000000.0::DOUBLE + i % 5 AS v FROM range(10) t(i)")
    assert len(shown_bars(bars(catalog, x="v", measure="*"))) == 5


def test_narrow_bins_far_from_zero_have_names_that_differ(table):
    catalog = table("SELECT 1234567 + i / 100.0 AS v FROM range(1000) t(i)")
    found = shown_bars(bars(catalog, x="v", measure="*"))
    assert sum(found.values()) == 1000
    assert len(found) > 5


@pytest.mark.parametrize("number", ["BIGINT", "UBIGINT", "DECIMAL(30, 2)"])
def test_large_numbers_that_differ_in_their_last_digits_are_counted_apart(table, number):
    catalog = table(f"SELECT 'a' AS c, (1000000000000000000 + i % 1000)::{number} AS v FROM range(2000) t(i)")
    assert shown_bars(bars(catalog, x="c", measure="v", aggregate="distinct")) == {"a": 1000}
    (line,) = lines(catalog, x="c", measure="v", aggregate="distinct", split="-").figure["data"]
    assert numbers(line["y"]) == [1000]


def test_numbers_that_are_not_finite_are_not_counted_among_different_ones(table):
    catalog = table("SELECT 'a' AS c, unnest(['nan', 'inf', '-inf', '1.5', '1.5', '2', NULL])::DOUBLE AS v")
    assert shown_bars(bars(catalog, x="c", measure="v", aggregate="distinct")) == {"a": 2}


@pytest.mark.parametrize("number", ["BIGINT", "UBIGINT", "DECIMAL(30, 2)"])
@pytest.mark.parametrize("aggregate", ["sum", "mean"])
def test_large_numbers_that_differ_in_their_last_digits_have_bars_of_their_own(table, number, aggregate):
    catalog = table(
        f"SELECT (123456789012345670 + i % 5)::{number} AS id, 's' || i % 2 AS s, 1 + i % 5 AS v FROM range(10) t(i)"
    )
    times = 2 if aggregate == "sum" else 1
    whole = shown_bars(bars(catalog, x="id", measure="v", aggregate=aggregate))
    assert whole == {f"12345678901234567{i}": times * (1 + i) for i in range(5)}
    divided = shown_bars(bars(catalog, x="id", measure="v", aggregate=aggregate, split="s"))
    assert divided == {(f"12345678901234567{i}", f"s{s}"): 1 + i for i in range(5) for s in range(2)}


def test_decimals_are_named_without_the_zeros_of_their_type(table):
    catalog = table("SELECT unnest([1.50, 2.25, 10.00, 100, 0])::DECIMAL(9, 2) AS v")
    assert list(shown_bars(bars(catalog, x="v", measure="*"))) == ["0", "1.5", "2.25", "10", "100"]


def test_what_is_missing_and_a_text_of_that_name_are_two_bars(table):
    catalog = table("SELECT * FROM (VALUES ('(none)', 5), (NULL, 3), ('All others', 2), ('', 1)) t(c, v)")
    assert sorted(shown_bars(bars(catalog, x="c", measure="v", aggregate="sum")).values()) == [1, 2, 3, 5]


def test_rest_beside_a_text_of_its_name_is_another_bar(table):
    catalog = table("SELECT 'n' || i AS c, 1 AS v FROM range(30) t(i) UNION ALL SELECT 'All others', 100")
    found = shown_bars(bars(catalog, x="c", measure="v", aggregate="sum", top="10", rest="yes"))
    assert found["All others (2)"] == 100
    assert found["All others"] == 21


def test_parts_below_zero_are_stacked_downwards_and_have_no_shares(table):
    catalog = table("SELECT 'a' AS c, 'p' || i AS s, 10 - 15 * i AS v FROM range(2) t(i)")
    found = bars(catalog, x="c", measure="v", aggregate="sum", split="s")
    assert found.figure["layout"]["barmode"] == "relative"
    form = Form(MultiDict({"table": "odd.parquet", "x": "c", "measure": "v", "split": "s", "style": "share"}))
    BarChart(catalog).ask(form)
    assert form.values["style"] == "stacked"


def test_more_steps_than_are_drawn_are_said_to_be_the_first(table):
    catalog = table("SELECT DATE '2020-01-01' + i::INT AS day, i AS v FROM range(1000) t(i)")
    assert "the first 200 of 1,000" in bars(catalog, x="day", grain="day").caption


def test_steps_without_rows_keep_their_place(table):
    catalog = table("SELECT unnest([DATE '2020-01-15', DATE '2020-04-15']) AS day, 5 AS v")
    found = bars(catalog, x="day", grain="month").figure
    assert list(found["layout"]["xaxis"]["categoryarray"]) == ["Jan 2020", "Feb 2020", "Mar 2020", "Apr 2020"]
    found = bars(table("SELECT unnest([0.0, 1.0, 100.0]) + i / 1e6 AS v FROM range(100) t(i)"), x="v", measure="*")
    assert len(found.figure["layout"]["xaxis"]["categoryarray"]) == 11


@pytest.mark.parametrize("address", [{}, {"split": "s"}, {"split": "s", "aggregate": "mean"}])
def test_days_that_are_far_apart_are_all_drawn(table, address):
    catalog = table(
        "SELECT DATE '2010-01-15' + to_months(i::INT) AS day, 's' || i % 2 AS s, 1 + i AS v FROM range(120) t(i)"
    )
    found = shown_bars(bars(catalog, x="day", grain="day", measure="v", **address))
    assert sorted(found.values()) == list(range(1, 121))


@pytest.mark.parametrize("rows", [2_000, 1_100_000])
def test_days_without_values_are_the_same_in_small_and_large_tables(table, rows):
    catalog = table(f"""
        SELECT TIMESTAMP '2020-01-01' + to_seconds(i * 10 * 86400 // {rows}) AS at,
               CASE WHEN i * 10 // {rows} = 4 THEN NULL WHEN i % 10 = 0 THEN 'nan'::DOUBLE ELSE 1 END AS v
        FROM range({rows}) t(i)
    """)
    (mean,) = lines(catalog, measure="v", aggregate="mean", grain="day", split="-").figure["data"]
    assert numbers(mean["y"]) == [1, 1, 1, 1, None, 1, 1, 1, 1, 1]
    (count,) = lines(catalog, measure="v", aggregate="count", grain="day", split="-").figure["data"]
    assert numbers(count["y"]) == [rows / 10 * 0.9 * (day != 4) for day in range(10)]


@pytest.mark.parametrize(("names", "said"), [(499, False), (500, False), (501, True), (3000, True)])
def test_line_along_more_names_than_are_drawn_says_so(table, names, said):
    found = lines(table(f"SELECT 'name ' || i AS c, i AS v FROM range({names}) t(i)"), x="c")
    assert ("the first 500 names drawn" in found.facts) is said
    assert len(found.figure["layout"]["xaxis"]["ticktext"]) == min(names, 500)


def test_names_that_few_lines_have_are_drawn_up_to_as_many(table):
    catalog = table("SELECT printf('n%04d', i) AS c, 's' || i % 8 AS s, i AS v FROM range(1200) t(i)")
    found = lines(catalog, x="c", split="s", measure="v")
    assert "the first 500 names drawn" in found.facts
    assert list(found.figure["layout"]["xaxis"]["ticktext"]) == [f"n{i:04d}" for i in range(500)]
    assert sorted(x for trace in found.figure["data"] for x in numbers(trace["x"])) == list(range(500))


@pytest.mark.parametrize("rest", ["no", "yes"])
def test_each_name_that_is_drawn_has_the_points_of_all_lines(table, rest):
    catalog = table("""
        SELECT printf('n%04d', i // 10) AS c, 's' || i % 10 AS s, 1 AS v FROM range(6000) t(i)
    """)
    found = lines(catalog, x="c", split="s", measure="v", aggregate="sum", top="3", rest=rest)
    assert "the first 500 names drawn" in found.facts
    shown = {trace["name"]: numbers(trace["y"]) for trace in found.figure["data"]}
    others = {"All others": [7] * 500} if rest == "yes" else {}
    assert shown == {f"s{i}": [1] * 500 for i in range(3)} | others


@pytest.mark.parametrize("chart", [bars, lines])
def test_no_text_of_the_data_becomes_markup(table, chart):
    evil = '<a href="https://evil.example">click</a>'
    catalog = table(
        f"""SELECT '{evil}' AS "<b>c</b>", '<i>part</i>' AS s, 1 AS "<u>v</u>", i AS n FROM range(3) t(i)"""
    )
    found = chart(catalog, x="<b>c</b>", split="s", measure="<u>v</u>")
    assert "<" not in json.dumps(found.figure).replace("<br>", "").replace("<b>%{", "").replace("</b>", "").replace(
        "<extra></extra>", ""
    )


def test_empty_text_has_a_name(table):
    catalog = table("SELECT unnest(['', 'b']) AS s, unnest([1, 2]) AS v, i AS n FROM range(3) t(i)")
    for chart in (bars, lines):
        names = {trace["name"] for trace in chart(catalog, x="n", measure="v", split="s").figure["data"]}
        assert names == {"(empty)", "b"}


@pytest.mark.parametrize(
    ("chosen", "found"),
    [
        (["(empty)"], [2, 4]),
        (["(empty)", "b"], [1, 2, 4]),
        (["(none)"], [8]),
        (["(none)", "(empty)"], [2, 4, 8]),
        (["b"], [1]),
    ],
)
def test_empty_text_can_be_chosen(table, chosen, found):
    catalog = table("SELECT * FROM (VALUES ('b', 1), ('', 2), ('(empty)', 4), (NULL, 8)) t(c, v)")
    drawn_bars = shown_bars(bars(catalog, x="v", measure="*", filter="c", **{"in.c": chosen}))
    assert sorted(map(float, drawn_bars)) == found


def test_scale_is_linear_where_a_number_has_no_place_on_a_logarithmic_one(table):
    catalog = table(
        "SELECT i % 3 AS c, CASE WHEN i < 60000 THEN 1 + i % 1000 ELSE -1e9 END AS v FROM range(70000) t(i)"
    )
    found = bars(catalog, x="c", measure="v", aggregate="sum", scale="log")
    assert found.figure["layout"]["yaxis"]["type"] == "linear"
    assert "logarithmic" in found.notes[0]


@pytest.mark.parametrize("chart", [bars, lines])
@pytest.mark.parametrize(
    "values",
    ["[1.0, 'nan'::DOUBLE, 'inf'::DOUBLE, '-inf'::DOUBLE]", "[1.7e308, -1.7e308, 1.0]", "[5e-324, 0.0, -5e-324]"],
)
def test_numbers_at_the_end_of_all_numbers_are_drawn_or_missing(table, chart, values):
    catalog = table(f"SELECT unnest({values}) AS v, unnest({values}) AS w, i AS n FROM range(3) t(i)")
    chart(catalog, x="v", measure="w")
    chart(catalog, x="n", measure="w", aggregate="sum")
    chart(table(f"SELECT unnest({values}) + i AS v, i AS n FROM range(20000) t(i)"), x="v", measure="n")


@pytest.mark.parametrize("grain", ["second", "minute"])
@pytest.mark.parametrize("rows", [300_000, 1_100_000])
def test_fine_steps_of_a_large_table_are_reduced_too(table, grain, rows):
    catalog = table(f"SELECT TIMESTAMP '2020-01-01' + to_seconds(i * 37) AS at, i % 97 AS v FROM range({rows}) t(i)")
    (line,) = lines(catalog, measure="v", aggregate="sum", grain=grain).figure["data"]
    assert len(numbers(line["y"])) <= 4 * WIDTH
    assert max(numbers(line["y"])) >= 96
