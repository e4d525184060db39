"""Query slots of an engine, shared fairly between clients."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

LOOK_EVERY_S = 0.05  # how soon a reader who left is noticed


@dataclass(eq=False)
class Waiter:
    """One request that waits for a query slot."""

    client: str
    called: threading.Event = field(default_factory=threading.Event)


class Turns:
    """A fixed number of query slots. A free slot goes to the waiting client that holds the fewest.

    On a tie, the client that has waited longest since its last slot is next. Requests of one client are in order.

    Args:
        at_once: number of slots.
        alone: seconds before a second query may start beside a running one. A query of a small table ends by then;
            a second one would only slow it down, because both compete for the interpreter.
        of_one: slots that one client may hold, so that others find a free one; default: all. A request
            without a client, such as one of the site itself, is not limited.
    """

    def __init__(self, at_once: int, alone: float = 0, of_one: int | None = None) -> None:
        self._lock = threading.Lock()
        self._at_once = self._free = at_once
        self._alone = alone
        self._of_one = at_once if of_one is None else max(1, of_one)
        self._given = 0.0  # when the last one was (of time.monotonic())
        self._held: Counter[str] = Counter()
        self._last: dict[str, float] = {}  # when each client that holds a slot or waits got its last one
        self._waiting: list[Waiter] = []

    def take(self, look: Callable[[], None], client: str = "") -> None:
        """Wait for a slot; an exception from `look` ends the wait."""
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
        """Return True if a request waits for a slot."""
        return bool(self._waiting)

    def give_back(self, client: str = "") -> None:
        """Release a slot of a client."""
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
        """Return the seconds until a waiting request checks again; the next in line may start sooner."""
        with self._lock:
            return self._alone if self._alone and self._next() is own else LOOK_EVERY_S

    def _call_next(self) -> None:
        """Give a free slot to the next request, if it may begin now."""
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
