"""The query behind a bar chart: one number for each value of a column, split or not."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from math import floor, log10

import ibis
import ibis.expr.types as ir

from portico.data.columns import FEW, Column, Kind
from portico.data.queries.aggregates import exact_number_of, number_of, value_of
from portico.data.queries.few_groups import MOST_GROUPS, FewGroups
from portico.data.queries.filters import EMPTY, NONE, text_of
from portico.data.queries.grains import finest, seconds_of, steps_between, steps_of, written_step
from portico.data.queries.parts import (
    REST,
    Asking,
    Question,
    finite,
    largest_parts,
    measured,
    named,
    part_of,
    span_of,
)
from portico.data.query import Values, mark
from portico.data.tables import Catalog, Codes, Row

MOST_BARS = 200  # that are sent to a browser, whatever is asked
MOST_STEPS = 60  # of time or of a number that are drawn unless a finer grain is asked for
MOST_PARTS = 7  # that have a colour of their own; the eighth is of the rest
BINS = 20
LEAST = 1e-300  # of a width: below it there are no round numbers any more
MOST_PLAIN, LEAST_PLAIN = 1e15, 1e-6  # edges and widths that are written without an exponent


@dataclass(frozen=True)
class BarQuestion(Question):
    """What a reader wants to see as bars; `top` are those with the largest numbers."""

    @property
    def binned(self) -> bool:
        """Return True if x has so many numbers that they are binned."""
        return self.x.kind is Kind.NUMBER and (self.x.distinct or FEW + 1) > FEW

    @property
    def most(self) -> int:
        """How many bars are drawn by themselves."""
        return MOST_BARS if self.in_order else self.top

    @property
    def in_order(self) -> bool:
        """Return True if the bars have a natural order, as times and numbers do."""
        return self.x.kind in (Kind.TIME, Kind.YEAR, Kind.NUMBER)


@dataclass(frozen=True)
class Bar:
    """One bar, or one part of it: its name, the part, the number (None where there is none)."""

    name: str
    part: str
    value: float | None


@dataclass(frozen=True)
class Bars:
    """The bars of a question, in the order of their numbers or in their own.

    `total` is how many there are in all, `rows` how many rows were read for those, `grain` the step of time.
    """

    bars: list[Bar]
    names: list[str]
    parts: list[str]
    total: int
    rows: int
    grain: str = ""


@dataclass(frozen=True)
class _Steps:
    """The values of x as they are put together.

    Attributes:
        key: of each row of a table, that of its bar.
        data: the same as a reader takes it away.
        grain: the step of time, empty for none.
        low, width: of a bin, the beginning of the first and the width of each; no width for no bins.
    """

    key: Callable[[ir.Table], ir.Value]
    data: Callable[[ir.Table], ir.Value]
    grain: str = ""
    low: float = 0
    width: float = 0

    def written(self, key: object) -> str:
        """Write a key for people."""
        if key is None:
            return NONE
        if self.grain:
            return written_step(float(str(key)), self.grain)
        if self.width:
            return f"{self._edge(float(str(key)))} – {self._edge(float(str(key)) + 1)}"
        if isinstance(key, Decimal):
            whole, _, digits = f"{key:f}".partition(".")
            return f"{whole}.{digits}".rstrip("0").rstrip(".") if digits else whole
        return f"{key:.15g}" if isinstance(key, float) else str(key) or EMPTY

    def _edge(self, place: float) -> str:
        """The edge of a bin, with as many digits as tell it from the next."""
        edge = self.low + self.width * place
        if abs(edge) >= MOST_PLAIN or (edge and self.width < LEAST_PLAIN):
            return f"{edge:.15g}"
        return f"{edge:,.{max(1, 1 - floor(log10(self.width)))}f}".removesuffix(".0")

    def between(self, keys: list[object]) -> list[object]:
        """All keys from the first to the last, those without rows too, where steps follow each other."""
        if not (self.grain or self.width) or keys in ([], [None]):
            return keys
        known = {float(str(key)) for key in keys if key is not None}
        if self.grain:
            every = [*islice(steps_between(min(known), max(known), self.grain), MOST_BARS + 1)]
        else:
            every = [float(place) for place in range(int(min(known)), int(max(known)) + 1)]
        if len(every) > MOST_BARS or not known <= set(every):  # there is no room for all, or no name for some
            return keys
        return [*every, *([None] if None in keys else [])]


def find_bars(catalog: Catalog, question: BarQuestion) -> Bars:
    """Compute the bars of a query."""
    asking = Asking(catalog, question)
    steps = _steps(asking, question)
    few = _few_groups(asking, question, steps)
    largest, total, rows = (
        (*few.largest(question.most, question.in_order), few.rows) if few else _largest(asking, question, steps)
    )
    keys = steps.between(list(largest)) if total == len(largest) else list(largest)
    names = names_of(keys, steps.written)
    has_rest = question.rest and not question.in_order and total > len(largest)
    if question.split is None and not has_rest:
        bars = [Bar(names[key], "", finite(largest[key])) for key in keys if key in largest]
        return Bars(bars, [*names.values()], [""], total, rows, steps.grain)
    if few:
        found = few.divided(largest, few.parts(MOST_PARTS)[0], REST, question.rest)
    else:
        found = _divided(asking, question, steps, list(largest))
    bars = [
        Bar(REST if other else names[key], question.name_of(part), finite(value)) for key, other, part, value in found
    ]
    parts = sorted({bar.part for bar in bars}, key=lambda part: (part == REST, part))
    return Bars(bars, [*names.values()] + [REST] * has_rest, parts, total, rows, steps.grain)


def names_of(keys: list[object], written: Callable[[object], str]) -> dict[object, str]:
    """A name for each key, no two the same: two bars of one name would stand in one place."""
    names: dict[object, str] = {}
    taken = {REST}
    for key in keys:
        name = plain = written(key)
        number = 2
        while name in taken:
            name, number = f"{plain} ({number})", number + 1
        taken.add(name)
        names[key] = name
    return names


def bar_data(catalog: Catalog, question: BarQuestion) -> tuple[ir.Table, Values]:
    """The data of a question: a row for each value of x, and each of the split; all of them."""
    asking = Asking(catalog, question)
    relation, steps = asking.relation, _steps(asking, question)
    names = [question.x.name, *([question.split.name] if question.split else [])]
    keys = {"key": steps.data(relation)} | ({"part": text_of(relation, question.split)} if question.split else {})
    base = _base(question, relation, **keys)
    found = base.group_by([*keys]).agg(number=value_of(base, question.aggregate)).order_by([*keys])
    taken = named(found, dict(zip(names, keys, strict=True)), question.measure, question.aggregate)
    return found.select(**taken), asking.values


def _base(question: BarQuestion, relation: ir.Table, **keys: ir.Value) -> ir.Table:
    """One row for each row of the table: its keys, its number and its weight."""
    return relation.select(**keys, **measured(relation, question.table, question.measure, question.aggregate))


def _steps(asking: Asking, question: BarQuestion) -> _Steps:
    x = question.x
    if x.kind is Kind.TIME:
        grain = question.grain
        if grain == "auto":
            span = span_of(asking, x)
            grain = finest(x, span.high - span.low, MOST_STEPS)
        return _Steps(lambda rows: seconds_of(steps_of(rows, x, grain)), lambda rows: steps_of(rows, x, grain), grain)
    if question.binned:
        span = span_of(asking, x)
        width = _round_width(span.high - span.low)
        low = floor(span.low / width) * width
        asking.values.bound |= {"bin_low": float(low), "bin_width": float(width)}
        return _Steps(lambda rows: _place(rows, x), lambda rows: _lower_edge(_place(rows, x)), low=low, width=width)

    def key(rows: ir.Table) -> ir.Value:
        if x.kind is Kind.NUMBER:
            return exact_number_of(rows, x)
        return rows[x.name] if question.in_order else text_of(rows, x)

    return _Steps(key, key)


def _place(rows: ir.Table, x: Column) -> ir.NumericValue:
    """The place of each row's bin among the bins."""
    return ((number_of(rows, x) - mark("bin_low", "float64")) / mark("bin_width", "float64")).floor()


def _lower_edge(place: ir.NumericValue) -> ir.NumericValue:
    """The lower edge of the bin at a place."""
    return place * mark("bin_width", "float64") + mark("bin_low", "float64")


def _few_groups(asking: Asking, question: BarQuestion, steps: _Steps) -> FewGroups | None:
    """Return all groups of a query; None if they may be many, or if parts do not add up to a bar."""
    divides = question.split is not None or question.rest
    expected = (question.x.distinct or MOST_GROUPS) * (
        (question.split.distinct or MOST_GROUPS) if question.split else 1
    )
    if expected >= MOST_GROUPS or (divides and not question.adds_up):
        return None

    def build() -> ir.Table:
        codes = question.table.codes
        relation = asking.relation_with_codes(codes) if codes else asking.relation
        keys = {"key": steps.key(relation) if question.in_order else _told_apart(relation, codes, question.x)}
        if question.split is not None:
            keys["part"] = _told_apart(relation, codes, question.split)
        base = _base(question, relation, **keys)
        groups = base.group_by([*keys]).agg(value=value_of(base, question.aggregate), rows=base.count())
        whole = groups if question.split is not None else groups.mutate(part=ibis.literal(""))  # a key costs time
        return whole.select("key", "part", "value", "rows").limit(MOST_GROUPS)

    found = asking.rows(("few", steps.grain), build)  # distinct is of the first rows: there may be more
    return FewGroups(found) if len(found) < MOST_GROUPS else None


