"""A replica misbehaves: a fourth one of each page that is struck, which had visitors before."""

from collections.abc import Callable

from tests.chaos.faults.fault import Fault, Struck, fault
from tests.chaos.site import ChaosSite


def sick(kind: str, title: str) -> Fault:
    """A fault of that name: a method of `sick_replica.Door`."""
    return fault(kind, f"a replica of 4 {title}", around=ChaosSite.sick_replicas)(falls_ill(kind))


def falls_ill(kind: str) -> Callable[[ChaosSite], Struck]:
    def strike(site: ChaosSite) -> Struck:
        for each in site.sick:
            each.behave(kind)
        try:
            yield [each.container for each in site.sick]
        finally:
            for each in site.sick:
                each.behave("well")

    return strike


hang = sick("hang", "accepts and hangs")
drop = sick("drop", "does what is asked and hangs up without a word")
reset = sick("reset", "resets in the middle of each body")
storm = sick("storm", "answers 500, at once")
slow = sick("slow", "is 10 times slower")
