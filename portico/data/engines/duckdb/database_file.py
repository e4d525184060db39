"""The catalog over a DuckDB database file: its tables and views, read with the engine that reads files.

The file is attached read-only and stays so, which keeps other programs from writing to it meanwhile: whoever renews it
writes another file and renames it. Not for a database whose tables a reader must not see: all are offered.
"""

import hashlib
import logging
import re
import secrets
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from portico.data.engines.duckdb.data_files import DataFile, Signature, StoredTable, signature_of, version_of
from portico.data.engines.duckdb.file_formats import literal, quoted
from portico.data.engines.duckdb.folder import FolderCatalog
from portico.data.engines.duckdb.reading import Reading
from portico.data.errors import DataError, SourceAway, TableGone, Unreadable
from portico.data.scheduler import Watch
from portico.data.tables import Row, TableName, by_title

LOG = logging.getLogger("portico.data")
ALIAS = f"d{secrets.token_hex(4)}_"  # begins the name of the attached database; nobody outside can know it
MAIN = "main"  # the schema whose tables go by their own names
LISTED = """
FROM (FROM duckdb_tables() SELECT database_name, schema_name, table_name AS name, false AS is_view, internal
      UNION ALL FROM duckdb_views() SELECT database_name, schema_name, view_name, true, internal)
SELECT schema_name, name, is_view WHERE database_name = $database AND NOT internal
"""
# What views and macros of the file say; DuckDB writes it from their parsed form, without comments and odd spaces.
DEFINED = """
FROM duckdb_views() SELECT view_name, sql WHERE database_name = $database AND NOT internal
UNION ALL FROM duckdb_functions() SELECT function_name, macro_definition
WHERE database_name = $database AND macro_definition IS NOT NULL
"""
TABLE_FUNCTIONS = "FROM duckdb_functions() SELECT DISTINCT function_name WHERE function_type = 'table'"
# Table functions that only read. Others may change the engine for everyone (enable_logging), end the process when
# they are bound (pandas_scan), or run SQL that is hidden in a text (query).
READING = re.compile(
    r"range|generate_series|unnest|repeat|repeat_row|json_each|json_tree|summary|glob|sniff_csv|test_all_types"
    r"|icu_calendar_names|pg_timezone_names|(read|parquet|duckdb|pragma)_\w+"
)
PROBLEMS: tuple[tuple[str, type[DataError], str], ...] = (
    ("Could not set lock", SourceAway, "is being written to by another program. Try again when that has closed it."),
    ("does not exist", SourceAway, "is not there now."),
    ("ermission denied", Unreadable, "cannot be read: permission denied."),
    ("not a valid DuckDB", Unreadable, "is not a DuckDB database."),
    ("version", Unreadable, "was written by a version of DuckDB that is not read here."),
)


@dataclass(frozen=True)
class Attached:
    """A version of the file as the engine has it: its name there, and its tables by their names."""

    alias: str = ""
    tables: dict[str, StoredTable] = field(default_factory=dict)


