"""Filters: the rows of a table that a reader wants."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import ibis.expr.types as ir

from portico.data.columns import Column, Kind
from portico.data.query import Values, mark
from portico.data.questions.aggregates import LARGEST
from portico.form import is_day, moment, number

ALMOST_A_DAY = timedelta(days=1, microseconds=-1)  # a day as a bound is the whole day
LAST_DAY = datetime(9999, 12, 30)  # noqa: DTZ001 - moments are in UTC, without a zone

NONE = "(none)"  # how a reader sees and chooses what is missing
EMPTY = "(empty)"  # and a text without a character, which stands for no choice in an address


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

    def bounds(self) -> tuple[float | str | None, float | str | None]:
        """The bounds as values of a query."""
        if self.column.kind is not Kind.TIME:
            return number(self.low), number(self.high)
        first, last = moment(self.low), moment(self.high)
        if last is not None and is_day(self.high) and last <= LAST_DAY:
            last += ALMOST_A_DAY
        return (first.isoformat() if first else None), (last.isoformat() if last else None)


def filter_values(filters: Sequence[Filter]) -> Values:
    """The values of filters, for an expression of `filtered`."""
    values = Values()
    for place, each in enumerate(filters):
        values.bound |= {f"f{place}_{index}": value for index, value in enumerate(each.values)}
        values.bound |= dict(zip((f"f{place}_low", f"f{place}_high"), each.bounds(), strict=True))
    return values


def filtered(relation: ir.Table, filters: Sequence[Filter]) -> ir.Table:
    """The rows that every filter lets through, with marks for the filters' values."""
    wanted = [
        condition for place, each in enumerate(filters) for condition in _conditions(relation, each, f"f{place}_")
    ]
    return relation.filter(wanted) if wanted else relation


def text_of(relation: ir.Table, column: Column) -> ir.StringColumn:
    """The values of a column as texts."""
    value = relation[column.name]
    return value if column.dtype.is_string() else value.cast("string")


def _conditions(relation: ir.Table, wanted: Filter, name: str) -> list[ir.BooleanValue]:
    conditions: list[ir.BooleanValue] = []
    if wanted.values:
        text = text_of(relation, wanted.column)
        listed = text.isin([mark(f"{name}{index}") for index in range(len(wanted.values))])
        listed = listed | text.isnull() if NONE in wanted.values else listed
        conditions.append(listed | (text == "") if EMPTY in wanted.values else listed)
    value, dtype = relation[wanted.column.name], "timestamp" if wanted.column.kind is Kind.TIME else "float64"
    exact = wanted.column.kind is Kind.TIME or wanted.column.dtype.is_integer()
    if not exact and (wanted.low or wanted.high):
        conditions.append(
            value.cast("float64").between(-LARGEST, LARGEST)
        )  # both engines take NaN for greater than any number
    if wanted.low:
        conditions.append(value >= mark(f"{name}low", dtype))
    if wanted.high:
        conditions.append(value <= mark(f"{name}high", dtype))
    return conditions
