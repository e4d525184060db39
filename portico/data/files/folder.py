"""The catalog over a folder of files: each file is a table, read with DuckDB."""

import logging
import re
import secrets
import threading
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence, Set
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import duckdb

from portico.data.columns import Column
from portico.data.descriptions import Description, read_description
from portico.data.failures import MORE_MEMORY, DataError, NeededTooMuch, TableGone, Unreadable
from portico.data.files.data_files import (
    SIDECAR,
    DataFile,
    FolderTables,
    Signature,
    file_at,
    is_table,
    signature_of,
    title_of,
    version_of,
)
from portico.data.files.duckdb_engine import DuckDBEngine
from portico.data.files.engine_errors import explained, explained_query, speaks_of_a_file
from portico.data.files.overviews import Overviews
from portico.data.files.reading import Reading, is_tiny, open_file
from portico.data.query import Query
from portico.data.questions.overview import MANY_ROWS, Overview
from portico.data.running import Watch
from portico.data.sample import SAMPLE, SAMPLE_COLUMNS, described, sample_file
from portico.data.tables import Row, Table, TableName, by_title

LOG = logging.getLogger("portico.data")
COPIES_BYTES = 32 * 2**20  # of files that are kept in memory, together
TINY_MEMORY = "16MB"  # for tiny tables and their queries; one that needs more takes it from all others'
MADE_ANEW = (duckdb.CatalogException, duckdb.BinderException)  # a table is not there, or has no codes yet
VERSIONS = 2  # of a file: the newest, and the one before it, which may be asked still
VIEW = f"t{secrets.token_hex(4)}_"  # begins the name of each view; nobody outside can know it
VIEWS = re.compile(VIEW + r"[0-9a-f]{24}")


