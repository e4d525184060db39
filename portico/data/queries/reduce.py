"""Reduction: a line of any number of points as what a screen can show of it, worked out in the engine.

Of each pixel column the first, the last, the lowest and the highest point are kept. A line through these
covers the same pixels as one through all points, so that every spike stays visible. M4: Jugel et al.,
"M4: A Visualization-Oriented Time Series Data Aggregation", VLDB 2014, https://doi.org/10.14778/2732951.2732953
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import ibis
import ibis.expr.types as ir

if TYPE_CHECKING:
    from portico.data.tables import Row

Point = tuple[float, float | None]


@ibis.udf.agg.builtin  # type: ignore[untyped-decorator]  # ibis ships no types
def arg_min(argument: float, value: float) -> float:
    """DuckDB's: the argument where the value is least. What Ibis writes for it sorts instead."""
    raise NotImplementedError  # the engine has it


@ibis.udf.agg.builtin  # type: ignore[untyped-decorator]  # ibis ships no types
def arg_max(argument: float, value: float) -> float:
    """DuckDB's: the argument where the value is greatest."""
    raise NotImplementedError  # the engine has it


def at_least(argument: ir.FloatingColumn, value: ir.FloatingColumn, dialect: str) -> ir.FloatingScalar:
    return arg_min(argument, value) if dialect == "duckdb" else argument.argmin(value)


def at_greatest(argument: ir.FloatingColumn, value: ir.FloatingColumn, dialect: str) -> ir.FloatingScalar:
    return arg_max(argument, value) if dialect == "duckdb" else argument.argmax(value)


def reduced(
    points: ir.Table, low: ir.FloatingValue, high: ir.FloatingValue, columns: ir.IntegerValue, dialect: str
) -> ir.Table:
    """Reduce the points of lines to those that a screen can show.

    Args:
        points: columns `part` (text), `x` and `value` (numbers, none missing).
        low, high: the ends of the x axis.
        columns: pixel columns between them.

    Returns:
        A row for each part and pixel column with points: the part, the column, how many points it
        stands for, then x and value of the first, the lowest, the highest and the last of them.
    """
    width = ((high - low) / columns).nullif(0).fill_null(1.0)
    last = columns - 1  # the highest x of all would stand in a column of its own
    place = ibis.least(((points.x - low) / width).floor().cast("int64"), last)
    placed = points.mutate(place=place)
    x, value = placed.x, placed.value
    return placed.group_by(["part", "place"]).agg(points=placed.count(), **four_points(x, value, dialect))


def four_points(x: ir.FloatingColumn, value: ir.FloatingColumn, dialect: str) -> dict[str, ir.FloatingScalar]:
    """The first, the lowest, the highest and the last of some points, each as its x and its value."""
    return {
        "first_x": x.min(),
        "first": at_least(value, x, dialect),
        "lowest_x": at_least(x, value, dialect),
        "lowest": value.min(),
        "highest_x": at_greatest(x, value, dialect),
        "highest": value.max(),
        "last_x": x.max(),
        "last": at_greatest(value, x, dialect),
    }


def points_of(rows: "Iterable[Row]") -> dict[str, list[Point]]:
    """The points of each part in the order of x, from the rows of `reduced`."""
    lines: dict[str, list[Sequence[float]]] = {}
    for part, _, _, *ends in rows:
        lines.setdefault(part, []).append(ends)
    return {part: points_in(columns) for part, columns in lines.items()}


def points_in(columns: Iterable[Sequence[float]]) -> list[Point]:
    """The points of a line in the order of x, from the first, lowest, highest and last of each of its pixel columns."""
    kinds = list(zip(*columns, strict=True))  # zip goes through thousands of points without a step of Python for each
    pairs = (zip(*kinds[first : first + 2], strict=True) for first in range(0, len(kinds), 2))
    return sorted(set(chain.from_iterable(pairs)))
