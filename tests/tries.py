"""Limits of time, on a machine that may stand still for a second now and then."""

import time
from collections.abc import Callable

from portico.page.readiness import SHARE, TIME_BOX_S

TRIES = 3
STANDS_STILL_S = 3  # at most
READINESS_LIMIT_S = SHARE * TIME_BOX_S + 10  # what a check that was slow found holds for so long


def takes_less_than(limit_s: float, work: Callable[[], object]) -> bool:
    """Whether work takes less than this in one of a few tries, and not much more in those before: the first may be unlike the next.

    What is too slow of itself is so in each, unless a try finds what the one before has left.
    """
    for _ in range(TRIES):
        took = seconds_of(work)
        if took < limit_s:
            return True
        assert took < limit_s + STANDS_STILL_S
    return False


def seconds_of(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun
