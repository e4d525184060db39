"""The bar chart page: compare one measure across the values of a column, of any table there is."""

from dataclasses import dataclass, replace

from flask import Flask

from portico import PageApp
from portico.charts.captions import NO_LOG, facts_of, filters_in_words, notes_of, why_empty
from portico.charts.figures import Axis, Figure, Trace, axis, colors_of, empty, figure, margin, marked, value_axis
from portico.charts.form import Form
from portico.charts.numbers import readable
from portico.charts.page import chart_page
from portico.charts.protocol import Drawn, ViewData
from portico.charts.table_form import TableForm, log_helps, search
from portico.data.catalog import open_catalog
from portico.data.columns import FEW, Column, Kind
from portico.data.queries.aggregates import AGGREGATES, unit_of, weighting, words
from portico.data.queries.bars import Bar, BarQuestion, Bars, bar_data, find_bars
from portico.data.tables import Catalog, Table

ROW_HEIGHT_PX = 26
FRAME_HEIGHT_PX = 60  # the axis and its title
LEGEND_HEIGHT_PX, LEGEND_ROW_PX = 40, 20
SHORT_PART = 9  # characters: two such beside each other in the legend on a phone
COLUMNS_HEIGHT_PX = 460
LABEL_WIDTH_PX = 60  # beside the longest bar
MOST_TICKS = 5  # each bar has its value beside it
MOST_NAMES, MOST_LONG_NAMES = 12, 6  # below upright bars
LONGEST_NAME = 22  # characters beside a lying bar: more would be cut off on a phone
SHORT = 8  # characters of a name
MOST_LABELLED = 16  # upright bars that have room for their values
USUAL_BARS = 200  # different values of a column that makes a chart at once

TOPS = {"10": "10", "20": "20", "50": "50", "100": "100", "200": "200"}
ORDERS = {"value": "By value", "name": "By name"}
STYLES = {"stacked": "Stacked", "grouped": "Grouped", "share": "Share"}
RESTS = {"no": "Left out", "yes": "As one bar"}


@dataclass(frozen=True)
class BarView:
    """What a reader asked, and how it is drawn."""

    question: BarQuestion
    style: str
    order: str
    log: bool
    form: Form


def construct_page(server: Flask) -> Flask:
    """Construct the bar chart page on a Flask server and return that server."""
    app = PageApp(__name__, server)
    chart_page(app, BarChart(open_catalog(app.site.settings)))
    return app.server


