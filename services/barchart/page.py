"""The bar chart page: compare one measure across continents or countries in one year."""

from typing import Any

import ibis
from dash import Output, html
from flask import Flask

from portico import PageApp
from portico.controls import chart_page, choice, dropdown, options, picker, step
from portico.data.gapminder import CONTINENTS, MEASURES, TABLE, YEARS, Measure, countries, sample
from portico.figures import CONTINENT_COLORS, Figure, Trace, axis, empty, figure
from portico.numbers import readable
from portico.view import AnyOf, OneOf, Step, View, address_arguments

ROW_HEIGHT_PX = 26
FRAME_HEIGHT_PX = 110  # legend, axis and its title
ALL = "all"

MEASURE = OneOf("measure", "pop", {name: measure.label for name, measure in MEASURES.items()})
BY = OneOf("by", "country", {"country": "Countries", "continent": "Continents"})
TOP = OneOf("top", "20", {"10": "10", "20": "20", "50": "50", ALL: "All"})
ORDER = OneOf("order", "value", {"value": "By value", "name": "By name"})
SCALE = OneOf("scale", "linear", {"linear": "Linear", "log": "Logarithmic"})
YEAR = Step("year", YEARS[-1], YEARS)
CONTINENT = AnyOf("continent", [], CONTINENTS)

Bar = tuple[str, str, float]  # name, continent, value


def construct_page(server: Flask) -> Flask:
    """Construct the bar chart page on a Flask server and return that server."""
    app = PageApp(__name__, server)
    country = AnyOf("country", [], countries())
    view = View((MEASURE, BY, TOP, ORDER, SCALE, YEAR, CONTINENT, country))

    def layout() -> html.Div:
        reading = view.read(address_arguments())
        chosen = reading.values
        drawn, caption = draw_bars(**chosen)
        controls = [
            dropdown(MEASURE, "Measure", chosen["measure"]),
            choice(BY, "Bars", chosen["by"]),
            choice(TOP, "Show the largest", chosen["top"]),
            choice(ORDER, "Order", chosen["order"]),
            choice(SCALE, "Scale", chosen["scale"], useless_scales(chosen["measure"])),
            picker(CONTINENT, "Continents", chosen["continent"], "All continents"),
            picker(country, "Countries", chosen["country"], "All countries"),
            step(YEAR, "Year", chosen["year"]),
        ]
        return chart_page(controls, reading.problems, drawn, caption)

    def update(*values: Any) -> tuple[Figure, str, list[dict[str, Any]]]:
        chosen = view.check(values)
        return *draw_bars(**chosen), options(SCALE, useless_scales(chosen["measure"]))

    app.layout = layout
    app.callback(
        Output("chart", "figure"),
        Output("caption", "children"),
        Output("scale", "options"),
        view.inputs(),
        prevent_initial_call=True,
    )(update)
    app.keep_in_address(view)
    return app.server


def useless_scales(measure: str) -> tuple[str, ...]:
    """The scales that would hide more than they show."""
    return () if MEASURES[measure].log_helps else ("log",)


def draw_bars(
    measure: str, by: str, top: str, order: str, scale: str, year: int, continent: list[str], country: list[str]
) -> tuple[Figure, str]:
    """Draw the bars of a view: the figure and its caption."""
    what = MEASURES[measure]
    largest, total = largest_bars(what, by, None if top == ALL else int(top), year, continent, country)
    if not largest:
        return empty("No country is in both the continents and the countries chosen."), f"{what.label} in {year}"
    bars = sorted(largest) if order == "name" else largest
    kind = "log" if scale == "log" and what.log_helps else "linear"
    drawn = figure(
        traces_by_continent(bars, what, named=by == "country"),
        xaxis=axis(what.title(), type=kind, side="top", fixedrange=True),
        yaxis=axis(
            categoryorder="array", categoryarray=[name for name, _, _ in bars], autorange="reversed", fixedrange=True
        ),
        height=FRAME_HEIGHT_PX + ROW_HEIGHT_PX * len(bars),
        bargap=0.25,
    )
    return drawn, caption_of(what, by, year, len(bars), total)


def largest_bars(
    what: Measure, by: str, top: int | None, year: int, continent: list[str], country: list[str]
) -> tuple[list[Bar], int]:
    """Return the largest bars, largest first, and how many there are in all."""
    rows = TABLE.filter(TABLE.year == year)
    if continent:
        rows = rows.filter(rows.continent.isin(continent))
    if country:
        rows = rows.filter(rows.country.isin(country))
    groups = rows.group_by(name=rows[by], continent=rows.continent).agg(value=what.of_group(rows))
    counted = groups.mutate(total=groups.count().over()).order_by(ibis.desc("value"), "name")
    found = sample().rows(counted if top is None else counted.limit(top))
    return [(name, of, value) for name, of, value, _ in found], found[0][-1] if found else 0


def traces_by_continent(bars: list[Bar], what: Measure, named: bool) -> list[Trace]:
    """A trace for each continent, so that the legend is the key of the colours; `named` shows it."""
    return [
        {
            "type": "bar",
            "orientation": "h",
            "name": continent,
            "showlegend": named,
            "marker": {"color": CONTINENT_COLORS[continent]},
            "y": [name for name, of, _ in bars if of == continent],
            "x": [value for _, of, value in bars if of == continent],
            "text": [readable(value) for _, of, value in bars if of == continent],
            "textposition": "outside",
            "cliponaxis": False,
            "hovertemplate": f"<b>%{{y}}</b><br>{what.label}: %{{text}} {what.unit}<extra></extra>",
        }
        for continent in sorted({of for _, of, _ in bars})
    ]


def caption_of(what: Measure, by: str, year: int, shown: int, total: int) -> str:
    """Say what is drawn, for those who read it and those who hear it."""
    groups = {"country": "country", "continent": f"continent ({what.combined})"}[by]
    of_all = f", the {shown} largest of {total}" if shown < total else ""
    return f"{what.label} by {groups} in {year}{of_all}"
