"""Queries under way: each is stopped in its engine when its time is over or its reader has left.

One thread of the process looks after all of them, and rests while there are none.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import has_request_context, request

from portico.client_connection import client_socket, has_left
from portico.data.failures import Busy, Cancelled, DataError, TookTooLong

LOOK_EVERY_S = 0.05  # how soon a reader who left is noticed
WAIT_LONGER_S = 1.0  # than its own time, for a query that waits for its turn

Interrupt = Callable[[], None]


@dataclass(eq=False)
class Running:
    """One query under way."""

    interrupt: Interrupt
    deadline: float  # of time.monotonic()
    reader: socket.socket | None
    stopped: DataError | None = None


class Watch:
    """Looks after the queries of a process: how many run at once, how long, and for whom.

    Args:
        seconds: that a query may take.
        at_once: queries that run at the same time; the others wait for their turn.
    """

    def __init__(self, seconds: float, at_once: int) -> None:
        self.seconds = seconds
        self._at_once = at_once
        self._reset()
        os.register_at_fork(after_in_child=self._reset)  # the child has neither the queries nor the thread

    def _reset(self) -> None:
        self._turns = threading.BoundedSemaphore(self._at_once)
        self._changed = threading.Condition()
        self._running: set[Running] = set()
        self._thread: threading.Thread | None = None

    @contextmanager
    def running(self, interrupt: Interrupt, seconds: float | None = None) -> Iterator[None]:
        """Watch over a query while the block runs.

        Args:
            interrupt: stops the query in its engine, called from another thread.
            seconds: its limit, where it is another than that of all.

        Raises:
            TookTooLong, Cancelled, Busy: in place of whatever the engine raised when it was stopped.
        """
        limit = self.seconds if seconds is None else seconds
        self._wait_for_turn(limit)
        query = Running(interrupt, time.monotonic() + limit, reader_socket())
        try:
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
        finally:
            self._turns.release()

    def _wait_for_turn(self, limit: float) -> None:
        until, reader = time.monotonic() + limit + WAIT_LONGER_S, reader_socket()
        while not self._turns.acquire(timeout=LOOK_EVERY_S):
            if reader is not None and has_left(reader):
                raise Cancelled("The reader has left.")
            if time.monotonic() > until:
                raise Busy("Too many charts are being worked out right now. Try again in a moment.")

    def _add(self, query: Running) -> None:
        with self._changed:
            self._running.add(query)
            if self._thread is None:
                self._thread = threading.Thread(target=self._look_after, name="queries", daemon=True)
                self._thread.start()
            self._changed.notify()

    def _look_after(self) -> None:
        while True:
            with self._changed:
                while not self._running:
                    self._changed.wait()
                for query in self._running:
                    self._stop_if_over(query)
            time.sleep(LOOK_EVERY_S)

    def _stop_if_over(self, query: Running) -> None:
        """Stop a query again at each look, until it ends: an engine may not have begun it at the first."""
        if query.stopped is None:
            if time.monotonic() > query.deadline:
                text = f"This took longer than {self.seconds:g} seconds and was stopped. Ask for less: a filter, a shorter span of time."
                query.stopped = TookTooLong(text)
            elif query.reader is not None and has_left(query.reader):
                query.stopped = Cancelled("The reader has left.")
        if query.stopped is not None:
            query.interrupt()


def reader_socket() -> socket.socket | None:
    """The connection of the reader who asks, if a request is being answered."""
    return client_socket(request.environ) if has_request_context() else None
