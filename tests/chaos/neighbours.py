"""The other pages while one page does not answer at all: windows with it and without take turns."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from itertools import chain

from tests.chaos.load import ConstantLoad, Record, p99
from tests.chaos.site import OTHERS, PURE, ChaosSite, frozen
from tests.containers.stack import run

# Of the others so many that a window has a 99th percentile.
RATES = {PURE: 16.0, "linechart": 20.0, "home": 30.0}
ROUNDS = 6
WINDOW_S = 6.0
SETTLE_S = 1.0  # after Docker's own work


@dataclass
class Windows:
    """What visitors of the other pages met, in windows that took turns."""

    what: str
    before: list[list[Record]] = field(default_factory=list)
    meanwhile: list[list[Record]] = field(default_factory=list)
    failed: int = 0

    @property
    def ratio(self) -> float:
        """The 99th percentile of all windows with the fault, against that of all without."""
        return p99(chain(*self.meanwhile)) / p99(chain(*self.before))

    def described(self) -> str:
        """Both percentiles, and how far the windows are apart."""
        requests = sum(map(len, self.before + self.meanwhile))
        with_it, without = spread(self.meanwhile), spread(self.before)
        return (
            f"While the bar chart {self.what} ({len(self.before)} windows of {WINDOW_S:.0f} s without and with it in turns, {requests:,} requests to the"
            f" others, {self.failed} failed): p99 {without} ms without it, {with_it} ms with it; ratio {self.ratio:.2f}."
        )


def spread(windows: list[list[Record]]) -> str:
    """The percentile of all, with those of the lowest and the highest window."""
    each = [p99(records) for records in windows]
    return f"{p99(chain(*windows)):.0f} ({min(each):.0f}–{max(each):.0f})"


@contextmanager
def down(site: ChaosSite) -> Iterator[None]:
    """Every replica of the page killed."""
    replicas = site.replicas(PURE)
    run("docker", "kill", *replicas)
    try:
        yield
    finally:
        run("docker", "start", *replicas)
        site.wait_until_ready(*replicas)


@contextmanager
def hanging(site: ChaosSite) -> Iterator[None]:
    """Every replica of the page frozen: it is connected to, and answers nothing."""
    with frozen(*site.replicas(PURE)):
        yield


WAYS: dict[str, Callable[[ChaosSite], AbstractContextManager[None]]] = {
    "is down": down,
    "hangs on every request": hanging,
}


def measure(site: ChaosSite, load: ConstantLoad, what: str, rounds: int = ROUNDS) -> Windows:
    """Take turns, so that what else the machine does is in both."""
    windows = Windows(what)
    for _ in range(rounds):
        windows.before.append(window(load, windows))
        with WAYS[what](site):
            windows.meanwhile.append(window(load, windows))
        load.wait_until_steady(time.time(), [PURE, *OTHERS], limit=30)
    return windows


def window(load: ConstantLoad, windows: Windows) -> list[Record]:
    time.sleep(SETTLE_S)
    begin = time.time()
    time.sleep(WINDOW_S)
    records = load.sent_between(begin, begin + WINDOW_S, OTHERS)
    windows.failed += len(load.failed(records))
    return records
