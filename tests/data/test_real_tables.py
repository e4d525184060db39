"""Every table opens as a sensible chart without a control touched, and what it shows is right.

What must be there is computed here from the rows in plain Python, with none of the code that is tested.
"""

from base64 import b64decode
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from html import unescape
from math import isnan
from statistics import fmean
from struct import iter_unpack

import pytest
from werkzeug.datastructures import MultiDict

from portico.charts.form import Form
from services.barchart.page import BarChart
from services.linechart.page import LineChart

CLOSE = 1e-9
WIDTH = 1000


def draw(chart, name, **address):
    """Draw a table as the page opens it, or with some choices."""
    form = Form(MultiDict({"table": name, **address}))
    drawn = chart.draw(chart.ask(form), WIDTH)
    assert form.not_understood() == []
    return drawn


def shown_bars(drawn):
    """The bars of a figure: name (and part, where there are several) to number."""
    traces = drawn.figure["data"]
    found = {}
    for trace in traces:
        names, values = (trace["y"], trace["x"]) if trace["orientation"] == "h" else (trace["x"], trace["y"])
        for name, value in zip(names, values, strict=True):
            shown = unescape(name)  # what plotly makes of it
            found[(shown, trace["name"]) if len(traces) > 1 else shown] = value
    return found


def shown_lines(drawn):
    """The lines of a figure: name to points; time in milliseconds since 1970."""
    return {
        trace["name"]: list(zip(numbers(trace["x"]), numbers(trace["y"]), strict=True))
        for trace in drawn.figure["data"]
    }


def numbers(sent):
    return sent if isinstance(sent, list) else [value for (value,) in iter_unpack("d", b64decode(sent["bdata"]))]


def grouped(pairs):
    groups = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups


def sums(pairs):
    return {key: sum(values) for key, values in grouped(pairs).items()}


def means(pairs):
    return {key: fmean(values) for key, values in grouped(pairs).items()}


def largest(values, count=20):
    return dict(sorted(values.items(), key=lambda item: (-item[1], item[0]))[:count])


def ms(moment):
    """Milliseconds since 1970 of a date or of a moment in UTC."""
    full = moment if isinstance(moment, datetime) else datetime(moment.year, moment.month, moment.day)
    return (full.replace(tzinfo=full.tzinfo or UTC)).timestamp() * 1000


def monday(day):
    return day - timedelta(days=day.weekday())


def same(shown, expected):
    assert shown.keys() == expected.keys()
    for key, value in expected.items():
        assert shown[key] == pytest.approx(value, rel=CLOSE), key


def same_line(shown, expected):
    same(dict(shown), {ms(x) if not isinstance(x, int | float) else x: value for x, value in expected.items()})
    assert [x for x, _ in shown] == sorted(x for x, _ in shown)


BARS = {
    "orders": lambda t: largest(sums(t.columns("region", "amount"))),
    "stocks": lambda t: largest(means(t.columns("symbol", "close"))),
    "employees": lambda t: largest(sums(t.columns("department", "salary"))),
    "survey": lambda t: largest(sums(t.columns("age_group", "satisfaction"))),
    "weather": lambda t: largest(
        means((name, value) for name, value in t.columns("station", "temp_max") if value is not None)
    ),
    "requests_served": lambda t: largest(means(t.columns("path", "took_ms"))),
    "cities": lambda t: largest(sums(t.columns("country", "population"))),
    "elections": lambda t: largest(sums(t.columns("party", "votes"))),
    "tickets": lambda t: largest(
        sums((str(urgent).lower(), float(hours)) for urgent, hours in t.columns("urgent", "hours"))
    ),
    "tags": lambda t: largest(Counter(tag or "(none)" for tag in t.column("tag"))),
}


@pytest.mark.parametrize("name", BARS)
def test_bars_of_a_table_are_right_as_the_page_opens(catalog, name_of, tables, name):
    same(shown_bars(draw(BarChart(catalog), name_of(name))), BARS[name](tables[name]))


def test_bars_of_a_table_of_moments_alone_are_steps_of_time(catalog, name_of, tables):
    drawn = draw(BarChart(catalog), name_of("sensors"))
    hours = means(
        (at.replace(minute=0, second=0), value) for at, value in tables["sensors"].columns("measured_at", "temperature")
    )
    same(shown_bars(drawn), {f"{hour:%Y-%m-%d %H:%M}": value for hour, value in hours.items()})


