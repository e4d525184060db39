"""What bar and line queries share: the numbers that are aggregated, the parts of a split, the span of time."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, fields
from functools import cached_property
from math import isfinite
from typing import NamedTuple

import ibis
import ibis.expr.types as ir

from portico.data.columns import Column, Kind
from portico.data.queries.aggregates import AGGREGATES, exact_number_of, number_of, value_of
from portico.data.queries.filters import EMPTY, NONE, Filter, filter_values, filtered, text_of
from portico.data.queries.grains import FIRST_S, LAST_S, moments, seconds_of
from portico.data.query import mark, plan_of
from portico.data.tables import Catalog, Codes, Row, Table

REST = "All others"  # the name of what is not shown by itself


@dataclass(frozen=True)
class Question:
    """What a reader wants to see of a table.

    Attributes:
        x: the column whose values stand side by side, or from left to right.
        measure: what is aggregated; None for the rows themselves.
        split: the column that divides the chart into parts.
        grain: the step of time, where x is time; "auto" for one that fits.
        top: how many bars or lines are shown by themselves.
        rest: whether all others are shown as one more.
    """

    table: Table
    x: Column
    measure: Column | None
    aggregate: str
    split: Column | None = None
    filters: tuple[Filter, ...] = ()
    grain: str = "auto"
    top: int = 8
    rest: bool = False

    @property
    def adds_up(self) -> bool:
        """Return True if the numbers of its parts add up to one amount."""
        return self.aggregate in AGGREGATES and AGGREGATES[self.aggregate].adds_up

    def name_of(self, part: str) -> str:
        """How a part is called; nothing where nothing is split."""
        return part or (EMPTY if self.split else "")

    def shape(self) -> Hashable:
        """What its expressions depend on: everything in it but the values of its filters."""
        rest = {field.name: getattr(self, field.name) for field in fields(self)}
        filters, table = rest.pop("filters"), rest.pop("table")
        return type(self), table.relation.op(), tuple(each.shape() for each in filters), *rest.items()


class Span(NamedTuple):
    """The ends of a column (seconds since 1970 where it is time), and how many rows there are.

    `finite` says that no moment lies beyond what a chart can name.
    """

    low: float
    high: float
    rows: int
    finite: bool = True


class Parts(NamedTuple):
    """The parts of a split that are shown by themselves, most rows first, and how many there are in all."""

    names: list[str]
    total: int

    @property
    def complete(self) -> bool:
        return len(self.names) == self.total

    @property
    def shape(self) -> Hashable:
        """What of them an expression depends on."""
        return "all" if self.complete else len(self.names)


WHOLE = Parts([""], 1)  # where nothing is split


def measured(relation: ir.Table, table: Table, measure: Column | None, aggregate: str) -> dict[str, ir.Value]:
    """The columns `value` and `weight` of which an aggregate is made; none where rows are counted."""
    if measure is None:
        return {}
    columns = {"value": _value(relation, measure, aggregate)}
    if aggregate == "mean" and measure.weight in table.columns:
        columns["weight"] = number_of(relation, table.columns[measure.weight])
    return columns


def _value(relation: ir.Table, measure: Column, aggregate: str) -> ir.Value:
    if measure.kind is not Kind.NUMBER:
        return relation[measure.name]
    return exact_number_of(relation, measure) if aggregate == "distinct" else number_of(relation, measure)


def named(found: ir.Table, keys: dict[str, str], measure: Column | None, aggregate: str) -> dict[str, ir.Value]:
    """The columns of what is taken away by the names that they have in the table."""
    number = (
        "rows" if measure is None else f"{aggregate} of {measure.name}" if aggregate in AGGREGATES else measure.name
    )
    while number in keys:
        number += "_"
    return {name: found[key] for name, key in keys.items()} | {number: found["number"]}


class Asking:
    """A question as it is worked out: its plan, its values, and the catalog that answers."""

    def __init__(self, catalog: Catalog, question: Question) -> None:
        self.catalog = catalog
        self._question = question
        self.dialect = catalog.dialect
        self._plan = plan_of((catalog.dialect, question.shape()))
        self.values = filter_values(question.filters)

    @cached_property
    def relation(self) -> ir.Table:
        """The rows that the filters let through; an expression is built of it only when its SQL is not kept."""
        return self._filtered(self._question.table.relation)

    def relation_with_codes(self, codes: Codes) -> ir.Table:
        """The same rows, with the columns of codes."""
        return self._filtered(codes.relation)

    def _filtered(self, relation: ir.Table) -> ir.Table:
        return filtered(relation, self._question.filters, in_memory=self._question.table.in_memory)

    def rows(self, step: Hashable, build: Callable[[], ir.Table]) -> list[Row]:
        """Work out a step; its expression is built only when it was not asked before."""
        return self.catalog.rows(self._plan.query(step, build, self.values, self.dialect))


def finite(value: float | None) -> float | None:
    """A number as a chart can draw it: None for one that is missing or not finite, as a sum beyond all bounds."""
    return value if value is not None and isfinite(value) else None


def largest_parts(asking: Asking, question: Question, most: int) -> Parts:
    """Find the largest parts of a split: of an amount those with most of it, else those with the most rows."""
    split = question.split
    if split is None:
        return WHOLE

    def build() -> ir.Table:
        relation = asking.relation
        columns = measured(relation, question.table, question.measure, question.aggregate) if question.adds_up else {}
        named = relation.select(part=text_of(relation, split).fill_null(NONE), **columns)
        groups = named.group_by("part").agg(size=value_of(named, question.aggregate))
        ordered = [ibis.desc("size", nulls_first=False), "part"]
        return groups.mutate(total=groups.count().over()).order_by(ordered).limit(most)

    found = asking.rows("parts", build)
    parts = Parts([part for part, *_ in found], found[0][-1] if found else 0)
    asking.values.bound |= {f"part{place}": name for place, name in enumerate(parts.names)}
    return parts


def part_of(relation: ir.Table, split: Column | None, parts: Parts, rest: bool) -> ir.StringValue:
    """The part to which each row belongs; those of no part are the rest's, or (without it) missing."""
    if split is None:
        return ibis.literal("")
    part = text_of(relation, split).fill_null(NONE)
    if parts.complete:
        return part
    other = ibis.literal(REST) if rest else ibis.null("string")
    return ibis.ifelse(part.isin([mark(f"part{place}") for place in range(len(parts.names))]), part, other)


