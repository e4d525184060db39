"""Tables, and where they come from: what the charts know of a folder of files or a database."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import ibis.expr.types as ir

from portico.data.columns import Column, Kind
from portico.data.queries.overview import Overview
from portico.data.query import Query

Row = tuple[Any, ...]


@dataclass(frozen=True)
class TableName:
    """A table as it is listed: its name in the address, and the title that readers see."""

    name: str
    title: str


@dataclass(frozen=True)
class Table:
    """A table that can be asked.

    Attributes:
        name: as in the address, the same for as long as the table is there.
        title: as readers see it.
        relation: the table in Ibis; expressions of it are worked out by the catalog it came from.
        columns: by name, in the table's order; only what the engine reported is here.
        changed: when its data changed last, None where nobody knows.
        rows: how many it has, None where counting would take a scan.
        in_memory: whether DuckDB has a copy of it at hand, which is small.
        codes: by which the groups of a copy are told apart; None where it has none.
        views: the choices that a page opens with, by the page's name: parameter to values.
        described_in: the file that says so, with which mistakes in it are named.
        known: what was worked out of the table and stays so for as long as this object is given out.
    """

    name: str
    title: str
    relation: ir.Table
    columns: Mapping[str, Column]
    changed: datetime | None = None
    rows: int | None = None
    in_memory: bool = False
    codes: "Codes | None" = None
    views: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    described_in: str = ""
    known: dict[Hashable, Any] = field(default_factory=dict, compare=False, repr=False)

    def drawable(self) -> list[Column]:
        """The columns of which charts can be drawn."""
        return [column for column in self.columns.values() if column.kind is not Kind.OTHER]

    def of_kind(self, *kinds: Kind) -> list[Column]:
        return [column for column in self.columns.values() if column.kind in kinds]


@dataclass(frozen=True)
class Codes:
    """Columns of codes beside the columns of few texts: the same groups, told apart in a third of the time.

    A code compares with no text that its column does not hold, and is to group by alone.

    Attributes:
        relation: the table with these columns.
        names: of each, by the name of the column that it stands beside.
    """

    relation: ir.Table
    names: Mapping[str, str]


class Catalog(Protocol):
    """Where tables come from. Every method raises DataError where it cannot answer."""

    dialect: str  # of Ibis, in which its engine is asked

    def turn(self) -> AbstractContextManager[None]:
        """Hold one of the few turns of this process for all that the block asks, so that it waits once."""

    def version(self) -> str:
        """Another one after any change of the tables; empty where only asking the data would tell."""

    def names(self) -> list[TableName]:
        """The tables that are there now, in the order in which they are offered."""

    def table(self, name: str) -> Table:
        """The table of that name as it is now."""

    def rows(self, query: Query) -> list[Row]:
        """Work out a query; for answers that fit in memory many times."""

    def overview(self, table: Table, x: Column, measure: Column, /) -> Overview | None:
        """An overview of a large table, which stays for as long as its data; None where there is none."""

    def batches(self, query: Query) -> Iterator[list[Row]]:
        """Work out a query of any size, some rows at a time."""


def by_title(names: Sequence[TableName]) -> list[TableName]:
    """Sort tables as they are offered; those of one title have their name with it."""
    titles = [each.title for each in names]
    plain = [TableName(each.name, _unique(each, titles)) for each in names]
    return sorted(plain, key=lambda each: (each.title.casefold(), each.name))


def _unique(name: TableName, titles: list[str]) -> str:
    return name.title if titles.count(name.title) == 1 else f"{name.title} ({name.name})"