def test_bars_of_a_table_of_numbers_alone_are_bins(catalog, name_of, tables):
    bins = Counter(int(step // 50) * 50 for step in tables["experiment"].column("step"))
    drawn = draw(BarChart(catalog), name_of("experiment"), x="step", measure="*")
    same(shown_bars(drawn), {f"{low:,} – {low + 50:,}": count for low, count in bins.items()})
    assert shown_bars(draw(BarChart(catalog), name_of("experiment")))


def test_line_of_sales_is_put_together_by_the_calendar(catalog, name_of, tables):
    shown = shown_lines(draw(LineChart(catalog), name_of("orders")))
    assert shown.keys() == {"North", "South", "East", "West"}
    for region, points in shown.items():
        weeks = sums(
            (monday(day), amount)
            for day, of, amount in tables["orders"].columns("order_date", "region", "amount")
            if of == region
        )
        same_line(points, weeks)


def test_line_of_one_row_a_moment_shows_each_spike(catalog, name_of, tables):
    (points,) = shown_lines(draw(LineChart(catalog), name_of("sensors"))).values()
    everything = {ms(at): value for at, value in tables["sensors"].columns("measured_at", "temperature")}
    assert len(points) <= 4 * WIDTH
    for at, value in points:
        assert value == everything[at]
    assert {min(everything.values()), max(everything.values())} <= {value for _, value in points}
    assert (points[0][0], points[-1][0]) == (min(everything), max(everything))


@pytest.mark.parametrize(
    ("name", "x", "split", "value"), [("stocks", "date", "symbol", "close"), ("elections", "year", "party", "votes")]
)
def test_lines_of_a_panel_are_its_rows(catalog, name_of, tables, name, x, split, value):
    shown = shown_lines(draw(LineChart(catalog), name_of(name)))
    rows = tables[name].columns(x, split, value)
    assert shown.keys() == {part for _, part, _ in rows}
    for part, points in shown.items():
        same_line(points, {at: number for at, of, number in rows if of == part})


def test_missing_numbers_are_gaps(catalog, name_of, tables):
    shown = shown_lines(draw(LineChart(catalog), name_of("weather")))
    for station, points in shown.items():
        rows = {
            ms(day): value
            for of, day, value in tables["weather"].columns("station", "day", "temp_max")
            if of == station
        }
        assert {at: value for at, value in points if not isnan(value)} == {
            at: value for at, value in rows.items() if value is not None
        }


def test_line_of_events_counts_or_adds_them_up(catalog, name_of, tables):
    shown = shown_lines(draw(LineChart(catalog), name_of("requests_served"), measure="*", split="-", grain="hour"))
    (points,) = shown.values()
    same_line(points, Counter(at.replace(minute=0, second=0) for at in tables["requests_served"].column("at")))


def test_line_of_zoned_moments_is_in_utc(catalog, name_of, tables):
    shown = shown_lines(draw(LineChart(catalog), name_of("tickets"), aggregate="sum", grain="day", split="-"))
    (points,) = shown.values()
    same_line(
        points,
        sums((at.astimezone(UTC).date(), float(hours)) for at, hours in tables["tickets"].columns("created", "hours")),
    )


def test_line_along_a_number(catalog, name_of, tables):
    (points,) = shown_lines(draw(LineChart(catalog), name_of("experiment"))).values()
    same_line(points, dict(tables["experiment"].columns("step", "loss")))


def test_line_over_hiring_dates(catalog, name_of, tables):
    shown = shown_lines(draw(LineChart(catalog), name_of("employees"), split="-", aggregate="sum", grain="month"))
    (points,) = shown.values()
    same_line(points, sums((day.replace(day=1), pay) for day, pay in tables["employees"].columns("hired", "salary")))


@pytest.mark.parametrize("name", ["cities", "survey", "tags"])
def test_table_without_time_has_a_line_too(catalog, name_of, name):
    assert all(shown_lines(draw(LineChart(catalog), name_of(name))).values())


@pytest.mark.parametrize("chart", [BarChart, LineChart])
def test_every_table_opens_with_a_chart(catalog, tables, chart):
    names = [each.name for each in catalog.names()]
    assert len(names) == len(tables)
    for name in names:
        drawn = draw(chart(catalog), name)
        assert drawn.figure["data"], name
        assert drawn.caption
        assert drawn.facts[0] == f"{len(tables[name.partition('.')[0]].rows):,} rows read"
