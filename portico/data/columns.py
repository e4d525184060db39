"""Columns of a table: what kind of values each holds, and what a chart can make of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import ibis.expr.datatypes as dt

from portico.data.type_hints import why_text

YEARS_FROM, YEARS_TO = 1000, 2999  # whole numbers between these can be years
FEW = 50  # different values that have room as bars
ID_WORDS = frozenset(
    word
    for line in (
        "id key uuid guid code zip zipcode postcode phone index rowid no nr number num status port order invoice",
    )
    for word in line.split()
)
PLACE_WORDS = frozenset({"lat", "latitude", "lon", "lng", "long", "longitude"})
# A number with one of these words in its name is a level and not an amount: its sum says nothing.
LEVEL_WORDS = frozenset(
    word
    for line in (
        "age average avg bmi celsius close cost degree degrees duration efficiency fahrenheit grade gdppercap height high",
        "humidity index interest latency length lifeexp ms milliseconds elapsed low margin mean median open pct per percent percentage ph price",
        "pressure probability rank rate ratio rating score share size speed temp temperature utilization value voltage",
        "weight width",
    )
    for word in line.split()
)
WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+")


class Kind(StrEnum):
    """What the values of a column are, as far as a chart is concerned."""

    CATEGORY = "category"
    NUMBER = "number"
    TIME = "time"
    YEAR = "year"
    OTHER = "other"  # lists, structures, bytes: no chart is drawn of these


@dataclass(frozen=True)
class Facts:
    """What the first rows of a table say of a column.

    Attributes:
        rows: rows that were looked at.
        known: of these, those with a value.
        distinct: different values among these.
        low, high: of a number, the least and the greatest finite value; None without one.
        texts: of a text in a file, the first, the last and the longest, where there are any.
    """

    rows: int
    known: int
    distinct: int
    low: float | None = None
    high: float | None = None
    texts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Column:
    """A column as the engine reported it.

    Attributes:
        dtype: its type, as Ibis calls it.
        label, unit: as it is written beside an axis.
        weight: the column by which its mean is weighted; empty for none.
        level: whether its sum says nothing, as with a rate or a temperature.
        why_text: why it is text although it looks like numbers or times; empty if it does not.
    """

    name: str
    dtype: dt.DataType
    kind: Kind
    facts: Facts | None = None
    label: str = ""
    unit: str = ""
    weight: str = ""
    level: bool = False
    why_text: str = ""

    def title(self) -> str:
        """The name with its unit, as it stands at an axis."""
        return f"{self.label} ({self.unit})" if self.unit else self.label

    @property
    def distinct(self) -> int | None:
        """Different values in the first rows, None where nobody looked."""
        return self.facts.distinct if self.facts else None

    @property
    def never_negative(self) -> bool:
        """Return True if the first rows have no number below zero."""
        return self.facts is not None and self.facts.low is not None and self.facts.low >= 0

    @property
    def names_rows(self) -> bool:
        """Return True if the column looks like an identifier of each row and so is not a measure."""
        words = [word.lower() for word in WORD.findall(self.name)] or [self.name]
        return words[-1] in ID_WORDS | PLACE_WORDS


def describe(name: str, dtype: dt.DataType, facts: Facts | None, labels: Mapping[str, str] | None = None) -> Column:
    """Return a column with its kind and label found from its name, type and first values."""
    known = labels or {}
    return Column(
        name=name,
        dtype=dtype,
        kind=kind_of(name, dtype, facts),
        facts=facts,
        label=known.get("label") or readable_name(name),
        unit=known.get("unit", ""),
        weight=known.get("weight", ""),
        level=bool(words_of(name) & LEVEL_WORDS),
        why_text=why_text(facts.texts) if facts else "",
    )


def kind_of(name: str, dtype: dt.DataType, facts: Facts | None) -> Kind:
    """Say what the values of a column are."""
    if dtype.is_date() or dtype.is_timestamp():
        return Kind.TIME
    if dtype.is_integer() and _are_years(name, facts):
        return Kind.YEAR
    if dtype.is_numeric() and not dtype.is_boolean():
        return Kind.NUMBER
    if (
        dtype.is_string()
        or dtype.is_boolean()
        or dtype.is_uuid()
        or dtype.is_time()
        or dtype.is_inet()
        or dtype.is_macaddr()
    ):
        return Kind.CATEGORY
    return Kind.OTHER


def words_of(name: str) -> set[str]:
    """The words of a name, in lower case: `gdpPerCapita_2` has gdp, per, capita and 2."""
    return {word.lower() for word in WORD.findall(name)} | {name.lower()}


def readable_name(name: str) -> str:
    """Write a column's or a file's name for people: `order_date` as "Order date"."""
    plain = " ".join(name.replace("_", " ").split())
    return plain[:1].upper() + plain[1:] if plain else name


def _are_years(name: str, facts: Facts | None) -> bool:
    if facts is None or facts.low is None or facts.high is None:
        return False
    named = bool(words_of(name) & {"year", "years", "yr", "jahr", "annee", "año", "anno"})
    return named and facts.low >= YEARS_FROM and facts.high <= YEARS_TO
