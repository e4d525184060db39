"""Limits of time, on a machine that may stand still for a second now and then."""

import time
from collections.abc import Callable

TRIES = 3


def takes_less_than(limit_s: float, work: Callable[[], object]) -> bool:
    """Whether work takes less than this in one of a few tries: what is too slow of itself is so in each."""
    return any(seconds_of(work) < limit_s for _ in range(TRIES))


def seconds_of(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun
