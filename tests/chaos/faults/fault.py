"""What a fault is: a function that strikes, yields for as long as it is to last, and makes good again.

What it yields are the containers that are struck, so that it can be seen when they have visitors again; none, where nothing
in particular is. Whatever is raised meanwhile, the fault is ended.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace

from tests.chaos.site import ChaosSite

Struck = Iterator[list[str]]
Around = Callable[[ChaosSite], AbstractContextManager[None]]


@dataclass(frozen=True)
class Fault:
    """A fault: for how many seconds it lasts after it has struck, and what is to be there before it."""

    name: str
    title: str
    strike: Callable[[ChaosSite], AbstractContextManager[list[str]]]
    seconds: float
    around: Around
    new_build: bool  # there are other right answers afterwards

    def lasting(self, seconds: float) -> "Fault":
        """The same, for so many seconds at most."""
        return replace(self, seconds=min(seconds, self.seconds))


def fault(
    name: str, title: str, seconds: float = 8, around: Around = nullcontext, *, new_build: bool = False
) -> Callable[[Callable[[ChaosSite], Struck]], Fault]:
    """Make a fault of a function."""
    return lambda strike: Fault(name, title, contextmanager(strike), seconds, around, new_build)
