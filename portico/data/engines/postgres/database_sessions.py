"""Sessions of a PostgreSQL database: opened at need, each used by one thread, thrown away once in doubt."""

import os
import re
import socket
import threading
import time
from collections import deque
from contextlib import suppress
from typing import Any, cast

import psycopg
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Loader
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Format, TransactionStatus

from portico.config.errors import HIDDEN, ConfigError

CANCEL_S = 2  # that the server has to take a request to stop a query
PATIENCE_S = 3  # with a query that was told to stop, before its connection is cut
LATER_S = 2  # than this process does the server stop a query by itself
# What the address may set otherwise: https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS
PARAMETERS: dict[str, Any] = {
    "application_name": "portico",
    "connect_timeout": 3,
    "keepalives_idle": 30,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,  # ms
}
SETTINGS = {
    "default_transaction_read_only": "on",
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "standard_conforming_strings": "on",
}
ONE_AT = re.compile(r"([^/@]*@)?[^@]*")
# Dates of PostgreSQL that Python cannot hold (infinity, 44 BC, the year 20000) cannot be drawn either.
MAY_NOT_FIT = ("date", "time", "timetz", "timestamp", "timestamptz", "interval")


class Session:
    """A connection, and a second handle on its socket that any thread may cut."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self._socket = socket.socket(fileno=os.dup(connection.fileno()))

    @property
    def lost(self) -> bool:
        """Return True if the connection broke."""
        return self.connection.closed

    @property
    def idle(self) -> bool:
        return self.connection.info.transaction_status == TransactionStatus.IDLE

    def cancel(self) -> None:
        """Stop the query in the server; where it does not listen, end the wait for it here."""
        try:
            self.connection.cancel_safe(timeout=CANCEL_S)
        except psycopg.Error:
            self.hang_up()

    def hang_up(self) -> None:
        """Cut the connection under a query, which then fails."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.connection.close()
        self._socket.close()


class Sessions:
    """The sessions of a process that wait for their next query.

    There are never more than queries were under way at once. A fork closes those that rest; of those in use
    the child knows nothing, since closing one there would end it for the parent.

    Args:
        address: as libpq reads it, `postgresql://user:password@host:port/database?sslmode=require`.
        seconds: that a query may take.

    Raises:
        ConfigError: it is no address.
    """

    def __init__(self, address: str, seconds: float) -> None:
        parts = _parsed(address)
        self._parameters = {**PARAMETERS, **parts}
        self._parts = _any_of(address, parts)
        self._reset = _reset_to(SETTINGS | {"statement_timeout": f"{round((seconds + LATER_S) * 1000)}ms"})
        self._idle: deque[Session] = deque()
        self._of_parent: list[Session] = []  # kept, so that nothing closes them
        os.register_at_fork(before=self.close_idle, after_in_child=self._forget)

    def without_address(self, text: str) -> str:
        """Return the text of an error without any part of the address, which could be a misplaced password."""
        return self._parts.sub("…", text)

    def take(self) -> Session:
        """Return a session that nobody else uses."""
        with suppress(IndexError):
            return self._idle.pop()
        return self._open()

    def give_back(self, session: Session, in_doubt: bool) -> None:
        """Keep a session for the next query; close it if it is in doubt, and all others if it broke."""
        if session.lost:
            self.close_idle()
        if in_doubt or not session.idle:
            session.close()
        else:
            self._idle.append(session)

    def reset(self, session: Session) -> bool:
        """Undo changes of a query to its session, such as a view's set_config; return False if that fails."""
        try:
            session.connection.execute(self._reset)
        except psycopg.Error:
            return False
        return session.idle

    def close_idle(self) -> None:
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def _forget(self) -> None:
        self._of_parent.extend(self._idle)
        self._idle.clear()

    def _open(self) -> Session:
        # Without prepared statements a pooler such as PgBouncer may stand between.
        connection: psycopg.Connection = psycopg.connect(
            **self._parameters, client_encoding="utf8", autocommit=True, prepare_threshold=None
        )
        try:
            self._set_up(connection)
            return Session(connection)
        except BaseException:
            connection.close()
            raise

    def _set_up(self, connection: psycopg.Connection) -> None:
        for name in MAY_NOT_FIT:
            connection.adapters.register_loader(name, _or_none(name))
        connection.execute(self._reset)


