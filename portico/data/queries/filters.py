"""Filters: the rows of a table that a reader wants."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import and_

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from portico.data.columns import Column, Kind
from portico.data.parsing import is_day, moment, number
from portico.data.queries.aggregates import LARGEST
from portico.data.query import MARK, Values, mark

ALMOST_A_DAY = timedelta(days=1, microseconds=-1)  # a day as a bound is the whole day
NANOSECONDS = 9  # digits of a second
# Moments are in UTC, without a zone.
LAST_DAY = datetime.fromisoformat("9999-12-30")
# The range of 64-bit nanoseconds, in whole microseconds; a bound outside cannot be compared with such a time.
FIRST_OF_NANOSECONDS = datetime.fromisoformat("1677-09-21T00:12:43.145225")
LAST_OF_NANOSECONDS = datetime.fromisoformat("2262-04-11T23:47:16.854775")

NONE = "(none)"  # how a reader sees and chooses what is missing
EMPTY = "(empty)"  # and a text without a character, which stands for no choice in an address

Placed = Callable[[str], ir.Value]  # what stands for the value of that name in an expression


@dataclass(frozen=True)
class Filter:
    """What the values of a column must be: some of a list, or within bounds, both ends included.

    `low` and `high` are texts as the reader wrote them, empty for no bound.
    """

    column: Column
    values: tuple[str, ...] = ()
    low: str = ""
    high: str = ""

    def says_something(self) -> bool:
        return bool(self.values or self.low or self.high)

    def shape(self) -> Hashable:
        """What of it an expression depends on: everything but the values."""
        return self.column, len(self.values), NONE in self.values, EMPTY in self.values, bool(self.low), bool(self.high)

    def types(self, name: str) -> dict[str, str]:
        """The types of its values in a query, by their names, which begin with this one."""
        bound = "timestamp" if self.column.kind is Kind.TIME else "float64"
        bounds = {f"{name}low": self.low, f"{name}high": self.high}
        listed = {f"{name}{index}": "string" for index in range(len(self.values))}
        return listed | {each: bound for each, written in bounds.items() if written}

    def bounds(self) -> tuple[float | datetime | None, float | datetime | None]:
        """The bounds as values of a query."""
        if self.column.kind is not Kind.TIME:
            return number(self.low), number(self.high)
        first, last = moment(self.low), moment(self.high)
        if last is not None and is_day(self.high) and last <= LAST_DAY:
            last += ALMOST_A_DAY
        return self._within_reach(first), self._within_reach(last)

    def _within_reach(self, bound: datetime | None) -> datetime | None:
        """The bound, or the nearest to it that a column of nanoseconds can be compared with."""
        dtype = self.column.dtype
        if bound is None or not isinstance(dtype, dt.Timestamp) or dtype.scale != NANOSECONDS:
            return bound
        return min(max(bound, FIRST_OF_NANOSECONDS), LAST_OF_NANOSECONDS)


def filter_values(filters: Sequence[Filter]) -> Values:
    """The values of filters, for an expression of `filtered`."""
    values = Values()
    for name, each in _named(filters):
        values.bound |= {f"{name}{index}": value for index, value in enumerate(each.values)}
        values.bound |= dict(zip((f"{name}low", f"{name}high"), each.bounds(), strict=True))
    return values


def filtered(relation: ir.Table, filters: Sequence[Filter], *, in_memory: bool = False) -> ir.Table:
    """The rows that every filter lets through, with marks for the filters' values.

    Args:
        in_memory: whether DuckDB has the rows at hand. For bounds it keeps its plan then, which costs it more to make than to read
            some thousand rows. It makes it anew for each value in a condition (https://github.com/duckdb/duckdb/pull/20885), but
            not for one of a row that is joined, as long as it cannot tell what the condition does. It then skips no rows
            unread, and looks through a list of values one by one: they stay in the condition.
    """
    types = {name: dtype for begins, each in _named(filters) for name, dtype in each.types(begins).items()}
    if not types:
        return relation
    if not in_memory or any(each.values for each in filters):
        return relation.filter(_conditions(relation, filters, lambda name: mark(name, types[name])))
    columns = {f"{MARK}{name}": mark(name, dtype) for name, dtype in types.items()}
    (first, value), *others = columns.items()
    joined = relation.cross_join(value.name(first).as_table().mutate(**dict(others)))
    wanted = _conditions(joined, filters, lambda name: joined[f"{MARK}{name}"])
    return joined.filter(ibis.cases((reduce(and_, wanted), True), else_=False)).drop(*columns)


def text_of(relation: ir.Table, column: Column) -> ir.StringColumn:
    """The values of a column as texts."""
    value = relation[column.name]
    return value if column.dtype.is_string() else value.cast("string")


def _conditions(relation: ir.Table, filters: Sequence[Filter], placed: Placed) -> list[ir.BooleanValue]:
    return [each for name, wanted in _named(filters) for each in _conditions_of(wanted, relation, placed, name)]


def _named(filters: Sequence[Filter]) -> list[tuple[str, Filter]]:
    """Each filter with what the names of its values in a query begin with."""
    return [(f"f{place}_", each) for place, each in enumerate(filters)]


def _conditions_of(wanted: Filter, relation: ir.Table, placed: Placed, name: str) -> list[ir.BooleanValue]:
    conditions: list[ir.BooleanValue] = []
    if wanted.values:
        text = text_of(relation, wanted.column)
        listed = text.isin([placed(f"{name}{index}") for index in range(len(wanted.values))])
        listed = listed | text.isnull() if NONE in wanted.values else listed
        conditions.append(listed | (text == "") if EMPTY in wanted.values else listed)
    value = relation[wanted.column.name]
    exact = wanted.column.kind is Kind.TIME or wanted.column.dtype.is_integer()
    if not exact and (wanted.low or wanted.high):
        conditions.append(
            value.cast("float64").between(-LARGEST, LARGEST)
        )  # both engines take NaN for greater than any number
    if wanted.low:
        conditions.append(value >= placed(f"{name}low"))
    if wanted.high:
        conditions.append(value <= placed(f"{name}high"))
    return conditions
