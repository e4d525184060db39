"""What a table's owner says of it: labels, units and the views that pages open with, written as TOML."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from portico.data.columns import Column
from portico.data.errors import Unreadable
from portico.data.tables import Table

Views = Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True)
class Description:
    """What a description gives; what it leaves out stays as it was found in the data.

    Attributes:
        columns: by name, what is known of each: label, unit, weight, level.
        where: the file that mistakes are named with.
    """

    title: str = ""
    columns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    views: Views = field(default_factory=dict)
    where: str = ""

    def of(self, table: Table) -> Table:
        """Return the table as described.

        Raises:
            Unreadable: a column of the description is none of the table, or a weight no numbers.
        """
        self._check(table)
        columns = {name: self._column(column) for name, column in table.columns.items()}
        views = {**table.views, **self.views}
        where = self.where if self.views else table.described_in
        return replace(table, title=self.title or table.title, columns=columns, views=views, described_in=where)

    def _check(self, table: Table) -> None:
        for name, given in self.columns.items():
            if name not in table.columns:
                raise Unreadable(f"{self.where}: columns.{name}: the table has no column of this name")
            weight = given.get("weight")
            found = table.columns.get(weight) if weight else None
            if weight and (found is None or not found.dtype.is_numeric() or found.dtype.is_boolean()):
                raise Unreadable(f"{self.where}: columns.{name}.weight = {weight!r}: must name a column of numbers")

    def _column(self, column: Column) -> Column:
        given = self.columns.get(column.name)
        return column if given is None else replace(column, why_text="", **given)  # who describes it knows it


@dataclass(frozen=True)
class _Reader:
    """Checks a description; `where` is the file that mistakes are named with."""

    where: str

    def description(self, text: bytes) -> Description:
        try:
            document = tomllib.loads(text.decode("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Unreadable(f"{self.where} is not TOML: {error}.") from None
        self._known("", document, {"title", "columns", "views"})
        return Description(
            title=self._text("title", document.get("title", "")),
            columns={name: self._column(name, value) for name, value in self._table("columns", document).items()},
            views={page: self._view(page, value) for page, value in self._table("views", document).items()},
            where=self.where,
        )

    def _column(self, name: str, value: Any) -> Mapping[str, Any]:
        key = f"columns.{name}"
        if not isinstance(value, dict):
            raise self._wrong(key, value, f"must be a table, written as [{key}]")
        self._known(f"{key}.", value, {"label", "unit", "weight", "level"})
        for part in value.keys() - {"level"}:
            self._text(f"{key}.{part}", value[part])
        if not isinstance(value.get("level", False), bool):
            raise self._wrong(f"{key}.level", value["level"], "must be true or false")
        return value

    def _view(self, page: str, value: Any) -> Mapping[str, tuple[str, ...]]:
        if not isinstance(value, dict):
            raise self._wrong(f"views.{page}", value, f"must be a table, written as [views.{page}]")
        return {choice: self._texts(f"views.{page}.{choice}", texts) for choice, texts in value.items()}

    def _texts(self, key: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
            raise self._wrong(key, value, 'must be a list of texts, as in ["2007"]')
        return tuple(value)

    def _text(self, key: str, value: Any) -> str:
        if not isinstance(value, str):
            raise self._wrong(key, value, "must be a text")
        return value

    def _table(self, key: str, document: Mapping[str, Any]) -> Mapping[str, Any]:
        value = document.get(key, {})
        if not isinstance(value, dict):
            raise self._wrong(key, value, f"must be a table, written as [{key}.…]")
        return value

    def _known(self, prefix: str, table: Mapping[str, Any], known: set[str]) -> None:
        for key, value in table.items():
            if key not in known:
                raise self._wrong(f"{prefix}{key}", value, f"is not a key; known here: {', '.join(sorted(known))}")

    def _wrong(self, key: str, value: Any, problem: str) -> Unreadable:
        return Unreadable(f"{self.where}: {key} = {value!r}: {problem}")


def read_description(text: bytes, where: str) -> Description:
    """Read a description.

    Raises:
        Unreadable: it is not TOML, or a key in it is wrong; the text names file, key and value.
    """
    return _Reader(where).description(text)
