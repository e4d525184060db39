"""The bar chart page: compare one measure across continents or countries in one year."""

import ibis
from dash import html
from flask import Flask

from portico import PageApp
from portico.controls import chart_page, choice, dropdown, keep_drawn, picker, step
from portico.data.gapminder import CONTINENTS, MEASURES, TABLE, YEARS, Measure, countries, sample
from portico.figures import BASE_LAYOUT, CONTINENT_COLORS, Figure, Trace, axis, empty, figure, value_axis
from portico.numbers import readable
from portico.view import AnyOf, OneOf, RuledOut, Step, View, address_arguments

ROW_HEIGHT_PX = 26
FRAME_HEIGHT_PX = 100  # legend, axis and its title
LABEL_WIDTH_PX = 60  # beside the longest bar
MOST_TICKS = 5  # each bar has its value beside it
ALL = "all"

MEASURE = OneOf("measure", "pop", {name: measure.label for name, measure in MEASURES.items()})
BY = OneOf("by", "country", {"country": "Countries", "continent": "Continents"})
TOP = OneOf("top", "20", {"10": "10", "20": "20", "50": "50", ALL: "All"})
ORDER = OneOf("order", "value", {"value": "By value", "name": "By name"})
SCALE = OneOf("scale", "linear", {"linear": "Linear", "log": "Logarithmic"})
NO_LOG = RuledOut(SCALE.name, "log", MEASURE.name, tuple(name for name, what in MEASURES.items() if not what.log_helps))
YEAR = Step("year", YEARS[-1], YEARS)
CONTINENT = AnyOf("continent", [], CONTINENTS)

Bar = tuple[str, str, float]  # name, continent, value


def construct_page(server: Flask) -> Flask:
    """Construct the bar chart page on a Flask server and return that server."""
    app = PageApp(__name__, server)
    country = AnyOf("country", [], countries())
    view = View((MEASURE, BY, TOP, ORDER, SCALE, YEAR, CONTINENT, country), (NO_LOG,))

    def layout() -> html.Div:
        reading = view.read(address_arguments())
        chosen = reading.values
        drawn, caption = draw_bars(**chosen)
        controls = [
            dropdown(MEASURE, "Measure", chosen["measure"]),
            choice(BY, "Bars", chosen["by"]),
            choice(TOP, "Largest", chosen["top"]),
            choice(ORDER, "Order", chosen["order"]),
            choice(SCALE, "Scale", chosen["scale"], view.ruled_out(SCALE.name, chosen)),
            picker(CONTINENT, "Continents", chosen["continent"], "All continents"),
            picker(country, "Countries", chosen["country"], "All countries"),
            step(YEAR, "Year", chosen["year"]),
        ]
        return chart_page(controls, reading.problems, drawn, caption)

    app.layout = layout
    keep_drawn(app, view, draw_bars)
    return app.server


def draw_bars(
    measure: str, by: str, top: str, order: str, scale: str, year: int, continent: list[str], country: list[str]
) -> tuple[Figure, str]:
    """Draw the bars of a view: the figure and its caption."""
    what = MEASURES[measure]
    largest, total = largest_bars(what, by, None if top == ALL else int(top), year, continent, country)
    if not largest:
        return empty("No country is in both the continents and the countries chosen."), f"{what.label} in {year}"
    bars = sorted(largest) if order == "name" else largest
    drawn = figure(
        traces_by_continent(bars, what, named=by == "country"),
        xaxis=value_axis(what.title(), [value for _, _, value in bars], MOST_TICKS, log=scale == "log", bars=True),
        yaxis=axis(
            categoryorder="array", categoryarray=[name for name, _, _ in bars], autorange="reversed", showgrid=False
        ),
        height=FRAME_HEIGHT_PX + ROW_HEIGHT_PX * len(bars),
        margin={**BASE_LAYOUT["margin"], "r": LABEL_WIDTH_PX},
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
