"""Filters: the rows of a table that a reader wants."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import ibis.expr.types as ir

from portico.data.columns import Column, Kind
from portico.data.query import Values
from portico.form import moment, number, written

ALMOST_A_DAY = timedelta(days=1, microseconds=-1)  # a day as a bound is the whole day
LAST_DAY = datetime(9999, 12, 30)  # noqa: DTZ001 - moments are in UTC, without a zone

NONE = "(none)"  # how a reader sees and chooses what is missing


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


def filtered(relation: ir.Table, filters: Iterable[Filter], values: Values) -> ir.Table:
    """The rows that every filter lets through."""
    wanted = [condition for each in filters for condition in _conditions(relation, each, values)]
    return relation.filter(wanted) if wanted else relation


def text_of(relation: ir.Table, column: Column) -> ir.StringColumn:
    """The values of a column as texts."""
    value = relation[column.name]
    return value if column.dtype.is_string() else value.cast("string")


def _conditions(relation: ir.Table, wanted: Filter, values: Values) -> list[ir.BooleanValue]:
    conditions: list[ir.BooleanValue] = []
    if wanted.values:
        text = text_of(relation, wanted.column)
        listed = text.isin([values.bind(each) for each in wanted.values])
        conditions.append(listed | text.isnull() if NONE in wanted.values else listed)
    bounds = _moments if wanted.column.kind is Kind.TIME else _numbers
    return conditions + bounds(relation, wanted, values)


def _numbers(relation: ir.Table, wanted: Filter, values: Values) -> list[ir.BooleanValue]:
    value, low, high = relation[wanted.column.name], number(wanted.low), number(wanted.high)
    bounds = []
    if low is not None:
        bounds.append(value >= values.bind(low, "float64"))
    if high is not None:
        bounds.append(value <= values.bind(high, "float64"))
    return bounds


def _moments(relation: ir.Table, wanted: Filter, values: Values) -> list[ir.BooleanValue]:
    value, low, high = relation[wanted.column.name], moment(wanted.low), moment(wanted.high)
    bounds = []
    if low is not None:
        bounds.append(value >= values.bind(low.isoformat(), "timestamp"))
    if high is not None:
        last = high if "T" in written(high) or high > LAST_DAY else high + ALMOST_A_DAY
        bounds.append(value <= values.bind(last.isoformat(), "timestamp"))
    return bounds
