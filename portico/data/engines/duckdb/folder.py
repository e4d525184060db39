"""The catalog over a folder of files: each file is a table, read with DuckDB."""

import logging
import re
import secrets
import zlib
from collections.abc import Iterator, Sequence, Set
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import duckdb

from portico.config.regular_file import open_regular_file
from portico.data.columns import Column
from portico.data.descriptions import Description, read_description
from portico.data.engines.duckdb.data_files import (
    SIDECAR,
    DataFile,
    FolderTables,
    Signature,
    file_at,
    is_table,
    signature_or_none,
    title_of,
    version_of,
)
from portico.data.engines.duckdb.duckdb_engine import DuckDBEngine
from portico.data.engines.duckdb.engine_errors import explained, explained_query, speaks_of_a_file
from portico.data.engines.duckdb.engines import Engines
from portico.data.engines.duckdb.overviews import Overviews
from portico.data.engines.duckdb.reading import Reading
from portico.data.engines.duckdb.readings import Readings
from portico.data.errors import MORE_MEMORY, TOO_MUCH_MEMORY, DataError, NeededTooMuch, TableGone, Unreadable
from portico.data.killer_queries import marked
from portico.data.process_memory import release_free_memory
from portico.data.queries.overview import MANY_ROWS, Overview
from portico.data.query import Query
from portico.data.sample import SAMPLE, SAMPLE_COLUMNS, described, sample_file
from portico.data.scheduler import Watch
from portico.data.tables import Row, Table, TableName, by_title

