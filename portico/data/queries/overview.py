"""Overviews: a large table put together once, in steps so fine that what a screen shows is made of whole ones.

The steps divide an hour or a day, so that the calendar's are made of whole ones too; a step holds what
M4 needs (`reduce.py`) and what sums and means need. A line of ten million points is then asked of some
tens of thousands of rows.
"""

from dataclasses import dataclass
from math import ceil, floor

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from portico.data.columns import Column, Kind
from portico.data.queries.aggregates import number_of
from portico.data.queries.grains import DAY_S, GRAINS, moments, seconds_of
from portico.data.queries.reduce import at_greatest, at_least, four_points
from portico.data.query import mark

MICROSECONDS = 1_000_000
MANY_ROWS = 1_000_000  # from here on a table has overviews
MOST_STEPS = 40_000  # some 6 MB in the engine, and a fifth of a question's time to go through
FEWEST_A_COLUMN = 10  # steps; with fewer, the last columns of a chart could stay empty
STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, DAY_S)
AGGREGATES = ("sum", "mean", "min", "max", "count")  # that can be made of steps


@dataclass(frozen=True)
class Overview:
    """An overview of one measure over time.

    Attributes:
        relation: its steps, as `steps_of` makes them, by the name that they have in the engine.
        step: the length of a step in seconds.
        low, high: the first and the last moment (seconds since 1970).
        rows: of the table.
    """

    relation: ir.Table
    step: int
    low: float
    high: float
    rows: int

    def has_whole(self, grain: str) -> bool:
        """Say whether each step of the calendar is made of whole ones."""
        length = min(GRAINS[grain].seconds, DAY_S)
        return length % self.step == 0

    def columns_of(self, width: int) -> tuple[float, float] | None:
        """The ends of an axis whose pixel columns are made of whole steps; None where these are too coarse."""
        each = (self.high - self.low) / width / self.step
        if each < FEWEST_A_COLUMN:
            return None
        low = floor(self.low / self.step) * self.step
        whole = ceil((self.high - low) / width / self.step) * self.step
        return low, low + width * whole


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]  # ibis ships no types
def make_timestamp(microseconds: int) -> dt.timestamp:
    """DuckDB's: the moment some microseconds after 1970. What Ibis writes for it has a zone, and takes ten times as long."""
    raise NotImplementedError  # the engine has it


def step_for(low: float, high: float) -> int | None:
    """The finest step of which not too many lie in a span of seconds; None where all are too fine."""
    return next((step for step in STEPS_S if (high - low) / step <= MOST_STEPS), None)


def suits(x: Column, measure: Column | None, aggregate: str, each: str) -> bool:
    """Say whether a question about these can be answered from an overview."""
    if x.kind is not Kind.TIME or measure is None or measure.kind is not Kind.NUMBER:
        return False
    return aggregate == each or (aggregate in AGGREGATES and not (aggregate == "mean" and measure.weight))


def overview_steps(relation: ir.Table, x: Column, measure: Column, step: int, dialect: str) -> ir.Table:
    """The steps of an overview: each with its first, lowest, highest and last point, their sum and how many there are."""
    points = relation.select(x=seconds_of(moments(relation, x)), value=number_of(relation, measure))
    points = points.filter(points.x.notnull())
    placed = points.mutate(
        place=(points.x / step).floor().cast("int64"),
        at=ibis.ifelse(points.value.notnull(), points.x, ibis.null("float64")),  # a step may have rows and no value
    )
    at, value = placed["at"], placed.value
    return placed.group_by("place").agg(**four_points(at, value, dialect), total=value.sum(), known=value.count())


def reduced_again(steps: ir.Table, step: int, dialect: str) -> ir.Table:
    """The points of a line as `reduced` gives them, made of steps; marks `low` and `width` are a column's (seconds)."""
    place = ((steps.place * step - mark("low", "float64")) / mark("width", "float64")).floor()
    placed = steps.filter(steps.known > 0).mutate(column=place)
    return placed.group_by("column").agg(
        first_x=placed.first_x.min(),
        first=at_least(placed["first"], placed.first_x, dialect),
        lowest_x=at_least(placed.lowest_x, placed.lowest, dialect),
        lowest=placed.lowest.min(),
        highest_x=at_greatest(placed.highest_x, placed.highest, dialect),
        highest=placed.highest.max(),
        last_x=placed.last_x.max(),
        last=at_greatest(placed["last"], placed.last_x, dialect),
    )


def put_together(steps: ir.Table, step: int, grain: str, aggregate: str) -> ir.Table:
    """The points of a line by the calendar, made of steps: `x` (seconds since 1970) and `value`."""
    moment = make_timestamp(steps.place * (step * MICROSECONDS))
    by_grain = steps.mutate(x=seconds_of(moment.truncate(GRAINS[grain].unit)))
    value = {
        "sum": by_grain.total.sum(),
        "mean": by_grain.total.sum() / by_grain.known.sum(),
        "min": by_grain.lowest.min(),
        "max": by_grain.highest.max(),
        "count": by_grain.known.sum(),
    }[aggregate]
    return by_grain.group_by("x").agg(value=value).order_by("x")
