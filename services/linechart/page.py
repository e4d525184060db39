"""The line chart page: follow one measure over time, a line per continent or country."""

import ibis
from dash import html
from flask import Flask

from portico import PageApp
from portico.controls import chart_page, choice, dropdown, keep_drawn, picker, span
from portico.data.gapminder import CONTINENTS, MEASURES, TABLE, YEARS, Measure, countries, sample
from portico.figures import CONTINENT_COLORS, Axis, Figure, Trace, axis, color, dash, empty, figure, value_axis
from portico.numbers import readable
from portico.view import AnyOf, OneOf, RuledOut, Span, View, address_arguments

HEIGHT_PX = 520
MOST_TICKS = 8
MOST_YEARS = 6  # that have room below a chart on a phone
LINES_UNASKED = 6  # countries that are drawn while none is chosen: more could not be told apart

MEASURE = OneOf("measure", "lifeExp", {name: measure.label for name, measure in MEASURES.items()})
BY = OneOf("by", "continent", {"continent": "Continents", "country": "Countries"})
SCALE = OneOf("scale", "linear", {"linear": "Linear", "log": "Logarithmic"})
NO_LOG = RuledOut(SCALE.name, "log", MEASURE.name, tuple(name for name, what in MEASURES.items() if not what.log_helps))
WHEN = Span("years", [YEARS[0], YEARS[-1]], YEARS)
CONTINENT = AnyOf("continent", [], CONTINENTS)

Point = tuple[str, int, float]  # line, year, value


def construct_page(server: Flask) -> Flask:
    """Construct the line chart page on a Flask server and return that server."""
    app = PageApp(__name__, server)
    country = AnyOf("country", [], countries())
    view = View((MEASURE, BY, SCALE, WHEN, CONTINENT, country), (NO_LOG,))

    def layout() -> html.Div:
        reading = view.read(address_arguments())
        chosen = reading.values
        drawn, caption = draw_lines(**chosen)
        controls = [
            dropdown(MEASURE, "Measure", chosen["measure"]),
            choice(BY, "Lines", chosen["by"]),
            choice(SCALE, "Scale", chosen["scale"], view.ruled_out(SCALE.name, chosen)),
            picker(CONTINENT, "Continents", chosen["continent"], "All continents"),
            picker(country, "Countries", chosen["country"], f"All (as lines: the {LINES_UNASKED} largest)"),
            span(WHEN, "Years", chosen["years"]),
        ]
        return chart_page(controls, reading.problems, drawn, caption)

    app.layout = layout
    keep_drawn(app, view, draw_lines)
    return app.server


def draw_lines(
    measure: str, by: str, scale: str, years: list[int], continent: list[str], country: list[str]
) -> tuple[Figure, str]:
    """Draw the lines of a view: the figure and its caption."""
    what = MEASURES[measure]
    points = points_of_lines(what, by, years, continent, country)
    if not points:
        return empty("No country is in both the continents and the countries chosen."), what.label
    names = list(dict.fromkeys(name for name, _, _ in points))
    drawn = figure(
        [line(index, name, points, what, by) for index, name in enumerate(names)],
        xaxis=year_axis(years),
        yaxis=value_axis(what.title(), [value for _, _, value in points], MOST_TICKS, log=scale == "log"),
        height=HEIGHT_PX,
        hovermode="x unified",
        hoverdistance=-1,  # the year nearest to the pointer, however far
    )
    return drawn, caption_of(what, by, years, len(names), bool(country))


def year_axis(years: list[int]) -> Axis:
    """The axis of time: decades, or each year of the data in a short span."""
    first, last = years
    shown = [year for year in YEARS if first <= year <= last]
    ticks = {"tickvals": shown} if len(shown) <= MOST_YEARS else {"tick0": 0, "dtick": 10}
    return axis(range=[first - 1, last + 1], showgrid=False, spikethickness=1, spikedash="solid", **ticks)


def points_of_lines(what: Measure, by: str, years: list[int], continent: list[str], country: list[str]) -> list[Point]:
    """Return the points of all lines, the line with the largest last value first, each in order of time."""
    rows = TABLE.filter(TABLE.year.between(*years))
    if continent:
        rows = rows.filter(rows.continent.isin(continent))
    if country:
        rows = rows.filter(rows.country.isin(country))
    if by == "country" and not country:
        rows = rows.filter(rows.country.isin(largest_countries(continent)))
    points = rows.group_by(name=rows[by], year=rows.year).agg(value=what.of_group(rows))
    last = points.value.argmax(points.year).over(group_by=points.name)
    ordered = points.mutate(last=last).order_by(ibis.desc("last"), "name", "year")
    return [(name, year, value) for name, year, value, _ in sample().rows(ordered)]


def largest_countries(continent: list[str]) -> list[str]:
    """The countries with most people in the last year, of some continents or of all."""
    rows = TABLE.filter(TABLE.year == YEARS[-1])
    if continent:
        rows = rows.filter(rows.continent.isin(continent))
    largest = rows.order_by(ibis.desc("pop")).limit(LINES_UNASKED).select("country")
    return [name for (name,) in sample().rows(largest)]


def line(index: int, name: str, points: list[Point], what: Measure, by: str) -> Trace:
    """The trace of one line."""
    own = [(year, value) for of, year, value in points if of == name]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "line": {
            "width": 2.5,
            "color": CONTINENT_COLORS[name] if by == "continent" else color(index),
            "dash": "solid" if by == "continent" else dash(index),
        },
        "marker": {"size": 6},
        "x": [year for year, _ in own],
        "y": [value for _, value in own],
        "text": [readable(value) for _, value in own],
        "hovertemplate": f"%{{text}} {what.unit}",
    }


def caption_of(what: Measure, by: str, years: list[int], shown: int, chosen: bool) -> str:
    """Say what is drawn, for those who read it and those who hear it."""
    groups = {"country": "country", "continent": f"continent ({what.combined})"}[by]
    largest = f", the {shown} with most people" if by == "country" and not chosen else ""
    return f"{what.label} by {groups}, {years[0]} to {years[1]}{largest}"
