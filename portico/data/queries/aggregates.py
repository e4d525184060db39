"""Aggregates: one number of many rows, and which of them say something of a column."""

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from portico.data.columns import Column, Kind

LARGEST = 1e300  # beyond it a chart could not draw the difference of two
ROWS = "*"  # in the place of a measure: how many rows there are


@dataclass(frozen=True)
class Aggregate:
    """A way to make one number of many.

    Attributes:
        label: as it is offered, in lower case within a sentence.
        adds_up: whether the numbers of parts sum to that of the whole, so that they can be stacked.
    """

    label: str
    adds_up: bool = False


AGGREGATES = {
    "sum": Aggregate("Sum", adds_up=True),
    "mean": Aggregate("Mean"),
    "median": Aggregate("Median"),
    "min": Aggregate("Minimum"),
    "max": Aggregate("Maximum"),
    "count": Aggregate("Count", adds_up=True),
    "distinct": Aggregate("Distinct count"),
}
OF_ANY = ("count", "distinct")  # that fit values which are no numbers


def fitting(measure: Column | None) -> tuple[str, ...]:
    """The aggregates that fit a measure; None stands for the rows themselves."""
    if measure is None:
        return ("count",)
    return tuple(AGGREGATES) if measure.kind is Kind.NUMBER else OF_ANY


def usual(measure: Column | None) -> str:
    """The aggregate that a reader would expect of a measure."""
    if measure is None or measure.kind is not Kind.NUMBER:
        return "count"
    return "mean" if measure.level or measure.weight else "sum"


def number_of(relation: ir.Table, column: Column) -> ir.FloatingColumn:
    """The values of a column as numbers; what is not a number or not finite is missing."""
    value = relation[column.name]
    if column.dtype.is_integer():
        return value.cast("float64")
    value = value.cast("float64")
    # Both engines take NaN for greater than any number; asking isnan and isinf takes twice as long.
    return ibis.ifelse(value.between(-LARGEST, LARGEST), value, ibis.null("float64"))


def exact_number_of(relation: ir.Table, column: Column) -> ir.NumericColumn:
    """The values of a column of numbers as they are stored, to be told apart; what is not finite is missing.

    As floating numbers, whole ones above 2^53 would be taken for their neighbours.
    """
    value = relation[column.name]
    if column.dtype.is_integer():
        return value
    if column.dtype.is_decimal():  # which PostgreSQL has infinite ones of; without a type, NULL is of any width
        return ibis.ifelse(value.cast("float64").between(-LARGEST, LARGEST), value, ibis.null())
    return number_of(relation, column)


def value_of(rows: ir.Table, aggregate: str) -> ir.Scalar:
    """Aggregate the column `value` of some rows, weighted by their `weight` where there is one; all rows if there is neither."""
    if "value" not in rows.columns:
        return rows.count()
    value = rows["value"]
    match aggregate:
        case "mean" if "weight" in rows.columns:
            known = ibis.ifelse(value.isnull(), ibis.null("float64"), rows["weight"])
            return (value * rows["weight"]).sum() / known.sum().nullif(0)
        case "sum" | "mean" | "median" | "min" | "max" | "count":
            return getattr(value, aggregate)()
        case "distinct":
            return value.nunique()
    raise ValueError(aggregate)


def words(measure: Column | None, aggregate: str, unique: bool = False) -> str:
    """Say what is drawn: "Sum of Amount", "Number of rows"; the measure alone where each number is of one row."""
    if measure is None:
        return "Number of rows"
    if unique and measure.kind is Kind.NUMBER and aggregate not in OF_ANY:
        return measure.label
    return f"{AGGREGATES[aggregate].label} of {measure.label}"


def unit_of(measure: Column | None, aggregate: str) -> str:
    """The unit of an aggregate: that of its measure, unless it is a number of rows or values."""
    return measure.unit if measure and aggregate not in OF_ANY else ""


def weighting(measure: Column | None, aggregate: str, columns: Mapping[str, Column]) -> str:
    """Say by what a mean is weighted; empty for nothing."""
    weighted = measure is not None and aggregate == "mean" and measure.weight in columns
    return f" weighted by {columns[measure.weight].label}" if measure and weighted else ""
