"""The engines that read files: one that has the memory for all, and one of one thread for tiny tables."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import duckdb

from portico.data.engines.duckdb.data_files import DataFile
from portico.data.engines.duckdb.duckdb_engine import DuckDBEngine
from portico.data.engines.duckdb.reading import Reading, is_tiny, open_file
from portico.data.errors import DataError, NeededTooMuch
from portico.data.queries.overview import MANY_ROWS
from portico.data.scheduler import Watch

TINY_MEMORY = "16MB"  # for tiny tables and their queries; one that needs more takes it from all others'


class Engines:
    """The two engines of a catalog, and which of them reads a file.

    Args:
        folders: whose files they may read.
        watch: stops the queries.
        memory: of the one for all, as DuckDB writes it ("128MB").
        forget: called when one of them has let go of all that it had.
        spill: a writable folder for what memory does not hold.
        files: files elsewhere that they may read.

    Attributes:
        of_all: has whatever is not tiny.
        of_tiny: has tables of so few rows that several threads are of no use to a query of them.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        watch: Watch,
        memory: str,
        forget: Callable[[], None],
        spill: Path | None,
        files: Sequence[Path],
    ) -> None:
        self._look = watch.check
        downloads = watch.for_downloads()
        self.of_all = DuckDBEngine(folders, watch, memory, forget, spill, files, downloads=downloads)
        self.of_tiny = DuckDBEngine(folders, watch, TINY_MEMORY, forget, threads=1, downloads=downloads)
        self._not_tiny: set[str] = set()  # views of tables that are, but took more memory than those have

    def read(self, file: DataFile, view: str, make_room: Callable[[], bool]) -> Reading:
        """Make a file a table.

        Args:
            make_room: lets go of tables of the engine for all; returns whether there were any.

        Raises:
            DataError, duckdb.Error, OSError: it cannot be read.
        """
        self.of_all.open()  # with that of tiny tables, not at a time when it may fail
        tiny = self._read_as_tiny(file, view)
        if tiny is not None:
            return tiny
        try:
            return open_file(file, view, self.of_all, self._look)
        except NeededTooMuch:
            if not make_room():
                raise
            return open_file(file, view, self.of_all, self._look)

    def _read_as_tiny(self, file: DataFile, view: str) -> Reading | None:
        """Read a file in the engine of tiny tables; None where it is none, or takes more memory than those have."""
        if not is_tiny(file) or view in self._not_tiny:
            return None
        with suppress(NeededTooMuch):
            reading = open_file(file, view, self.of_tiny, self._look)
            if (reading.table.rows or 0) < MANY_ROWS:  # a text that was compressed may be anything
                return reading
        self.keep_from_tiny([view])
        self.drop_table(view, self.of_tiny)  # a half of it may be there
        return None

    def keep_from_tiny(self, views: Iterable[str]) -> None:
        """Read these views where there is more memory."""
        self._not_tiny.update(views)

    def forget(self, views: Iterable[str]) -> None:
        """Forget what was known of views that nobody will ask any more."""
        self._not_tiny.difference_update(views)

    def forget_all(self) -> None:
        """Forget what was known of all views."""
        self._not_tiny.clear()

    def drop(self, reading: Reading) -> None:
        """Let go of what was read."""
        self.drop_table(reading.view, reading.engine, "TABLE" if reading.copied else "VIEW")

    def drop_table(self, name: str, engine: DuckDBEngine | None = None, kind: str = "TABLE") -> None:
        """Let go of a table, if it is there; of the engine for all without another."""
        with suppress(duckdb.Error, DataError):  # nobody asks it any more, so it may stay
            (engine or self.of_all).rows(f"DROP {kind} IF EXISTS {name}")