class FolderCatalog:
    """The tables of a folder; the sample where it has none. A file that changes, comes or goes is seen at once.

    Args:
        folder: where the files lie; None for the sample alone.
        watch: stops the queries.
        memory: that all queries of this process have together, as DuckDB writes it ("128MB"), but for those of tiny tables.
        spill: a writable folder for what memory does not hold; without one such a query fails.
        files: files elsewhere that the engine may read.
    """

    dialect = "duckdb"

    def __init__(
        self,
        folder: Path | None,
        watch: Watch,
        memory: str,
        spill: Path | None = None,
        files: Sequence[Path] = (),
    ) -> None:
        self._watch = watch
        self._folder = folder.resolve() if folder is not None else None
        self._listing = FolderTables(self._folder)
        folders = [sample_file().parent, *([self._folder] if self._folder else [])]
        self._forget()
        downloads = watch.for_downloads()
        self._engine = DuckDBEngine(folders, watch, memory, self._forget, spill, files, downloads=downloads)
        self._engine_of_tiny = DuckDBEngine(folders, watch, TINY_MEMORY, self._forget, threads=1, downloads=downloads)

    def turn(self) -> AbstractContextManager[None]:
        """Hold a turn for all that the block asks."""
        return self._watch.turn()

    def version(self) -> str:
        """Of all files and their descriptions; the sample is of the build."""
        if self._folder is None:
            return SAMPLE
        names = [each for name, has_more in self._listing.names() for each in (name, name + SIDECAR)[: 1 + has_more]]
        return version_of({name: signature_of(self._folder / name) for name in names}) or SAMPLE

    def names(self) -> list[TableName]:
        """The tables that are there now, by title."""
        found = self._listing.names()
        self._keep_only({name for name, _ in found} or {SAMPLE})
        if self._folder is None or not found:
            return [TableName(SAMPLE, SAMPLE.capitalize())]
        names = [TableName(name, self._title(self._folder, name, has_more)) for name, has_more in found]
        return by_title(names)

    def table(self, name: str) -> Table:
        """The table of that name as it is now.

        Raises:
            TableGone: there is none.
            Unreadable: its file or its description is broken.
        """
        return self._reading(self._file(name)).table

    def rows(self, query: Query) -> list[Row]:
        """Work out a query."""
        try:
            return self._rows(query)
        except NeededTooMuch:
            if self._moves(query):
                return self.rows(query)
            if not self._drop(self._too_many(query.sql, 0, self._engine)):
                raise
        return self._rows(query)

    def _moves(self, query: Query) -> bool:
        """Let go of what a query asks in the engine of tiny tables, so that it is read where there is more memory."""
        tiny = [each.view for each in self._used(query) if each.engine is not self._engine]
        with self._lock:
            self._not_tiny.update(tiny)
        return self._drop(tiny)

    def overview(self, table: Table, x: Column, measure: Column) -> Overview | None:
        """An overview of a large table; made when it is first asked for, and kept for this version of its file."""
        view = (table.codes.relation if table.codes else table.relation).get_name()
        if table.rows is None or table.rows < MANY_ROWS or view not in self._readings:
            return None
        return self._overviews.of(view, table, x, measure)

    def batches(self, query: Query) -> Iterator[list[Row]]:
        """Work out a query of any size, some rows at a time."""
        for again in (True, False):
            with self.turn():
                used = self._used(query)
            begun = False
            try:
                for batch in self._engine_of(used).batches(query.sql, query.values):
                    begun = True
                    yield batch
                break
            except NeededTooMuch:
                if begun or not again or not self._moves(query):
                    raise
            except MADE_ANEW as error:  # the engine let go of a table while this waited for its turn
                if begun or not again:
                    raise self._failure(error, used) from error
            except duckdb.Error as error:
                raise self._failure(error, used) from error
        _check_unchanged(used)

    def _rows(self, query: Query, again: bool = True) -> list[Row]:
        used = self._used(query)
        try:
            rows = self._engine_of(used).rows(query.sql, query.values)
        except MADE_ANEW as error:  # the engine let go of a table just now
            if again:
                return self._rows(query, again=False)
            raise self._failure(error, used) from error
        except duckdb.Error as error:
            raise self._failure(error, used) from error
        _check_unchanged(used)
        return rows

    def _forget(self) -> None:
        """Begin with no table read: at first, and when the engine has let go of them."""
        self._lock = threading.Lock()
        self._readings: OrderedDict[str, Reading | Unreadable] = OrderedDict()  # by view, longest unused first
        self._opening: dict[str, threading.Lock] = {}
        self._versions: dict[str, list[str]] = {}  # views of each file, the newest last
        self._descriptions: dict[str, tuple[Signature, Description]] = {}
        self._not_tiny: set[str] = set()  # views of tables that are, but took more memory than those have
        self._overviews = Overviews(self._rows, self._drop_table, self._watch.holding)

    def _file(self, name: str) -> DataFile:
        if self._folder is not None and is_table(name):
            return file_at(self._folder / name)
        if name == SAMPLE and self.names()[0].name == SAMPLE:
            return _sample()
        raise TableGone(f"There is no table {name} now.")

    def _reading(self, file: DataFile) -> Reading:
        view = VIEW + file.digest()
        with self._lock:
            opening = self._opening.setdefault(file.name, threading.Lock())
        with self.turn(), self._watch.holding(opening):
            found = self._readings.get(view)
            if found is None:
                found = self._open(file, view)
                self._keep(view, found, file.name)
        if isinstance(found, Unreadable):
            raise Unreadable(*found.args)
        return found

    def _open(self, file: DataFile, view: str) -> Reading | Unreadable:
        """Read a file; what is wrong with it is kept as well, so that it is looked at once.

        What may pass by itself, as a disk that does not answer, is raised: the file is looked at again.
        """
        try:
            description = self._description(file)
            reading = self._described(self._opened(file, view), description)
        except NeededTooMuch as error:
            raise NeededTooMuch(f"{file.name} takes more memory than there is for a query. {MORE_MEMORY}") from error
        except Unreadable as error:
            failure: DataError = error
        except (duckdb.Error, OSError, EOFError, zlib.error) as error:
            LOG.warning("%s: %s", file.name, error)
            failure = explained(error, file.name)
        else:
            return reading
        file.check_unchanged()
        if isinstance(failure, Unreadable):
            return failure
        raise failure

    def _described(self, reading: Reading, description: Description) -> Reading:
        try:
            return replace(reading, table=description.of(described(reading.table)))
        except Unreadable:
            self._drop_reading(reading)
            raise

    def _opened(self, file: DataFile, view: str) -> Reading:
        self._engine.open()  # with that of tiny tables, not at a time when it may fail
        tiny = self._opened_as_tiny(file, view)
        if tiny is not None:
            return tiny
        try:
            return open_file(file, view, self._engine, self._watch.check)
        except NeededTooMuch:
            if not self._drop(self._too_many(view, 0, self._engine)):
                raise
            return open_file(file, view, self._engine, self._watch.check)

    def _opened_as_tiny(self, file: DataFile, view: str) -> Reading | None:
        """Read a file in the engine of tiny tables; None where it is none, or takes more memory than those have."""
        if not is_tiny(file) or view in self._not_tiny:
            return None
        with suppress(NeededTooMuch):
            reading = open_file(file, view, self._engine_of_tiny, self._watch.check)
            if (reading.table.rows or 0) < MANY_ROWS:  # a text that was compressed may be anything
                return reading
        with self._lock:
            self._not_tiny.add(view)
        self._drop_table(view, self._engine_of_tiny)  # a half of it may be there
        return None

    def _keep(self, view: str, found: Reading | Unreadable, name: str) -> None:
        """Keep what was read; of a file's earlier versions only the last, which may be asked still."""
        with self._lock:
            versions = [*(each for each in self._versions.get(name, ()) if each != view), view]
            self._versions[name] = versions[-VERSIONS:]
            self._readings[view] = found
            self._not_tiny.difference_update(versions[:-VERSIONS])
        self._drop([*versions[:-VERSIONS], *self._too_many(view, COPIES_BYTES)])

    def _keep_only(self, names: Set[str]) -> None:
        """Let go of what was read of files that are gone; by those who hold a turn, which that takes.

        What is being opened just now is looked at the next time.
        """
        if not self._watch.holds_turn():
            return
        with self._lock:
            known = self._versions.keys() | self._opening.keys() | self._descriptions.keys()
            gone = [name for name in known - names if not (name in self._opening and self._opening[name].locked())]
            views = [view for name in gone for view in self._versions.pop(name, ())]
            self._not_tiny.difference_update(views)
            for name in gone:
                self._opening.pop(name, None)
                self._descriptions.pop(name, None)
        self._drop(views)

    def _too_many(self, kept: str, most: int, engine: DuckDBEngine | None = None) -> list[str]:
        """The copies that are unused for longest, as many as are more than these bytes; none that `kept` names.

        Args:
            engine: whose copies are looked at; those of all without one.
        """
        with self._lock:
            read = [each for each in self._readings.values() if isinstance(each, Reading)]
            copies = [(each.view, each.copied) for each in read if engine in (None, each.engine)]
        total, dropped = sum(size for _, size in copies), []
        for view, size in copies:
            if total > most and size and view not in kept:
                dropped.append(view)
                total -= size
        return dropped

    def _drop(self, views: list[str]) -> bool:
        """Let go of views and copies; they are read again when a query asks for them."""
        with self._lock:
            gone = [self._readings.pop(view) for view in views if view in self._readings]
        for reading in gone:
            self._overviews.drop(reading.view if isinstance(reading, Reading) else "")
            if isinstance(reading, Reading):
                self._drop_reading(reading)
        return bool(gone)

    def _drop_reading(self, reading: Reading) -> None:
        self._drop_table(reading.view, reading.engine, "TABLE" if reading.copied else "VIEW")

    def _drop_table(self, name: str, engine: DuckDBEngine | None = None, kind: str = "TABLE") -> None:
        with suppress(duckdb.Error, DataError):  # nobody asks it any more, so it may stay
            (engine or self._engine).rows(f"DROP {kind} IF EXISTS {name}")

    def _engine_of(self, used: list[Reading]) -> DuckDBEngine:
        """The engine that has what a query asks: one table, or what is worked out of one."""
        return used[0].engine if used else self._engine

    def _used(self, query: Query) -> list[Reading]:
        """What a query asks; read anew where the engine has let go of it since."""
        return [self._reading_of(view) for view in sorted(set(VIEWS.findall(query.sql)))]

    def _reading_of(self, view: str) -> Reading:
        with self._lock:
            found = self._readings.get(view)
            if isinstance(found, Reading):
                self._readings.move_to_end(view)
                return found
        for name in self.names():
            file = self._file(name.name)
            if VIEW + file.digest() == view:
                return self._reading(file)
        raise Unreadable("The table changed while it was read. Try again.")

    def _failure(self, error: duckdb.Error, used: list[Reading]) -> DataError:
        """What a reader is told of a query that failed."""
        LOG.warning("%s: %s", ", ".join(reading.file.name for reading in used), error)
        _check_unchanged(used)
        if isinstance(error, duckdb.CatalogException):
            return Unreadable("The table changed while it was read. Try again.")
        files = [reading.file for reading in used if not reading.copied]
        if files and speaks_of_a_file(error):
            named = next((file for file in files if file.path.name in str(error)), files[0])
            return explained(error, named.name)
        return explained_query(error)

    def _description(self, file: DataFile) -> Description:
        """What lies beside a file; raises DataError if it is wrong or cannot be read."""
        if file.sidecar is None:
            return Description()
        with self._lock:
            known = self._descriptions.get(file.name)
        if known is not None and known[0] == file.sidecar:
            return known[1]
        sidecar = file.path.with_name(file.name + SIDECAR)
        try:
            found = read_description(sidecar.read_bytes(), sidecar.name)
        except OSError as error:
            raise explained(error, sidecar.name) from error
        with self._lock:
            self._descriptions[file.name] = (file.sidecar, found)
        return found

    def _title(self, folder: Path, name: str, has_more: bool) -> str:
        if has_more:
            with suppress(DataError):  # which is said to whoever asks for the table
                file = file_at(folder / name)
                return self._description(file).title or file.title
        return title_of(name)


@cache
def _sample() -> DataFile:
    """The sample, which stays as it is for as long as the package that it came with."""
    return replace(file_at(sample_file()), alias=SAMPLE, only=SAMPLE_COLUMNS)


def _check_unchanged(used: list[Reading]) -> None:
    """Raise DataError if a file that was read is another one now: its rows may not be what was asked for."""
    for reading in used:
        if not reading.copied:
            reading.file.check_unchanged()