def _told_apart(relation: ir.Table, codes: Codes | None, column: Column) -> ir.Value:
    """The values of a column to group rows by: its codes, or its texts."""
    code = codes and codes.names.get(column.name)
    return relation[code] if code else text_of(relation, column)


def _largest(asking: Asking, question: BarQuestion, steps: _Steps) -> tuple[dict[object, float | None], int, int]:
    """The keys that are drawn with their numbers, how many keys there are, and how many rows."""

    def build() -> ir.Table:
        base = _base(question, asking.relation, key=steps.key(asking.relation))
        groups = base.group_by("key").agg(value=value_of(base, question.aggregate), rows=base.count())
        counted = groups.mutate(total=groups.count().over(), all_rows=groups.rows.sum().over())
        order = ["key"] if question.in_order else [ibis.desc("value", nulls_first=False), "key"]
        return counted.order_by(order).limit(question.most).drop("rows")

    found = asking.rows(("largest", steps.grain), build)
    return {key: value for key, value, *_ in found}, *(found[0][2:] if found else (0, 0))


def _divided(asking: Asking, question: BarQuestion, steps: _Steps, largest: list[object]) -> list[Row]:
    """The numbers of each bar and part, those of the rest together."""
    parts = largest_parts(asking, question, MOST_PARTS)
    keys = [each for each in largest if each is not None]
    asking.values.bound |= {f"key{place}": each for place, each in enumerate(keys)}

    def build() -> ir.Table:
        relation = asking.relation
        part = part_of(relation, question.split, parts, rest=True)
        base = _base(question, relation, key=steps.key(relation), part=part)
        key = base["key"]
        kept = key.isin([mark(f"key{place}", key.type()) for place in range(len(keys))])
        kept = (kept | key.isnull() if None in largest else kept).fill_null(False)
        base = base.mutate(other=~kept) if question.rest else base.filter(kept).mutate(other=False)
        base = base.mutate(key=ibis.ifelse(base.other, ibis.null(), base.key))
        groups = base.group_by(["key", "other", "part"]).agg(number=value_of(base, question.aggregate))
        return groups.order_by(["key", "part"])

    return asking.rows(("divided", steps.grain, parts.shape, len(keys), None in largest), build)


def _round_width(span: float) -> float:
    """The width of a bin: a round number of which at most twenty make a span."""
    if span <= 0:
        return 1
    power = max(10.0 ** floor(log10(span / BINS)), LEAST)
    return next(power * factor for factor in (1, 2, 2.5, 5, 10, 20) if power * factor * BINS >= span * (1 - 1e-9))