def span_of(asking: Asking, column: Column) -> Span:
    """The ends of a column of time or of numbers; infinite ones are left out."""
    if column.kind is not Kind.TIME:
        return _span(asking.rows("span", lambda: _ends(asking.relation, number_of(asking.relation, column))))
    found = _span(asking.rows("span", lambda: ends_of_time(asking.relation, column)))
    if found.low >= FIRST_S and found.high <= LAST_S:
        return found

    def build() -> ir.Table:
        relation = asking.relation
        return ends_of_time(relation.filter(seconds_of(moments(relation, column)).between(FIRST_S, LAST_S)), column)

    return _span(asking.rows("finite span", build))._replace(rows=found.rows, finite=False)


def _ends(relation: ir.Table, value: ir.NumericColumn) -> ir.Table:
    return relation.agg(low=value.min(), high=value.max(), rows=relation.count())


def ends_of_time(relation: ir.Table, column: Column) -> ir.Table:
    """The first and the last moment of a column (seconds since 1970), and how many rows there are."""
    moment = moments(relation, column)
    return relation.agg(low=seconds_of(moment.min()), high=seconds_of(moment.max()), rows=relation.count())


def _span(found: list[Row]) -> Span:
    ((low, high, rows),) = found
    if rows and (low is None) != (high is None):  # DuckDB has no seconds of an infinite moment
        return Span(float("-inf"), float("inf"), rows)
    return Span(low or 0, high or 0, rows)
