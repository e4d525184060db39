"""What bar and line queries share: the numbers that are aggregated, the parts of a split, the span of time."""

from typing import NamedTuple

import ibis
import ibis.expr.types as ir

from portico.data.aggregates import number_of
from portico.data.columns import Column, Kind
from portico.data.filters import NONE, text_of
from portico.data.grains import FIRST_S, LAST_S, moments, seconds_of
from portico.data.query import Values
from portico.data.tables import Catalog, Table

REST = "Other"  # the name of what is not shown by itself


class Span(NamedTuple):
    """The ends of a column (seconds since 1970 where it is time), and how many rows there are."""

    low: float
    high: float
    rows: int


class Parts(NamedTuple):
    """The parts of a split that are shown by themselves, most rows first, and how many there are in all."""

    names: list[str]
    total: int


WHOLE = Parts([""], 1)  # where nothing is split


def measured(relation: ir.Table, table: Table, measure: Column | None, aggregate: str) -> dict[str, ir.Value]:
    """The columns `value` and `weight` of which an aggregate is made; none where rows are counted."""
    if measure is None:
        return {}
    is_number = measure.kind is Kind.NUMBER and aggregate not in ("count", "distinct")
    columns = {"value": number_of(relation, measure) if is_number else relation[measure.name]}
    if aggregate == "mean" and measure.weight in table.columns:
        columns["weight"] = number_of(relation, table.columns[measure.weight])
    return columns


def largest_parts(catalog: Catalog, relation: ir.Table, split: Column | None, most: int, values: Values) -> Parts:
    """Find the parts of a split with the most rows."""
    if split is None:
        return WHOLE
    named = relation.select(part=text_of(relation, split).fill_null(NONE))
    groups = named.group_by("part").agg(rows=named.count())
    asked = groups.mutate(total=groups.count().over()).order_by([ibis.desc("rows"), "part"]).limit(most)
    found = catalog.rows(values.query(asked, catalog.dialect))
    return Parts([part for part, *_ in found], found[0][-1] if found else 0)


def part_of(relation: ir.Table, split: Column | None, parts: Parts, rest: bool, values: Values) -> ir.StringValue:
    """The part to which each row belongs; those of no part are the rest's, or (without it) missing."""
    if split is None:
        return ibis.literal("")
    part = text_of(relation, split).fill_null(NONE)
    if len(parts.names) == parts.total:
        return part
    other = ibis.literal(REST) if rest else ibis.null("string")
    return ibis.ifelse(part.isin([values.bind(each) for each in parts.names]), part, other)


def span_of(catalog: Catalog, relation: ir.Table, column: Column, values: Values) -> Span:
    """The ends of a column of time or of numbers; infinite ones are left out."""
    if column.kind is not Kind.TIME:
        number = number_of(relation, column)
        return _span(catalog, relation.agg(low=number.min(), high=number.max(), rows=relation.count()), values)
    found = _span(catalog, _ends(relation, column), values)
    if found.low >= FIRST_S and found.high <= LAST_S:
        return found
    finite = relation.filter(seconds_of(moments(relation, column)).between(FIRST_S, LAST_S))
    return _span(catalog, _ends(finite, column), values)._replace(rows=found.rows)


def _ends(relation: ir.Table, column: Column) -> ir.Table:
    moment = moments(relation, column)
    return relation.agg(low=seconds_of(moment.min()), high=seconds_of(moment.max()), rows=relation.count())


def _span(catalog: Catalog, asked: ir.Table, values: Values) -> Span:
    ((low, high, rows),) = catalog.rows(values.query(asked, catalog.dialect))
    if rows and (low is None) != (high is None):  # DuckDB has no seconds of an infinite moment
        return Span(float("-inf"), float("inf"), rows)
    return Span(low or 0, high or 0, rows)
