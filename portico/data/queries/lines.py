"""The query behind a line chart: one measure over time or along a number, a line for each part."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from portico.data.columns import Column, Kind
from portico.data.queries.aggregates import number_of, value_of
from portico.data.queries.filters import EMPTY, NONE, text_of
from portico.data.queries.grains import FIRST_S, GRAINS, LAST_S, finest, moments, seconds_of, steps_of
from portico.data.queries.overview import Overview, put_together, reduced_again, suits
from portico.data.queries.parts import (
    Asking,
    Parts,
    Question,
    Span,
    finite,
    largest_parts,
    measured,
    named,
    part_of,
    span_of,
)
from portico.data.queries.reduce import Point, points_in, points_of, reduced
from portico.data.query import Values, mark
from portico.data.tables import Catalog, Table

VALUE = "value"  # in the place of a grain: the rows of one x are a point
EACH = "each"  # in the place of an aggregate: each row is a point
MOST_STEPS = 400  # of time that are drawn unless a finer grain is asked for
MOST_POINTS_PER_COLUMN = 4
MOST_CATEGORIES = 500  # names along which lines go
NEARLY_ALL = 0.9  # of the first rows: from here on each is taken for a point of its own
COLUMNS_OF_ALL_LINES = 2  # times the width of the chart; more lines share them


@dataclass(frozen=True)
class LineQuestion(Question):
    """What a reader wants to see as lines; `top` are those with the most rows.

    Attributes:
        aggregate: how the rows of one step become one point, "each" for each row as a point.
        shown: "values", "running" (mean of some points), "cumulative" or "index" (the first is 100).
        window: points of a running mean.
    """

    shown: str = "values"
    window: int = 7


@dataclass(frozen=True)
class Lines:
    """The lines of a question: the points of each part, in the order of x.

    x is in seconds since 1970 where it is time, a place in `names` where it is a category. `rows` is how
    many rows were read, `total` how many parts there are, `columns` the pixel columns to which each line
    was reduced (None where every point is here), `more_names` whether there are names that are left out.
    """

    points: dict[str, list[Point]]
    rows: int
    total: int
    grain: str = ""
    names: tuple[str, ...] = ()
    more_names: bool = False
    columns: int | None = None
    low: float = 0
    high: float = 0


def find_lines(catalog: Catalog, question: LineQuestion, width: int) -> Lines:
    """Work out the lines of a question for a chart of some width in pixels."""
    asking = Asking(catalog, question)
    parts = largest_parts(asking, question, question.top)
    if question.x.kind is Kind.CATEGORY:
        return _along_categories(asking, question, parts)
    overview = _overview(catalog, question)
    span = Span(overview.low, overview.high, overview.rows) if overview else span_of(asking, question.x)
    grain = grain_of(question, span)
    lines = _from_overview(asking, question, overview, span, grain, width) if overview else None
    if lines is not None:
        return lines

    def points() -> ir.Table:
        return _points(question, asking.relation, grain, parts, span.finite)

    step, lines_drawn = (grain, parts.shape, span.finite), max(1, len(parts.names))
    if min(span.rows, steps_in(span, grain) * lines_drawn) <= MOST_POINTS_PER_COLUMN * width:
        return Lines(
            _all_points(asking, question, step, points),
            span.rows,
            parts.total,
            grain,
            low=span.low,
            high=span.high,
        )
    columns = min(width, max(1, COLUMNS_OF_ALL_LINES * width // lines_drawn))
    found = _reduced_points(asking, question, step, points, span, columns)
    return Lines(found, span.rows, parts.total, grain, columns=columns, low=span.low, high=span.high)


def line_data(catalog: Catalog, question: LineQuestion) -> tuple[ir.Table, Values]:
    """The data of a question: every point of every line that is shown."""
    asking = Asking(catalog, question)
    parts = largest_parts(asking, question, question.top)
    grain = VALUE
    if question.x.kind is not Kind.CATEGORY:
        grain = grain_of(question, span_of(asking, question.x))
    points = _points(question, asking.relation, grain, parts, finite=True, take_away=True).rename(number="value")
    keys = {question.x.name: "x"} | ({question.split.name: "part"} if question.split else {})
    taken = points.select(**named(points, keys, question.measure, question.aggregate))
    # Each row as it is, as the table has them: to sort ten million takes more memory than there is for a query.
    return (taken if question.aggregate == EACH else taken.order_by([*keys][::-1])), asking.values


def grain_of(question: LineQuestion, span: Span) -> str:
    """The step in which rows are put together: what was asked for, or what fits the span of time."""
    if question.x.kind is not Kind.TIME or question.aggregate == EACH:
        return VALUE
    return finest(question.x, span.high - span.low, MOST_STEPS) if question.grain == "auto" else question.grain


def steps_in(span: Span, grain: str) -> float:
    """How many steps of the calendar lie in a span; without end where nothing is put together by it."""
    return (span.high - span.low) / GRAINS[grain].seconds + 2 if grain in GRAINS else float("inf")


def each_row_is_a_point(catalog: Catalog, table: Table, x: Column, split: Column | None) -> bool:
    """Say whether nearly every of the first rows has an x of its own on its line, as what is measured has."""
    if x.facts is None or not x.facts.known:
        return False
    enough = NEARLY_ALL * x.facts.known
    if split is None or x.facts.distinct >= enough or x.facts.distinct * (split.distinct or 1) < enough:
        return x.facts.distinct >= enough
    first = table.relation.limit(x.facts.rows).select(x=x.name, part=split.name).distinct()
    ((distinct,),) = catalog.rows(Values().query(first.agg(distinct=first.count()), catalog.dialect))
    return bool(distinct >= enough)


def _points(
    question: LineQuestion, relation: ir.Table, grain: str, parts: Parts, finite: bool, take_away: bool = False
) -> ir.Table:
    """The points of all lines: `part`, `x` and `value`; x is a number unless it is to be taken away."""
    base = relation.select(
        part=part_of(relation, question.split, parts, question.rest),
        x=_x(question, relation, grain, take_away),
        **measured(relation, question.table, question.measure, question.aggregate),
    )
    if not finite:
        base = base.filter(base.x.between(FIRST_S, LAST_S))
    if question.split is not None:
        base = base.filter(base.part.notnull())
    if question.aggregate != EACH:
        base = base.group_by(["part", "x"]).agg(value=value_of(base, question.aggregate))
    return shown_as(base.select("part", "x", "value"), question.shown, question.window)


def _x(question: LineQuestion, relation: ir.Table, grain: str, take_away: bool) -> ir.Value:
    x = question.x
    if x.kind is Kind.CATEGORY:
        return text_of(relation, x).fill_null(NONE)
    if x.kind is not Kind.TIME:
        return relation[x.name] if take_away else number_of(relation, x)
    moment = steps_of(relation, x, grain) if grain in GRAINS else moments(relation, x)
    return moment if take_away else seconds_of(moment)


def shown_as(points: ir.Table, shown: str, window: int) -> ir.Table:
    """The points of each line as they are shown: as they are, smoothed, summed up or relative to the first."""
    value, along = points["value"], {"group_by": "part", "order_by": "x"}
    match shown:
        case "running":
            value = value.mean().over(ibis.window(preceding=window - 1, following=0, **along))
        case "cumulative":
            value = value.sum().over(ibis.cumulative_window(**along))
        case "index":
            points = points.filter(value.notnull())
            value = points["value"] / points["value"].first().over(ibis.cumulative_window(**along)).nullif(0) * 100
    return points.mutate(value=value)


def _all_points(
    asking: Asking, question: LineQuestion, step: Hashable, points: Callable[[], ir.Table]
) -> dict[str, list[Point]]:
    def build() -> ir.Table:
        every = points()
        return every.filter(every.x.notnull()).order_by(["part", "x"])

    found: dict[str, list[Point]] = {}
    for part, x, value in asking.rows(("points", step), build):
        found.setdefault(question.name_of(part), []).append((x, finite(value)))
    return found


def _reduced_points(
    asking: Asking, question: LineQuestion, step: Hashable, points: Callable[[], ir.Table], span: Span, columns: int
) -> dict[str, list[Point]]:
    asking.values.bound |= {"low": float(span.low), "high": float(span.high), "columns": columns}

    def build() -> ir.Table:
        every = points()
        known = every.filter(every.x.notnull(), every.value.notnull())
        return reduced(known, mark("low", "float64"), mark("high", "float64"), mark("columns", "int64"), asking.dialect)

    found = points_of(asking.rows(("reduced", step), build))
    return {question.name_of(part): points for part, points in found.items()}


def _overview(catalog: Catalog, question: LineQuestion) -> Overview | None:
    """The overview from which a question can be answered; None where it asks for more than that has."""
    whole = question.split is None and question.shown == "values"
    if not whole or any(each.says_something() for each in question.filters):
        return None
    measure = question.measure
    if measure is None or not suits(question.x, measure, question.aggregate, each=EACH):
        return None
    return catalog.overview(question.table, question.x, measure)


def _from_overview(
    asking: Asking, question: LineQuestion, overview: Overview, span: Span, grain: str, width: int
) -> Lines | None:
    """Work a question out from an overview; None where its steps do not fit."""
    steps, step, name = overview.relation, overview.step, overview.relation.get_name()  # another when it is made anew
    if grain in GRAINS:
        if not overview.has_whole(grain) or steps_in(span, grain) > MOST_POINTS_PER_COLUMN * width:
            return None
        points = asking.rows(("overview", name, grain), lambda: put_together(steps, step, grain, question.aggregate))
        return Lines({"": points}, overview.rows, 1, grain, low=overview.low, high=overview.high)
    ends = overview.columns_of(width)
    if ends is None:
        return None
    low, high = ends
    asking.values.bound |= {"low": low, "width": (high - low) / width}
    rows = asking.rows(("overview", name), lambda: reduced_again(steps, step, asking.dialect))
    found = points_in(ends for _, *ends in rows)
    return Lines({"": found}, overview.rows, 1, grain, columns=width, low=low, high=high)


def _along_categories(asking: Asking, question: LineQuestion, parts: Parts) -> Lines:
    """Lines over the values of a column that has no distance: one step each, in order of the alphabet."""
    ((rows,),) = asking.rows("rows", lambda: asking.relation.agg(rows=asking.relation.count()))
    lines_drawn = len(parts.names) + (question.rest and not parts.complete)
    # Rows: all of the names that are drawn, and one of the next if there is one.
    most = MOST_CATEGORIES * lines_drawn + 1

    def build() -> ir.Table:
        return _points(question, asking.relation, VALUE, parts, finite=True).order_by(["x", "part"]).limit(most)

    found = asking.rows(("categories", parts.shape, most), build)
    names = [*dict.fromkeys(name for _, name, _ in found)]
    places = {name: place for place, name in enumerate(names[:MOST_CATEGORIES])}
    lines: dict[str, list[Point]] = {}
    for part, name, value in found:
        if name in places:
            lines.setdefault(question.name_of(part), []).append((places[name], finite(value)))
    more = len(names) > len(places)
    return Lines(lines, rows, parts.total, names=tuple(name or EMPTY for name in places), more_names=more)