class BarChart:
    """The bars of a catalog's tables."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def ask(self, form: Form) -> BarView:
        """Ask the controls of a view."""
        asked = TableForm(form, self.catalog, "barchart")
        x = asked.column("x", "Bars", usual_bars(asked.table), asked.table.drawable())
        grain = asked.grain(x) if x.kind is Kind.TIME else "auto"
        measure = asked.measure(not_of=x)
        aggregate = asked.aggregate(measure)
        split = asked.split("Split by", None, not_of=x)
        style = self._style(asked, measure, aggregate, split)
        ordered = x.kind in (Kind.TIME, Kind.YEAR, Kind.NUMBER)
        top = "200" if ordered else asked.one_of("top", "Largest", "20", TOPS, group="look")
        rest = not ordered and asked.one_of("rest", "All others", "no", RESTS, group="look") == "yes"
        order = "name" if ordered else asked.one_of("order", "Order", "value", ORDERS, group="look", visible=True)
        log = asked.log_scale(style != "share" and split is None and log_helps(measure, aggregate))
        question = BarQuestion(
            asked.table, x, measure, aggregate, split, asked.filters(), grain, top=int(top), rest=rest
        )
        return BarView(question, style, order, log, form)

    def _style(self, asked: TableForm, measure: Column | None, aggregate: str, split: Column | None) -> str:
        if split is None or not AGGREGATES[aggregate].adds_up:
            return "grouped"
        shares = aggregate == "count" or (measure is not None and measure.never_negative)
        styles = {name: label for name, label in STYLES.items() if name != "share" or shares}
        return asked.one_of("style", "Parts", "stacked", styles, group="look", visible=True)

    def draw(self, view: BarView, width: int) -> Drawn:  # noqa: ARG002 - bars are as many at any width
        """Draw the bars of a view."""
        question = view.question
        found = find_bars(self.catalog, question)
        facts = facts_of(question.table, found.rows)
        if not found.rows:
            return Drawn(empty(why_empty(question.filters)), caption_of(view, found), facts)
        fits = not view.log or all(bar.value is None or bar.value > 0 for bar in found.bars)
        drawn = bar_figure(view if fits else replace(view, log=False), found)
        return Drawn(drawn, caption_of(view, found), facts, notes=notes_of(question.table) + ([] if fits else [NO_LOG]))

    def data(self, view: BarView) -> ViewData:
        """All bars of a view, however many."""
        return ViewData(view.question.table, *bar_data(self.catalog, view.question))

    def search(self, view: BarView, control: str, text: str) -> dict[str, str]:
        """Options of a long list."""
        return search(self.catalog, view.form, view.question.table, control, text)


def usual_bars(table: Table) -> Column:
    """The column that a reader would expect as bars: of not too many different values, rather text than time."""
    among = table.drawable()
    texts = [each for each in among if each.kind is Kind.CATEGORY and (each.distinct or 0) > 1]
    few = [each for each in texts if (each.distinct or 0) <= FEW]
    some = [each for each in texts if (each.distinct or 0) <= USUAL_BARS]
    steps = [each for each in among if each.kind in (Kind.TIME, Kind.YEAR)]
    numbers = [each for each in among if each.kind is Kind.NUMBER and not each.names_rows]
    return next(iter([*few, *some, *steps, *texts, *numbers, *among]))


def bar_figure(view: BarView, found: Bars) -> Figure:
    """Draw the bars that were found: lying for names, upright for what has an order of its own."""
    upright = view.question.in_order
    plain = sorted(found.names) if view.order == "name" and not upright else found.names
    names = [marked(name) for name in plain]
    share = view.style == "share"
    parts = _shares(found) if share else found.bars
    lengths = _totals(parts) if view.style in ("stacked", "share") else [bar.value for bar in parts]
    measure = "Share of the total (%)" if share else title_of(view.question)
    values = value_axis(measure, lengths, MOST_TICKS, log=view.log, bars=True)
    categories = axis(
        view.question.x.title() if upright else "",
        type="category",
        categoryorder="array",
        categoryarray=names,
        showgrid=False,
        **(ticks_of(names) if upright else {"autorange": "reversed"} | short_names(plain)),
    )
    several = len(found.parts)
    labelled = not upright and _labelled(found, parts, upright)
    rows = len(names) * (several if view.style == "grouped" and several > 1 else 1)
    return figure(
        _traces(view, found, parts, upright),
        **_axes(values, categories, upright),
        height=COLUMNS_HEIGHT_PX
        if upright
        else FRAME_HEIGHT_PX + legend_height(found.parts) + max(ROW_HEIGHT_PX * len(names), 16 * rows, 80),
        margin=margin(legend=several > 1, right=LABEL_WIDTH_PX if labelled else 0),
        barmode="group" if view.style == "grouped" else "relative",  # what is below zero is stacked downwards
        bargap=0.25,
        showlegend=several > 1,
    )


def legend_height(parts: list[str]) -> int:
    """The height of a legend where it is highest: on a phone."""
    if len(parts) < 2:  # noqa: PLR2004 - one part needs none
        return 0
    beside = 2 if max(map(len, parts)) <= SHORT_PART else 1
    return LEGEND_HEIGHT_PX + LEGEND_ROW_PX * -(-len(parts) // beside)


def short_names(names: list[str]) -> Axis:
    """What stands beside lying bars: names cut so that bars have room; the whole one stands beside the pointer."""
    if max(map(len, names)) <= LONGEST_NAME:
        return {}
    return {
        "tickvals": [marked(name) for name in names],
        "ticktext": [
            marked(name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1].rstrip()}…") for name in names
        ],
    }


def ticks_of(names: list[str]) -> Axis:
    """The names that have room below upright bars: every nth."""
    room = MOST_NAMES if max(map(len, names)) <= SHORT else MOST_LONG_NAMES
    return {"tickvals": names[:: -(-len(names) // room)]}


def _axes(values: Axis, categories: Axis, upright: bool) -> dict[str, Axis]:
    return {"xaxis": categories, "yaxis": values} if upright else {"xaxis": values, "yaxis": categories}


def _traces(view: BarView, found: Bars, bars: list[Bar], upright: bool) -> list[Trace]:
    colors = colors_of(found.parts)
    labelled = _labelled(found, bars, upright)
    measure, unit = (
        title_of(view.question),
        "%" if view.style == "share" else unit_of(view.question.measure, view.question.aggregate),
    )
    names, lengths = ("x", "y") if upright else ("y", "x")
    return [
        {
            "type": "bar",
            "orientation": "v" if upright else "h",
            "name": marked(part),
            "marker": {"color": colors[part]},
            names: [marked(bar.name) for bar in bars if bar.part == part],
            lengths: [bar.value for bar in bars if bar.part == part],
            "text": [readable(bar.value) for bar in bars if bar.part == part],
            "hovertext": [marked(bar.name) for bar in bars if bar.part == part],
            "textposition": "outside" if labelled else "none",
            "cliponaxis": False,
            "hovertemplate": f"<b>%{{hovertext}}</b>{'<br>' + marked(part) if part else ''}"
            f"<br>{marked(measure)}: %{{text}} {marked(unit)}<extra></extra>",
        }
        for part in found.parts
    ]


def _labelled(found: Bars, bars: list[Bar], upright: bool) -> bool:
    """Whether each bar has room for its value."""
    if upright:
        return len(found.parts) == 1 and len(found.names) <= MOST_LABELLED
    return len(found.parts) == 1 or _one_part_each(bars)


def _one_part_each(bars: list[Bar]) -> bool:
    return len({bar.name for bar in bars}) == len(bars)


def _totals(bars: list[Bar]) -> list[float | None]:
    """The ends of stacked bars, above zero and below."""
    ends: dict[tuple[str, bool], float] = {}
    for bar in bars:
        if bar.value is not None:
            key = (bar.name, bar.value >= 0)
            ends[key] = ends.get(key, 0) + bar.value
    return list(ends.values())


def _shares(found: Bars) -> list[Bar]:
    """The bars in percent of the sum of each name's parts."""
    sums: dict[str, float] = {}
    for bar in found.bars:
        sums[bar.name] = sums.get(bar.name, 0) + abs(bar.value or 0)
    return [Bar(bar.name, bar.part, 100 * (bar.value or 0) / (sums[bar.name] or 1)) for bar in found.bars]


def title_of(question: BarQuestion) -> str:
    """What the lengths of the bars are, with the unit."""
    named = words(question.measure, question.aggregate)
    unit = unit_of(question.measure, question.aggregate)
    return f"{named} ({unit})" if unit else named


def caption_of(view: BarView, found: Bars) -> str:
    """Say what is drawn, for those who read it and those who hear it."""
    question = view.question
    what = words(question.measure, question.aggregate, unique=found.rows == found.total and question.split is None)
    step = f", a bar per {found.grain}" if found.grain else ""
    split = f", split by {question.split.label}" if question.split else ""
    shown = len([name for name in found.names if name])
    which = f"first {question.top}" if question.in_order else f"{question.top} largest"
    cut = f", the {which} of {found.total:,}" if found.total > question.top and shown else ""
    weighted = (
        "" if what == title_of(question) else weighting(question.measure, question.aggregate, question.table.columns)
    )
    return f"{what}{weighted} by {question.x.label}{step}{split}{cut}{filters_in_words(question.filters)}"
