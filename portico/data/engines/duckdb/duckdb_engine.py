"""DuckDB in this process: it reads the files of given folders and nothing else.

Answers are plain rows. Neither pandas nor Arrow is loaded for that, which saves a chart page about 70 MB.
"""

import logging
import os
import socket
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from math import isfinite
from pathlib import Path
from typing import Any

import duckdb

from portico.data.errors import TOO_MUCH_MEMORY, NeededTooMuch
from portico.data.scheduler import Watch
from portico.data.tables import Row

ENGINE_THREADS = 2
MOST_SPILLED = "4GB"  # of one process, in its spill folder
ROWS_A_BATCH = 2000
MOST_IDLE = 4  # sessions that wait for the next query
MOST_PREPARED = 32  # statements of a session
CHANGES = ("CREATE ", "DROP ")  # begin the statements that change which tables there are

LOG = logging.getLogger("portico.data")
NO_VALUES: Mapping[str, Any] = {}


class DuckDBEngine:
    """A database in memory that is opened at its first query, and again after a fork.

    DuckDB works with threads of its own, which a forked process does not inherit: a connection that
    crossed a fork would wait for them for ever. Not for a process that forks while it answers: the
    queries under way would be cut off.

    Args:
        folders, files: what may be read; every other place, and the network, is closed to it.
        watch: stops the queries.
        memory: that all queries of this process have together, as DuckDB writes it ("128MB").
        forget: called when what was created here is gone.
        spill: a writable folder to spill to, shared with other processes; without it, queries that must spill fail.
        threads: that work at one query; its own with one, so that nobody is woken for it.
        downloads: stops those; unset = one of its own.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        watch: Watch,
        memory: str,
        forget: Callable[[], None] = lambda: None,
        spill: Path | None = None,
        files: Sequence[Path] = (),
        threads: int = ENGINE_THREADS,
        downloads: Watch | None = None,
    ) -> None:
        self._folders = [str(folder) for folder in folders]
        self._files = [str(file) for file in files]
        self._watch = watch
        self._downloads = downloads or watch.for_downloads()
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "threads": threads,
            "memory_limit": memory,
            "allocator_bulk_deallocation_flush_threshold": "4MB",  # return the memory of a query to the system
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        self._spill = spill
        self._forget = forget
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._idle: list[Session] = []
        self._close_before_forks()

    def rows(self, sql: str, values: Mapping[str, Any] = NO_VALUES) -> list[Row]:
        """Run a statement and return all its rows.

        Raises:
            DataError: it was stopped, or needed too much memory.
            duckdb.Error: whatever else went wrong.
        """
        with self._session(self._watch) as session:
            rows = session.executed(sql, values).fetchall()
        if sql.startswith(CHANGES):
            self._forget_statements()
        return rows

    def batches(self, sql: str, values: Mapping[str, Any] = NO_VALUES) -> Iterator[list[Row]]:
        """Run a query and return its rows some at a time; raises what `rows` does."""
        with self._session(self._downloads) as session:
            cursor = session.executed(sql, values)
            while batch := cursor.fetchmany(ROWS_A_BATCH):
                yield batch

    def open(self) -> None:
        """Open the database if it is not: DuckDB ends the process where it cannot, as when no more files can be opened."""
        with self._lock:
            self._connected()

    def close(self) -> None:
        """Let go of everything; the next query opens it again."""
        with self._lock:
            self._close()

    def _forget_statements(self) -> None:
        """Drop statements prepared before tables changed: they are re-planned at every use and keep dropped data."""
        with self._lock:
            self._let_sessions_go()

    @contextmanager
    def _session(self, watch: Watch) -> Iterator["Session"]:
        session, idle = self._opened()
        kept = False
        try:
            with watch.running(session.cursor.interrupt):
                yield session
            kept = self._kept(session, idle)
        except duckdb.OutOfMemoryException as error:
            LOG.warning("%s", error)
            raise NeededTooMuch(TOO_MUCH_MEMORY) from error
        except duckdb.FatalException:
            self.close()  # this database answers nothing any more, a new one does
            raise
        finally:
            if not kept:  # what failed or was stopped may have left something in it
                session.cursor.close()

    def _opened(self) -> tuple["Session", list["Session"]]:
        """A session, and the list to which it belongs while nobody uses it."""
        with self._lock:
            connection = self._connected()
            return self._idle.pop() if self._idle else Session(connection.cursor()), self._idle

    def _kept(self, session: "Session", idle: list["Session"]) -> bool:
        """Keep a session for the next query, unless its list was given up meanwhile."""
        with self._lock:
            keeps = idle is self._idle and len(idle) < MOST_IDLE
            if keeps:
                idle.append(session)
            return keeps

    def _let_sessions_go(self) -> None:
        idle, self._idle = self._idle, []
        for session in idle:
            session.cursor.close()

    def _connected(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self._connection = self._open()
        return self._connection

    def _open(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(config={**self._config, "temp_directory": self._spill_folder()})
        connection.execute(f"SET max_temp_directory_size = '{MOST_SPILLED}'")
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_external_file_cache = false")  # a file is read as it is now
        connection.execute(f"SET allowed_directories = [{', '.join(map(_literal, self._folders))}]")
        connection.execute(f"SET allowed_paths = [{', '.join(map(_literal, self._files))}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return connection

    def _spill_folder(self) -> str:
        """The folder of this process alone: the files in it have the same names in every process."""
        if self._spill is None:
            return ""
        folder = self._spill / f"{socket.gethostname()}-{os.getpid()}"
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)

    def _close(self) -> None:
        self._let_sessions_go()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._forget()

    def _close_before_forks(self) -> None:
        lock, engine = self._lock, weakref.ref(self)

        def close() -> None:
            lock.acquire()
            if (alive := engine()) is not None:
                alive._close()

        os.register_at_fork(before=close, after_in_parent=lock.release, after_in_child=lock.release)


class Session:
    """A cursor and the statements that it has prepared; for one query at a time."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
        self.cursor = cursor
        self._prepared: dict[str, str] = {}  # names by SQL, the longest kept first
        self._names = count()

    def executed(self, sql: str, values: Mapping[str, Any]) -> duckdb.DuckDBPyConnection:
        """Run a statement; its values are given to EXECUTE, for handing them to Python's `execute` loads pandas."""
        if not values:
            return self.cursor.execute(sql)
        written = ", ".join(f"{name} := {_literal(each)}" for name, each in values.items())
        return self.cursor.execute(f"EXECUTE {self._statement(sql)}({written})")

    def _statement(self, sql: str) -> str:
        name = self._prepared.get(sql)
        if name is None:
            name = f"question{next(self._names)}"
            self.cursor.execute(f"PREPARE {name} AS {sql}")
            self._prepared[sql] = name
            if len(self._prepared) > MOST_PREPARED:
                self.cursor.execute(f"DEALLOCATE {self._prepared.pop(next(iter(self._prepared)))}")
        return name


def _literal(value: Any) -> str:
    """A value as an expression of SQL in which none of its own characters stands.

    It has the type of the statement's parameter: with another type, DuckDB re-plans the statement.
    """
    if value is None:
        return "NULL"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, float) and isfinite(value):
        return f"({value!r})::DOUBLE"  # digits alone, and cheaper to read
    written = f"decode(from_hex('{str(value).encode().hex()}'))"
    kind = {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE", datetime: "TIMESTAMP"}.get(type(value))
    if kind == "BIGINT" and not -(2**63) <= value < 2**63:
        kind = "HUGEINT"
    return f"CAST({written} AS {kind})" if kind else written