LOG = logging.getLogger("portico.data")
LARGE_ROWS = 500_000  # queries of such a table run one after another
MOST_DESCRIBED_BYTES = 256 * 1024  # of a description, which has a few lines for each column
COPIES_BYTES = 32 * 2**20  # of files that are kept in memory, together
MADE_ANEW = (duckdb.CatalogException, duckdb.BinderException)  # a table is not there, or has no codes yet
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
        self._spill = spill
        self._folder = folder.resolve() if folder is not None else None
        self._listing = FolderTables(self._folder)
        folders = [sample_file().parent, *([self._folder] if self._folder else [])]
        self._engines = Engines(folders, watch, memory, self._forget, spill, files)
        self._forget()

    def turn(self) -> AbstractContextManager[None]:
        """Hold a turn for all that the block asks."""
        return self._watch.turn()

    def version(self) -> str:
        """Of all files and their descriptions; the sample is of the build."""
        if self._folder is None:
            return SAMPLE
        names = [each for name, has_more in self._listing.names() for each in (name, name + SIDECAR)[: 1 + has_more]]
        return version_of({name: signature_or_none(self._folder / name) for name in names}) or SAMPLE

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
            if not self._make_room(query.sql):
                raise
        return self._rows(query)

    def _moves(self, query: Query) -> bool:
        """Let go of what a query asks in the engine of tiny tables, so that it is read where there is more memory."""
        tiny = [each.view for each in self._used(query) if each.engine is self._engines.of_tiny]
        self._engines.keep_from_tiny(tiny)
        return self._drop(tiny)

    def _make_room(self, kept: str) -> bool:
        """Let go of all copies in the engine for all but those that `kept` names."""
        return self._drop(self._readings.too_many(kept, 0, self._engines.of_all))

    def overview(self, table: Table, x: Column, measure: Column) -> Overview | None:
        """An overview of a large table; made when it is first asked for, and kept for this version of its file."""
        if table.rows is not None and table.rows >= LARGE_ROWS:
            self._watch.run_alone()  # before taking a lock that another large query may wait for
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
            with self._large(used, query):
                rows = self._engine_of(used).rows(query.sql, query.values)
        except MADE_ANEW as error:  # the engine let go of a table just now
            if again:
                return self._rows(query, again=False)
            raise self._failure(error, used) from error
        except duckdb.Error as error:
            raise self._failure(error, used) from error
        _check_unchanged(used)
        return rows

    @contextmanager
    def _large(self, used: Sequence[Reading], query: Query) -> Iterator[None]:
        """Run a query of a large table alone, and never again if a process of this site died of it."""
        if not any(each.table.rows is None or each.table.rows >= LARGE_ROWS for each in used):
            yield
            return
        with self._watch.turn():
            self._watch.run_alone()
            statement = VIEWS.sub(lambda view: view[0].removeprefix(VIEW), query.sql)  # the same in every process
            with marked(self._spill, f"{statement}\n{query.values}") as may_run:
                if not may_run:
                    raise NeededTooMuch(TOO_MUCH_MEMORY)
                try:
                    yield
                finally:
                    release_free_memory()

    def _forget(self) -> None:
        """Begin with no table read: at first, and when the engine has let go of them."""
        self._engines.forget_all()
        self._readings = Readings()
        self._descriptions: dict[str, tuple[Signature, Description]] = {}
        self._overviews = Overviews(self._rows, self._engines.drop_table, self._watch.holding)

    def _file(self, name: str) -> DataFile:
        if self._folder is not None and is_table(name):
            return file_at(self._folder / name)
        if name == SAMPLE and self.names()[0].name == SAMPLE:
            return _sample()
        raise TableGone(f"There is no table {name} now.")

    def _reading(self, file: DataFile) -> Reading:
        view = VIEW + file.digest()
        with self.turn(), self._watch.holding(self._readings.opening(file.name)):
            found = self._readings.of(view)
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
            self._engines.drop(reading)
            raise

    def _opened(self, file: DataFile, view: str) -> Reading:
        return self._engines.read(file, view, lambda: self._make_room(view))

    def _keep(self, view: str, found: Reading | Unreadable, name: str) -> None:
        """Keep what was read; of a file's earlier versions only the last, which may be asked still."""
        old = self._readings.keep(name, view, found)
        self._engines.forget(old)
        self._drop([*old, *self._readings.too_many(view, COPIES_BYTES)])

    def _keep_only(self, names: Set[str]) -> None:
        """Let go of what was read of files that are gone; by those who hold a turn, which that takes.

        What is being opened just now is looked at the next time, but for its description, which is read again.
        """
        if not self._watch.holds_turn():
            return
        for name in self._descriptions.keys() - names:
            self._descriptions.pop(name, None)
        views = self._readings.keep_only(names)
        self._engines.forget(views)
        self._drop(views)

    def _drop(self, views: Sequence[str]) -> bool:
        """Let go of views and copies; they are read again when a query asks for them."""
        gone = self._readings.take(views)
        for reading in gone:
            if isinstance(reading, Reading):
                self._overviews.drop(reading.view)
                self._engines.drop(reading)
        return bool(gone)

    def _engine_of(self, used: list[Reading]) -> DuckDBEngine:
        """The engine that has what a query asks: one table, or what is worked out of one."""
        return used[0].engine if used else self._engines.of_all

    def _used(self, query: Query) -> list[Reading]:
        """Return the relation of a query; read again if the engine has dropped it since."""
        return [self._reading_of(view) for view in sorted(set(VIEWS.findall(query.sql)))]

    def _reading_of(self, view: str) -> Reading:
        found = self._readings.used(view)
        if found is not None:
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
        known = self._descriptions.get(file.name)
        if known is not None and known[0] == file.sidecar:
            return known[1]
        sidecar = file.path.with_name(file.name + SIDECAR)
        try:
            with open_regular_file(sidecar, sidecar.parent) as content:
                text = content.read(MOST_DESCRIBED_BYTES + 1)
        except OSError as error:
            raise explained(error, sidecar.name) from error
        if len(text) > MOST_DESCRIBED_BYTES:
            raise Unreadable(f"{sidecar.name} is too large: a description may have {MOST_DESCRIBED_BYTES // 1024} KB.")
        found = read_description(text, sidecar.name)
        self._descriptions[file.name] = (file.sidecar, found)
        return found

    def _title(self, folder: Path, name: str, has_more: bool) -> str:
        if has_more:
            with suppress(DataError):  # queries of the table report it
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
