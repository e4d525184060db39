"""The line chart page: follow one measure over time, or along a number, of any table there is."""

from array import array
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask

from portico import PageApp
from portico.charts.captions import NO_LOG, facts_of, filters_in_words, notes_of, why_empty
from portico.charts.figures import Axis, Figure, Trace, axis, colors_of, dash, empty, figure, margin, marked, value_axis
from portico.charts.form import Form
from portico.charts.numbers import readable
from portico.charts.page import chart_page
from portico.charts.protocol import Drawn, ViewData
from portico.charts.table_form import SEVERAL, TableForm, log_helps, search, usual_split
from portico.data.catalog import open_catalog
from portico.data.columns import FEW, Column, Kind
from portico.data.queries.aggregates import unit_of, weighting, words
from portico.data.queries.grains import GRAINS
from portico.data.queries.lines import (
    EACH,
    LineQuestion,
    Lines,
    each_row_is_a_point,
    find_lines,
    line_data,
)
from portico.data.tables import Catalog, Table

HEIGHT_PX = 520
MOST_TICKS = 8
MOST_MARKERS = 400  # points in all that can be told apart
MOST_YEARS = 6  # that have room below a chart on a phone
MILLISECONDS = 1000
THIN, THICK = 1.25, 2.5  # lines of many points and of few (pixels)

TOPS = {"3": "3", "5": "5", "8": "8", "16": "16"}
RESTS = {"no": "Left out", "yes": "As one line"}
SHOWN = {
    "values": "Values",
    "running": "Running mean",
    "cumulative": "Cumulative",
    "index": "Indexed, first = 100",
}
WINDOWS = {"3": "3 points", "7": "7 points", "12": "12 points", "30": "30 points", "90": "90 points"}


@dataclass(frozen=True)
class LineView:
    """What a reader asked, and how it is drawn."""

    question: LineQuestion
    log: bool
    form: Form


def construct_page(server: Flask) -> Flask:
    """Construct the line chart page on a Flask server and return that server."""
    app = PageApp(__name__, server)
    chart_page(app, LineChart(open_catalog(app.site.settings)))
    return app.server


