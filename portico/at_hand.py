"""Connections of which one thread, the leader, waits for the next requests of all.

As in "Leader/Followers" (Schmidt, Stal, Rohnert and Buschmann, 2000), but without followers: whoever answers stays the leader.
"""

import selectors
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from portico.turn_note import TurnNote

WAITS_S = 0.05  # for the next request: that of a gateway under load is there by then
RELIEVED_AFTER_S = 0.02  # an answer that takes the leader longer keeps no other connection waiting
# A leader that waits for its turn is not relieved as soon: those who have theirs are done by then, and leave it alone. After this,
# what is asked takes long, and each connection has a thread of its own.
LONGEST_QUEUE_S = 0.25
IDLE_S = 5  # a connection that asks nothing for so long is left to the main thread


@dataclass(eq=False)
class Lead:
    """The time that one thread is the leader.

    Attributes:
        answers_since: when it began with an answer (of time.monotonic()); None while it waits for a request.
        turn: the turn of that request.
    """

    answers_since: float | None = None
    turn: TurnNote = field(default_factory=TurnNote)

    def takes_long(self) -> bool:
        """Whether an answer takes so long that whoever else asks is not to wait for it."""
        if self.answers_since is None:
            return False
        since = self.turn.begun or self.turn.asked or self.answers_since
        return time.monotonic() - since >= (LONGEST_QUEUE_S if self.turn.is_awaited else RELIEVED_AFTER_S)


class AtHand:
    """The connections at hand. Any thread adds one; the leader takes them out, for as long as the main thread lets it lead.

    A connection is gunicorn's, with a `sock`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._since: dict[Any, float] = {}  # by connection, the longest first (of time.monotonic())
        self._selector = selectors.DefaultSelector()
        self._leader: Lead | None = None
        self._is_called = False  # whether a thread will lead as soon as it has time

    def __bool__(self) -> bool:
        return bool(self._since)

    def add(self, conn: Any) -> None:
        """Put a connection at hand that was answered."""
        with self._lock:
            self._selector.register(conn.sock, selectors.EVENT_READ, conn)
            self._since[conn] = time.monotonic()

    def call(self) -> bool:
        """Whether a thread is to be called to lead: there is none, and none is called. From now on one is."""
        with self._lock:
            calls = bool(self._since) and self._leader is None and not self._is_called
            self._is_called |= calls
            return calls

    def come(self) -> None:
        """Say, as the thread that was called, that it has time now."""
        with self._lock:
            self._is_called = False

    def lead(self) -> Lead | None:
        """Become the leader; None where there is one, or no connection."""
        with self._lock:
            if self._leader is not None or not self._since:
                return None
            self._leader = lead = Lead()
            return lead

    def wait(self, lead: Lead, *, at_once: bool) -> Sequence[Any]:
        """The connections that ask, once there are some; none if none does for a while, or at once, or another thread leads."""
        with self._lock:
            if self._leader is not lead:
                return ()
            lead.answers_since = None
        return [key.data for key, _ in self._selector.select(0 if at_once else WAITS_S)]

    def take(self, lead: Lead, conn: Any) -> bool:
        """Take out a connection to answer it; say whether this thread leads still."""
        with self._lock:
            if self._leader is not lead:
                return False
            lead.answers_since, lead.turn = time.monotonic(), TurnNote()
            self._take(conn)
            return True

    def take_idle(self, lead: Lead) -> Any:
        """Take out the connection that has asked nothing for the longest, if that is too long."""
        with self._lock:
            conn, since = next(iter(self._since.items()), (None, 0.0))
            if conn is None or self._leader is not lead or time.monotonic() - since < IDLE_S:
                return None
            return self._take(conn)

    def end(self, lead: Lead, *, leaves_all: bool) -> Sequence[Any]:
        """Be the leader no longer, and take out all connections, unless they are left to the next one."""
        with self._lock:
            if self._leader is not lead:
                return ()
            self._leader = None
            return () if leaves_all else self._take_all()

    def relieve(self) -> Sequence[Any]:
        """End the lead of a thread that takes too long while others may ask, and take all connections out if it waits for its turn."""
        with self._lock:
            if not self._since or self._leader is None or not self._leader.takes_long():
                return ()
            waits, self._leader = self._leader.turn.is_awaited, None
            return self._take_all() if waits else ()

    def _take(self, conn: Any) -> Any:
        del self._since[conn]
        self._selector.unregister(conn.sock)
        return conn

    def _take_all(self) -> Sequence[Any]:
        return [self._take(conn) for conn in list(self._since)]
