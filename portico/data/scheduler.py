"""Queries under way: each is stopped in its engine when its time is over or its reader has left.

One thread of the process looks after all of them, and rests when there were none for a second.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from flask import has_request_context, request

from portico.data.client_connection import Pace, client_socket, has_left
from portico.data.clients import client_of
from portico.data.errors import MORE_SECONDS, TOO_MUCH_MEMORY, Busy, Cancelled, DataError, NeededTooMuch, TookTooLong
from portico.data.process_memory import is_short_of_memory
from portico.data.slots import LOOK_EVERY_S, Turns

LOOKS_IN_VAIN = 20
WAITS = 2  # times the limit of a query: what a chart waits for its turn
DOWNLOAD_LONGER = 10  # times a query's limit: rows leave as fast as the reader's line takes them
DOWNLOADS_AT_ONCE = 2  # with turns of their own, so that slow lines never keep charts waiting
DOWNLOAD_WAITS_S = 10  # for its turn; those under way may take minutes
SLOW_BYTES_S = 16 * 1024  # a reader who takes less of a download than this gives way to one who waits
SLOW_FOR_S = 5
LEFT = "The reader has left."

Interrupt = Callable[[], None]


@dataclass(frozen=True)
class Patience:
    """How long somebody waits: for a turn, and then for a query (seconds)."""

    turn: float = float("inf")
    query: float = float("inf")


_patience: ContextVar[Patience] = ContextVar("patience", default=Patience())  # noqa: B039 - it never changes


@contextmanager
def with_patience(patience: Patience) -> Iterator[None]:
    """Let the queries of the block wait and take no longer than this, whatever the limits of all are.

    Nor longer than somebody around the block has patience.
    """
    around = _patience.get()
    before = _patience.set(Patience(min(patience.turn, around.turn), min(patience.query, around.query)))
    try:
        yield
    finally:
        _patience.reset(before)


@dataclass(eq=False)
class Running:
    """One query under way."""

    interrupt: Interrupt
    limit: float  # seconds
    deadline: float  # of time.monotonic()
    reader: socket.socket | None
    pace: Pace | None = None  # of a download's reader
    is_large: bool = False
    stopped: DataError | None = None


class Watch:
    """Looks after the queries of a process: how many run at once, how long, and for whom.

    Args:
        seconds: that a query may take.
        at_once: queries that run at the same time; the others wait for their turn.
        waits: how long they do (seconds).
        streams: whether readers take the rows while the query runs: a slow one gives way to those who wait.
        alone: for how long whoever has a turn is left alone (seconds).
    """

    def __init__(
        self, seconds: float, at_once: int, waits: float | None = None, streams: bool = False, alone: float = 0
    ) -> None:
        self.seconds = seconds
        self.waits = WAITS * seconds if waits is None else waits
        self._at_once = at_once
        self._streams = streams
        self._alone = alone
        self._reset()
        os.register_at_fork(after_in_child=self._reset)  # the child has neither the queries nor the thread

    def for_downloads(self) -> "Watch":
        """A watch for rows that are streamed, whose turns are none of this one's."""
        return Watch(DOWNLOAD_LONGER * self.seconds, DOWNLOADS_AT_ONCE, min(self.waits, DOWNLOAD_WAITS_S), streams=True)

    def _reset(self) -> None:
        of_one = self._at_once if self._streams else self._at_once // 2  # slow downloads give way instead
        self._turns = Turns(self._at_once, self._alone, of_one)
        self._large_turns = Turns(1)
        self._own = threading.local()
        self._changed = threading.Condition()
        self._running: set[Running] = set()
        self._rests = False
        self._thread: threading.Thread | None = None

    @contextmanager
    def turn(self, seconds: float | None = None) -> Iterator[None]:
        """Hold one turn for all queries of the block: a chart of several waits once, and they share its time.

        Args:
            seconds: for all of them together, where it is another limit than that of all.

        Raises:
            Busy, Cancelled: before there was a turn.
        """
        if self.holds_turn():
            yield
            return
        waits_until = time.monotonic() + min(self.waits, _patience.get().turn)
        self._wait_for_turn(self._turns, waits_until)
        self._own.limit = self.seconds if seconds is None else seconds
        self._own.until = time.monotonic() + self._own.limit
        self._own.waits_until = waits_until
        self._own.turns = self._turns
        try:
            yield
        finally:
            self._own.until = None
            if self._own.turns is not None:
                self._own.turns.give_back(client_of_request())

    def run_alone(self) -> None:
        """Exchange this thread's query slot for the single slot of large queries, and restart its deadline.

        Large queries run one after another, beside small ones: each may take all the query memory.

        Raises:
            Busy, Cancelled: before there was a turn.
        """
        if not self.holds_turn() or self._own.turns is self._large_turns:
            return
        self._own.turns, before = None, self._own.turns
        before.give_back(client_of_request())
        self._wait_for_turn(self._large_turns, self._own.waits_until)
        self._own.turns = self._large_turns
        self._own.until = time.monotonic() + self._own.limit

    def holds_turn(self) -> bool:
        """Return True if this thread holds a query slot and so need not wait for one."""
        return getattr(self._own, "until", None) is not None

    def check(self) -> None:
        """Look between the parts of a long work whether it is to go on.

        Raises:
            TookTooLong: the turn of this thread is over, or the patience of whoever holds it.
            Cancelled: the reader has left.
        """
        reader, until = reader_socket(), getattr(self._own, "until", None)
        if reader is not None and has_left(reader):
            raise Cancelled(LEFT)
        if until is not None:
            limit = min(self._own.limit, _patience.get().query)
            if time.monotonic() > until - self._own.limit + limit:
                raise took_too_long(limit)

    @contextmanager
    def holding(self, lock: threading.Lock) -> Iterator[None]:
        """Hold a lock while the block runs; raises what `check` does where the wait for it is too long.

        Whoever works something out while holding it has taken a turn before: the other order would let
        those who have all turns wait for one who needs a turn.
        """
        while not lock.acquire(timeout=LOOK_EVERY_S):
            self.check()
        try:
            yield
        finally:
            lock.release()

    @contextmanager
    def running(self, interrupt: Interrupt, seconds: float | None = None) -> Iterator[None]:
        """Watch over a query while the block runs.

        Args:
            interrupt: stops the query in its engine, called from another thread.
            seconds: its limit, where it is another than that of all.

        Raises:
            TookTooLong, Cancelled, Busy: in place of whatever the engine raised when it was stopped.
        """
        limit = min(self.seconds if seconds is None else seconds, _patience.get().query)
        with self.turn(seconds):
            reader = reader_socket()
            pace = Pace(reader, SLOW_BYTES_S, SLOW_FOR_S) if reader and self._streams else None
            is_large = self._own.turns is self._large_turns
            query = Running(interrupt, limit, min(time.monotonic() + limit, self._own.until), reader, pace, is_large)
            self._add(query)
            try:
                yield
            except Exception as error:
                if query.stopped is not None:
                    raise query.stopped from error
                raise
            finally:
                with self._changed:
                    self._running.discard(query)

    def _wait_for_turn(self, turns: Turns, until: float) -> None:
        reader = reader_socket()

        def look() -> None:
            if reader is not None and has_left(reader):
                raise Cancelled(LEFT)
            if time.monotonic() > until:
                raise Busy("The server is busy. Try again in a few seconds.")

        turns.take(look, client_of_request())

    def _add(self, query: Running) -> None:
        with self._changed:
            self._running.add(query)
            if self._thread is None:
                self._thread = threading.Thread(target=self._look_after, name="queries", daemon=True)
                self._thread.start()
            if self._rests:
                self._changed.notify()

    def _look_after(self) -> None:
        in_vain = 0  # looks since there was a query: to be woken for each takes longer than to look on for a while
        while True:
            with self._changed:
                if in_vain > LOOKS_IN_VAIN:
                    self._rest()
                in_vain = 0 if self._running else in_vain + 1
                if self._running and is_short_of_memory():
                    self._stop_largest()
                for query in self._running:
                    self._stop_if_over(query)
            time.sleep(LOOK_EVERY_S)

    def _rest(self) -> None:
        self._rests = True
        while not self._running:
            self._changed.wait()
        self._rests = False

    def _stop_largest(self) -> None:
        """Stop the query that most likely takes the memory: a large one if there is one, otherwise the longest-running."""
        largest = min(self._running, key=lambda query: (not query.is_large, query.deadline))
        largest.stopped = largest.stopped or NeededTooMuch(TOO_MUCH_MEMORY)

    def _stop_if_over(self, query: Running) -> None:
        """Stop a query again at each look, until it ends: an engine may not have begun it at the first."""
        if query.stopped is None:
            if time.monotonic() > query.deadline:
                query.stopped = took_too_long(query.limit)
            elif query.reader is not None and has_left(query.reader):
                query.stopped = Cancelled(LEFT)
            elif query.pace is not None and query.pace.is_slow() and self._turns.are_waited_for():
                query.stopped = Cancelled("Others wait for a download, and this one is taken too slowly.")
        if query.stopped is not None:
            query.interrupt()
            if query.pace is not None:
                query.pace.cut_if_waited_for()


def took_too_long(seconds: float) -> TookTooLong:
    """What a reader is told of a query whose time is over."""
    return TookTooLong(
        f"This took longer than {seconds:g} seconds and was stopped. Ask for less: a filter, a shorter span of time. "
        f"{MORE_SECONDS}"
    )


def client_of_request() -> str:
    """Return the client of the current request; empty for the site itself."""
    return client_of(request.environ) if has_request_context() else ""


def reader_socket() -> socket.socket | None:
    """The connection of the reader who asks, if a request is being answered."""
    return client_socket(request.environ) if has_request_context() else None