class LineChart:
    """The lines of a catalog's tables."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def ask(self, form: Form) -> LineView:
        """Ask the controls of a view."""
        asked = TableForm(form, self.catalog, "linechart")
        x = asked.column("x", "Along", usual_x(asked.table), asked.table.drawable())
        measure = asked.measure(not_of=x)
        split = asked.split("A line per", usual_split(asked.table, x), not_of=x)
        aggregate = self._aggregate(asked, x, measure, split)
        grain = asked.grain(x) if x.kind is Kind.TIME and aggregate != EACH else "auto"
        top, rest = self._lines(asked, split)
        shown = asked.one_of("shown", "Shown", "values", SHOWN, group="look")
        window = asked.one_of("window", "Mean of", "7", WINDOWS, group="look") if shown == "running" else "7"
        log = asked.log_scale(shown != "index" and log_helps(measure, aggregate))
        own = (asked.filter(x),) if x.kind is not Kind.CATEGORY else ()
        filters = own + asked.filters(without=x if own else None)
        question = LineQuestion(
            asked.table, x, measure, aggregate, split, filters, grain, top, rest, shown, int(window)
        )
        return LineView(question, log, form)

    def _aggregate(self, asked: TableForm, x: Column, measure: Column | None, split: Column | None) -> str:
        """Ask how the rows of one step become one point; a measurement at a time is a point by itself."""
        if x.kind is Kind.CATEGORY or measure is None or measure.kind is not Kind.NUMBER:
            return asked.aggregate(measure)
        alone = each_row_is_a_point(self.catalog, asked.table, x, split)
        return asked.aggregate(measure, more={EACH: "Each row"}, default=EACH if alone else "")

    def _lines(self, asked: TableForm, split: Column | None) -> tuple[int, bool]:
        if split is None:
            return 8, False
        top = asked.one_of("top", "Lines", "8", TOPS, group="look", visible=True)
        rest = asked.one_of("rest", "All others", "no", RESTS, group="look")
        return int(top), rest == "yes"

    def draw(self, view: LineView, width: int) -> Drawn:
        """Draw the lines of a view."""
        question = view.question
        found = find_lines(self.catalog, question, width)
        facts = facts_of(question.table, found.rows)
        caption = caption_of(question, found)
        if not any(found.points.values()):
            return Drawn(empty(why_empty(question.filters)), caption, facts)
        if found.columns:
            facts.append("lowest and highest of each pixel drawn; zoom in for more")
        if found.more_names:
            facts.append(f"the first {len(found.names)} names drawn")
        fits = not view.log or all(value is None or value > 0 for each in found.points.values() for _, value in each)
        drawn = line_figure(view if fits else replace(view, log=False), found)
        return Drawn(drawn, caption, facts, notes=notes_of(question.table) + ([] if fits else [NO_LOG]))

    def data(self, view: LineView) -> ViewData:
        """Every point of every line of a view."""
        return ViewData(view.question.table, *line_data(self.catalog, view.question))

    def search(self, view: LineView, control: str, text: str) -> dict[str, str]:
        """Options of a long list."""
        return search(self.catalog, view.form, view.question.table, control, text)


def usual_x(table: Table) -> Column:
    """The column along which a reader would expect the line: time, then years, then what leaves a number to measure."""
    numbers = table.of_kind(Kind.NUMBER)
    measures = [each for each in numbers if not each.names_rows]
    along = [each for each in numbers if any(measure is not each for measure in measures)]  # leaves one to measure
    groups = [each for each in table.of_kind(Kind.CATEGORY) if SEVERAL <= (each.distinct or 0) <= FEW]
    steps = [*table.of_kind(Kind.TIME), *table.of_kind(Kind.YEAR)]
    plain = [each for each in along if each in measures]
    return [*steps, *plain, *groups, *along, *numbers, *table.drawable()][0]


def line_figure(view: LineView, found: Lines) -> Figure:
    """Draw the lines that were found."""
    question = view.question
    names = [name for name in found.points if found.points[name]]
    colors, many = colors_of(names), sum(map(len, found.points.values())) > MOST_MARKERS
    ragged = is_ragged(found)
    lines = [line(question, name, place, found, colors[name], many, ragged) for place, name in enumerate(names)]
    values = [value for points in found.points.values() for _, value in points]
    zoomed = f"from.{question.x.name}" in view.form.values
    meta = {"from": f"from.{question.x.name}", "to": f"to.{question.x.name}"} if zoomed else {}
    return figure(
        lines,
        xaxis=x_axis(question, found) | {"fixedrange": not zoomed},
        yaxis=value_axis(title_of(question), values, MOST_TICKS, log=view.log),
        height=HEIGHT_PX,
        margin=margin(legend=question.split is not None),
        hovermode="x unified",
        hoverdistance=-1,  # the point nearest to the pointer, however far
        showlegend=question.split is not None,
        **({"meta": meta} if meta else {}),
    )


def x_axis(question: LineQuestion, found: Lines) -> Axis:
    """The axis along which the lines go."""
    spike: Axis = {"showgrid": False, "spikethickness": 1, "spikedash": "solid"}
    if found.names:
        return axis(
            question.x.title(),
            tickvals=list(range(len(found.names))),
            ticktext=[marked(name) for name in found.names],
            **spike,
        )
    if question.x.kind is Kind.TIME:
        return axis(type="date", **ends(found, MILLISECONDS), **hover_format(found.grain), **spike)
    if question.x.kind is Kind.YEAR:
        return year_axis(found) | spike
    return axis(question.x.title(), type="linear", **ends(found, 1), **spike)


def ends(found: Lines, unit: int) -> Axis:
    """The ends of an axis whose pixels are those to which the lines were reduced."""
    return {"range": [found.low * unit, found.high * unit]} if found.columns else {}


def hover_format(grain: str) -> Axis:
    """How a moment is written beside the pointer: no finer than it is meant."""
    return {"hoverformat": GRAINS[grain].written} if grain in GRAINS else {}


def year_axis(found: Lines) -> Axis:
    """The axis of years: decades, or each year of the data in a short span."""
    years = sorted({int(x) for points in found.points.values() for x, _ in points})
    step = max(1, round((found.high - found.low) / MOST_YEARS / 10)) * 10
    ticks = {"tickvals": years} if len(years) <= MOST_YEARS else {"tick0": 0, "dtick": step}
    return axis(range=[found.low - 1, found.high + 1], tickformat="d", **ticks)


def line(question: LineQuestion, name: str, place: int, found: Lines, color: str, many: bool, ragged: bool) -> Trace:
    """The trace of one line."""
    points = found.points[name]
    factor = MILLISECONDS if question.x.kind is Kind.TIME else 1
    unit = marked(shown_unit(question))
    at = " (%{x})" if ragged else ""  # the nearest point of a line may be of another day than the pointer's
    more: Mapping[str, Any] = (
        {"hovertemplate": f"%{{y:,.5~g}} {unit}{at}"}
        if many
        else {"text": [readable(value) for _, value in points], "hovertemplate": f"%{{text}} {unit}{at}"}
    )
    return {
        "type": "scatter",
        "mode": "lines" if many else "lines+markers",
        "name": marked(name if question.split else title_of(question)),
        "line": {"width": THIN if many else THICK, "color": color, "dash": dash(place)},
        "marker": {"size": 6},
        "x": sent([x * factor for x, _ in points], many),
        "y": sent([value for _, value in points], many),
        "connectgaps": False,
        **more,
    }


def is_ragged(found: Lines) -> bool:
    """Whether the lines have points at different places."""
    if found.names or len(found.points) == 1:
        return False
    return len({tuple(x for x, _ in points) for points in found.points.values()}) > 1


def sent(numbers: Sequence[float | None], packed: bool) -> Any:
    """Numbers as plotly takes them: a list, or (many of them) their bytes, which are shorter and exact."""
    if not packed:
        return numbers
    known = array("d", (float("nan") if each is None else each for each in numbers))
    return {"dtype": "f8", "bdata": b64encode(known.tobytes()).decode("ascii")}


def title_of(question: LineQuestion) -> str:
    """What the heights of the lines are, with the unit."""
    named = words(question.measure, question.aggregate, unique=question.aggregate == EACH)
    if question.shown == "index":
        return f"{named} (first = 100)"
    unit = shown_unit(question)
    return f"{named} ({unit})" if unit else named


def shown_unit(question: LineQuestion) -> str:
    """The unit of the heights; an index has none."""
    return "" if question.shown == "index" else unit_of(question.measure, question.aggregate)


def caption_of(question: LineQuestion, found: Lines) -> str:
    """Say what is drawn, for those who read it and those who hear it."""
    what = words(question.measure, question.aggregate, unique=question.aggregate == EACH)
    weighted = weighting(question.measure, question.aggregate, question.table.columns)
    along = f" by {question.x.label}" if question.x.kind is not Kind.TIME else ""
    step = f", a point per {found.grain}" if found.grain in GRAINS else ""
    step = ", each row a point" if question.aggregate == EACH else step
    split = f", a line per {question.split.label}" if question.split else ""
    largest = "largest" if question.adds_up else "with the most rows"
    cut = f", the {question.top} {largest} of {found.total:,}" if found.total > question.top else ""
    shown = {
        "running": f", running mean of {question.window} points",
        "cumulative": ", summed up from the first",
        "index": ", the first of each line = 100",
    }.get(question.shown, "")
    return f"{what}{weighted}{along}{step}{shown}{split}{cut}{filters_in_words(question.filters)}"
