"""Turns at the engine, shared fairly by the clients that wait for one."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

LOOK_EVERY_S = 0.05  # how soon a reader who left is noticed


@dataclass(eq=False)
class Waiter:
    """One request that waits for a turn."""

    client: str
    called: threading.Event = field(default_factory=threading.Event)


class Turns:
    """A number of turns at the same time; the next free one goes to the waiting client that holds the fewest.

    Of clients that hold as many, the one that got a turn longest ago is next. Requests of one client are in order.

    Args:
        at_once: how many.
        alone: for how long whoever has one is left alone (seconds). Who is done by then, as of a small table, would
            only be slowed down by others: in Python they take the interpreter from each other.
        of_one: how many one client may hold, so that another finds a free one; all of them unless given. A request
            without a client, such as one of the site itself, is not limited.
    """

    def __init__(self, at_once: int, alone: float = 0, of_one: int | None = None) -> None:
        self._lock = threading.Lock()
        self._at_once = self._free = at_once
        self._alone = alone
        self._of_one = at_once if of_one is None else max(1, of_one)
        self._given = 0.0  # when the last one was (of time.monotonic())
        self._held: Counter[str] = Counter()
        self._last: dict[str, float] = {}  # when a client that holds a turn or waits got its last one
        self._waiting: list[Waiter] = []

    def take(self, look: Callable[[], None], client: str = "") -> None:
        """Wait for a turn; what `look` raises meanwhile ends the wait."""
        own = Waiter(client)
        with self._lock:
            self._waiting.append(own)
            self._call_next()
        try:
            while not own.called.wait(self._looks_again_after(own)):
                with self._lock:
                    self._call_next()
                if not own.called.is_set():
                    look()
        except BaseException:
            self._give_up(own)
            raise

    def are_waited_for(self) -> bool:
        """Return True if somebody waits for a turn."""
        return bool(self._waiting)

    def give_back(self, client: str = "") -> None:
        """End a turn of a client."""
        with self._lock:
            self._free += 1
            self._held[client] -= 1
            self._call_next()
            self._forget(client)

    def _give_up(self, own: Waiter) -> None:
        with self._lock:
            if not own.called.is_set():
                self._waiting.remove(own)
                self._forget(own.client)
                return
        self.give_back(own.client)

    def _forget(self, client: str) -> None:
        if not self._held[client] and all(each.client != client for each in self._waiting):
            del self._held[client]
            self._last.pop(client, None)

    def _looks_again_after(self, own: Waiter) -> float:
        """How soon one who waits looks again: the next may join those who have a turn."""
        with self._lock:
            return self._alone if self._alone and self._next() is own else LOOK_EVERY_S

    def _call_next(self) -> None:
        """Give a free turn to the next request, if it may begin now."""
        chosen = self._next() if self._may_begin() else None
        if chosen is not None:
            self._waiting.remove(chosen)
            self._free -= 1
            self._held[chosen.client] += 1
            self._given = self._last[chosen.client] = time.monotonic()
            chosen.called.set()

    def _next(self) -> Waiter | None:
        allowed = (each for each in self._waiting if not each.client or self._held[each.client] < self._of_one)
        return min(allowed, key=lambda each: (self._held[each.client], self._last.get(each.client, 0)), default=None)

    def _may_begin(self) -> bool:
        nobody_has_one = self._free == self._at_once
        return nobody_has_one or (self._free > 0 and time.monotonic() - self._given >= self._alone)
