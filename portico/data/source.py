"""The engine behind the charts: DuckDB in this process, asked with Ibis expressions.

Ibis writes the SQL and DuckDB answers with plain rows. Neither pandas nor Arrow is loaded for that,
which saves a chart page about 70 MB.
"""

import os
import threading
from collections.abc import Callable
from typing import Any

import duckdb
import ibis
import ibis.expr.types as ir

ENGINE_THREADS = 2
ENGINE_MEMORY = "128MB"  # of one process; a query that needs more spills or fails alone

# Importing duckdb opens a connection with a thread of its own. A forked worker has not that thread, and
# would wait for it when it ends: every stop would last until the worker is killed.
duckdb.default_connection().close()

Load = Callable[[duckdb.DuckDBPyConnection], None]


class Source:
    """A database that is opened at its first query, and again after a fork.

    DuckDB works with threads of its own, which a forked process does not inherit: a connection that
    crossed a fork would wait for them for ever. Not for a process that forks while it answers: the
    queries under way would be cut off.

    Args:
        load: creates the tables on a fresh connection.
    """

    def __init__(self, load: Load) -> None:
        self._load = load
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        os.register_at_fork(
            before=self._close_before_fork, after_in_parent=self._lock.release, after_in_child=self._lock.release
        )

    def rows(self, expression: ir.Table) -> list[tuple[Any, ...]]:
        """Work out an expression and return its rows, a tuple for each, in the order of its columns."""
        sql = ibis.to_sql(expression, dialect="duckdb")
        cursor = self._cursor()
        try:
            return cursor.execute(str(sql)).fetchall()
        finally:
            cursor.close()

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            if self._connection is None:
                connection = duckdb.connect(config={"threads": ENGINE_THREADS, "memory_limit": ENGINE_MEMORY})
                self._load(connection)
                self._connection = connection
            return self._connection.cursor()

    def _close_before_fork(self) -> None:
        self._lock.acquire()
        if self._connection is not None:
            self._connection.close()
            self._connection = None
