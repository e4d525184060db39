"""What a process has open: files and connections, and the threads of this one."""

import threading
import time
from collections.abc import Callable

import psutil

SETTLE_LIMIT_S = 20
SETTLED = 10  # times in a row, a tenth of a second apart


def settled(count: Callable[[], object]) -> object:
    """What a count is when it no longer changes: connections that have ended are closed a little later, and others'
    threads open a folder for a moment."""
    seen: list[object] = []
    deadline = time.monotonic() + SETTLE_LIMIT_S
    while len(set(seen[-SETTLED:])) != 1 or len(seen) < SETTLED:
        assert time.monotonic() < deadline, seen
        seen.append(count())
        time.sleep(0.1)
    return seen[-1]


def open_here() -> tuple[int, int]:
    """How many files and connections this process has open, and how many threads it has."""
    return psutil.Process().num_fds(), threading.active_count()
