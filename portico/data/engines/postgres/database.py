"""The tables of a PostgreSQL database: Ibis writes the SQL, the server works it out, psycopg brings plain rows.

The address should be that of a role that may read and nothing more. Every session is read-only too, but a role is
what the server holds to. Not for a database whose tables a reader must not see: whatever the role can read is offered.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import psycopg
from psycopg import sql

from portico.data.columns import Column, describe
from portico.data.engines.postgres.database_failures import ConnectionLost, failure_of
from portico.data.engines.postgres.database_sessions import LATER_S, Lease, Sessions
from portico.data.engines.postgres.database_tables import (
    COLUMNS,
    RELATIONS,
    FirstLook,
    Relation,
    TypedColumn,
    ibis_table,
)
from portico.data.errors import NeededTooMuch, TableGone, TookTooLong, Unreadable
from portico.data.queries.overview import Overview
from portico.data.query import Query
from portico.data.sample import described
from portico.data.scheduler import Watch
from portico.data.tables import Row, Table, TableName

NAMES_LAST_S = 2
TABLE_LASTS_S = 60  # a database tells nothing of changes to its rows
FIRST_LOOK_S = 3  # a view that takes longer is offered without it
BATCH_ROWS = 5000

Statement = bytes | sql.Composed


class DatabaseCatalog:
    """The tables and views that a role of a PostgreSQL database can read.

    Args:
        address: as libpq reads it; what it leaves out is taken from PGPASSFILE, PGSSLMODE and so on.
        watch: looks after the queries of this process.

    Raises:
        ConfigError: the address is none. A database that does not answer is no reason: it may come back.
    """

    dialect = "postgres"

    def __init__(self, address: str, watch: Watch) -> None:
        self._watch = watch
        self._downloads = watch.for_downloads()
        self._sessions = Sessions(address, watch.seconds)
        # Threads may fill these at once, each with the same: a lock could be held across a fork.
        self._listed: tuple[float, dict[str, Relation]] = (0.0, {})
        self._described: dict[str, tuple[float, Relation, Table]] = {}

    def turn(self) -> AbstractContextManager[None]:
        """Hold a turn for all that the block asks."""
        return self._watch.turn()

    def version(self) -> str:
        """Empty: a database tells nothing of changes to its rows."""
        return ""

    def names(self) -> list[TableName]:
        """The tables that are there now, those of other schemas than the role's own last."""
        return [TableName(relation.name, relation.title) for relation in self._relations().values()]

    def table(self, name: str) -> Table:
        """The table of that name; its definition is as it is now, its facts are up to a minute old."""
        relation = self._relations().get(name)
        if relation is None:
            raise TableGone("The database has no table of this name that this site can read.")
        until, known, table = self._described.get(name, (0.0, None, None))
        if table is None or known != relation or time.monotonic() > until:
            table = self._describe(relation)
            self._described[name] = (time.monotonic() + TABLE_LASTS_S, relation, table)
        return table

    def rows(self, query: Query) -> list[Row]:
        """Work out a query; for answers that fit in memory many times."""
        return self._rows(query.sql.encode(), query.values)

    def overview(self, _table: Table, _x: Column, _measure: Column, /) -> Overview | None:
        """None: a database does not say when its data changes, so that nothing made of it can be kept."""
        return None

    def batches(self, query: Query) -> Iterator[list[Row]]:
        """Work out a query of any size, some rows at a time."""
        begun = False
        try:
            for batch in self._batches(query):
                begun = True
                yield batch
        except ConnectionLost:
            if begun:
                raise
            yield from self._batches(query)

    def _relations(self) -> dict[str, Relation]:
        until, relations = self._listed
        if time.monotonic() > until:
            relations = {
                relation.name: relation for relation in (Relation(*row) for row in self._rows(RELATIONS.encode()))
            }
            self._listed = (time.monotonic() + NAMES_LAST_S, relations)
        return relations

    def _describe(self, relation: Relation) -> Table:
        every = [TypedColumn(*row) for row in self._rows(COLUMNS.encode(), [relation.oid])]
        columns = [column for column in every if column.readable]
        if not columns:
            raise Unreadable("This table has no columns that this site can read.")
        look = FirstLook.at(relation, columns)
        answer = self._first_look(look)
        facts = look.facts(answer) if answer else {}
        table = Table(
            name=relation.name,
            title=relation.title,
            relation=ibis_table(relation, every),
            columns={column.name: describe(column.name, column.dtype, facts.get(column.name)) for column in columns},
            rows=answer[0] if answer and answer[0] < look.limit else None,
        )
        return described(table)

    def _first_look(self, look: FirstLook) -> Row | None:
        try:
            return self._rows(look.query(), seconds=min(FIRST_LOOK_S, self._watch.seconds))[0]
        except (TookTooLong, NeededTooMuch):
            return None

    def _rows(self, statement: Statement, values: Any = None, seconds: float | None = None) -> list[Row]:
        """Retry once on a new connection if one broke: a query changes nothing.

        `%` is psycopg's mark in a statement with values, if there are none of them, and itself in one without.
        """

        def ask() -> list[Row]:
            with self._session(self._watch, seconds) as connection:
                return connection.execute(statement, values).fetchall()

        return _once_more(ask)

    def _batches(self, query: Query) -> Iterator[list[Row]]:
        later = self._downloads.seconds + LATER_S
        with self._session(self._downloads) as connection, connection.transaction():
            connection.execute(f"SET LOCAL statement_timeout = {round(later * 1000)}".encode())
            connection.execute("SET LOCAL cursor_tuple_fraction = 1")  # all rows are wanted, not the first of them
            with connection.cursor(name="batches") as cursor:
                cursor.execute(query.sql.encode(), query.values)
                while rows := cursor.fetchmany(BATCH_ROWS):
                    yield rows

    @contextmanager
    def _session(self, watch: Watch, seconds: float | None = None) -> Iterator[psycopg.Connection[Row]]:
        """Hold a session while the block asks something of it; one at a time for each turn that the watch gives."""
        lease = Lease()
        with watch.running(lease.interrupt, seconds):
            try:
                yield lease.begin(self._sessions.take())
            except (psycopg.Error, UnicodeError) as error:
                raise failure_of(error, lease.lost, self._sessions.without_address) from None  # it quotes the address
            finally:
                lease.end(self._sessions)


def _once_more(ask: Callable[[], list[Row]]) -> list[Row]:
    try:
        return ask()
    except ConnectionLost:
        return ask()