class Lease:
    """A session for the time of one query: what the watch may interrupt."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._told_at: float | None = None
        self._teller: threading.Thread | None = None

    @property
    def lost(self) -> bool:
        return self._session is not None and self._session.lost

    def begin(self, session: Session) -> psycopg.Connection:
        with self._lock:
            self._session = session
        return session.connection

    def interrupt(self) -> None:
        """Stop the query without waiting for the server: the watch has others to look after."""
        with self._lock:
            if self._session is None:
                return
            now = time.monotonic()
            self._told_at = self._told_at or now
            if now > self._told_at + PATIENCE_S:
                self._session.hang_up()
            elif self._teller is None or not self._teller.is_alive():
                self._teller = threading.Thread(target=self._session.cancel, name="cancel", daemon=True)
                self._teller.start()

    def end(self, sessions: Sessions) -> None:
        """Give the session back. One that was told to stop is in doubt: that could reach its next query."""
        session = self._session
        if session is None:
            return
        clean = self._told_at is None and session.idle and sessions.reset(session)  # can still be interrupted
        with self._lock:
            self._session = None
        sessions.give_back(session, in_doubt=not clean or self._told_at is not None)


def _reset_to(settings: dict[str, str]) -> bytes:
    """Return statements, for one round trip, that reset the session and apply these settings.

    The parts of DISCARD ALL that matter after a query, but within one implicit transaction and through a pooler too.
    RESET ALL leaves the role alone: https://www.postgresql.org/docs/current/sql-reset.html
    """
    calls = ", ".join(f"pg_catalog.set_config('{name}', '{value}', false)" for name, value in settings.items())
    reset = "SET SESSION AUTHORIZATION DEFAULT; RESET ALL; SELECT pg_catalog.pg_advisory_unlock_all()"
    return f"{reset}; SELECT {calls}".encode()


def _parsed(address: str) -> dict[str, Any]:
    rest = address.partition("://")[2]
    try:
        parts = dict(conninfo_to_dict(address))
    except (psycopg.Error, UnicodeError):
        parts = {}
    # A password with these signs as they are would be taken for a host or a port, and told in the log.
    ports = str(parts.get("port") or "").replace(",", "")
    if not parts or not ONE_AT.fullmatch(rest.partition("?")[0]) or (ports and not ports.isdecimal()):
        problem = (
            "must be postgresql://user:password@host:port/database, where a password has "
            "%25 for %, %40 for @, %2F for /, %3A for : and %3F for ?"
        )
        raise ConfigError("environment", "PORTICO_DATA", HIDDEN, problem)
    return parts


def _any_of(address: str, parts: dict[str, Any]) -> re.Pattern[str]:
    """Match each part of an address where it stands as a word, and a password wherever it stands."""
    password = str(parts.get("password") or "")
    words = {each for part in parts.values() for each in (str(part), *str(part).split(",")) if each}
    whole = sorted({each for each in (address, password) if each}, key=len, reverse=True)
    standing = [rf"(?<!\w){re.escape(each)}(?!\w)" for each in sorted(words, key=len, reverse=True)]
    return re.compile("|".join([*map(re.escape, whole), *standing]))


def _or_none(name: str) -> type[Loader]:
    """Return what reads a type of PostgreSQL, with None for the values that Python cannot hold."""
    loader = cast(type[Loader], psycopg.adapters.get_loader(psycopg.adapters.types[name].oid, Format.TEXT))

    class OrNone(Loader):
        def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
            super().__init__(oid, context)
            self._load = loader(oid, context).load

        def load(self, data: Buffer) -> Any:
            try:
                return self._load(data)
            except psycopg.DataError:
                return None

    return OrNone