class DatabaseFileCatalog(FolderCatalog):
    """The tables and views of a DuckDB database file. A file that is replaced is seen at once.

    Args:
        path: where the file lies; one that is not there is no reason to stop, for it may come back.
        watch: stops the queries.
        memory: that all queries of this process have together, as DuckDB writes it ("128MB").
        spill: as of a folder's catalog.
    """

    def __init__(self, path: Path, watch: Watch, memory: str, spill: Path | None = None) -> None:
        self._path = path.resolve()
        super().__init__(None, watch, memory, spill, files=[self._path, self._path.with_name(f"{self._path.name}.wal")])

    def version(self) -> str:
        """Of the file."""
        return version_of({self._path.name: signature_of(self._path)})

    def names(self) -> list[TableName]:
        """The tables and views that are there now, by title."""
        tables = self._tables()
        self._keep_only(tables.keys())
        return by_title([TableName(name, table.title) for name, table in tables.items()])

    def _file(self, name: str) -> DataFile:
        found = self._tables().get(name)
        if found is None:
            raise TableGone(f"There is no table {name} now.")
        return found

    def _forget(self) -> None:
        super()._forget()
        self._attaching = threading.Lock()
        self._attached = Attached()

    def _tables(self) -> dict[str, StoredTable]:
        signature = signature_of(self._path)
        if signature is None:
            raise SourceAway(f"{self._path.name} is not there now.")
        alias = ALIAS + hashlib.blake2b(repr(signature).encode(), digest_size=12).hexdigest()
        with self.turn(), self._watch.holding(self._attaching):
            if self._attached.alias != alias:
                self._attach(alias, signature)
            return self._attached.tables

    def _attach(self, alias: str, signature: Signature) -> None:
        """Let the engine open this version of the file, and let go of the one before."""
        try:
            self._engines.of_all.rows(
                f"ATTACH IF NOT EXISTS {literal(str(self._path))} AS {alias} (READ_ONLY, TYPE duckdb)"
            )
        except duckdb.Error as error:
            LOG.warning("%s: %s", self._path.name, error)
            raise _explained(error, self._path.name) from error
        before, self._attached = self._attached.alias, Attached(alias, self._listed(alias, signature))
        if before:
            with suppress(duckdb.Error, DataError):  # nobody asks it any more, so it may stay
                self._engines.of_all.rows(f"DETACH {before}")

    def _listed(self, alias: str, signature: Signature) -> dict[str, StoredTable]:
        found = {}
        refused = self._refused(alias)
        for schema, table, is_view in self._engines.of_all.rows(LISTED, {"database": alias}):
            name = table if schema == MAIN and "." not in table else f"{schema}.{table}"
            relation = ".".join(map(quoted, (alias, schema, table)))
            found[name] = StoredTable(
                self._path,
                signature,
                alias=name,
                relation=relation,
                is_view=is_view,
                refused=refused.get(table, "") if is_view else "",
            )
        return found

    def _refused(self, alias: str) -> Mapping[str, str]:
        """Return the views and macros that must not be bound, each with the refused function."""
        rows = self._engines.of_all.rows
        names = [re.escape(name) for (name,) in rows(TABLE_FUNCTIONS) if not READING.fullmatch(name)]
        return refused(rows(DEFINED, {"database": alias}), re.compile(rf'\b({"|".join(names)})"?\s*\(', re.IGNORECASE))

    def _opened(self, file: DataFile, view: str) -> Reading:
        if isinstance(file, StoredTable) and file.refused:
            raise Unreadable(f"{file.name} is not shown: it uses {file.refused}, which does more than read tables.")
        try:
            return super()._opened(file, view)
        except (duckdb.CatalogException, duckdb.BinderException) as error:  # a view of what is not in the file
            LOG.warning("%s: %s", file.name, error)
            raise Unreadable(f"{file.name} asks for something that is not in {self._path.name}.") from error


def refused(defined: Sequence[Row], calls: re.Pattern[str]) -> Mapping[str, str]:
    """Return the definitions that call a function, or name another definition that does, with that function.

    Args:
        defined: name and SQL of each.
        calls: matches a call of a function that is refused.
    """
    found = {name: call[1].lower() for name, sql in defined if (call := calls.search(sql))}
    bodies = {name: sql.partition(" AS ")[2] or sql for name, sql in defined if name not in found}
    before = -1
    while len(found) > before:  # until no more definitions name one that is refused
        before = len(found)
        for name, body in bodies.items():
            named = next((each for each in found if _names(body, each)), None)
            if name not in found and named:
                found[name] = found[named]
    return found


def _names(sql: str, name: str) -> bool:
    """Return True if SQL may use a table or macro: it contains the name as a word."""
    word = re.escape(name.replace('"', '""'))
    return re.search(rf"(?<!\w){word}(?!\w)", sql, re.IGNORECASE) is not None


def _explained(error: duckdb.Error, name: str) -> DataError:
    text = str(error)
    for words, failure, problem in PROBLEMS:
        if words in text:
            return failure(f"{name} {problem}")
    return Unreadable(f"{name} cannot be opened as a DuckDB database.")
