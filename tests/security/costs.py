"""The processor time that requests cost a gateway: batches first, and each request of the suspicious ones alone."""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.security.exchange import exchange

GOAL_MS = 10.0
BATCH = 50
SENDERS = 8
TRIES = 5  # of each suspicious request: what else runs meanwhile only adds, so the least is the request's own
SUSPICIOUS = 20  # batches, the dearest of all
NS_PER_MS = 1e6

Clock = Callable[[], float]  # the processor time of a gateway so far (ms)


@dataclass(frozen=True)
class Worst:
    """The dearest request that was found."""

    ms: float
    request: bytes
    mean_ms: float  # of all requests
    sent: int

    def described(self) -> str:
        start = ascii(self.request[:160])[2:-1]
        return f"{self.sent:,} requests, mean {self.mean_ms:.2f} ms of processor, worst {self.ms:.2f} ms: {start}"


def processor_ms(root: int) -> float:
    """The processor time of a process and of the workers below it, all of their threads that are alive (ms)."""
    # https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat
    program = Path(f"/proc/{root}/comm").read_text()
    tasks = [task for process in (root, *_below(root, program)) for task in Path(f"/proc/{process}/task").iterdir()]
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / NS_PER_MS


def _below(root: int, program: str) -> Iterator[int]:
    """The children of the same program: not what a shell beside it starts."""
    for child in Path(f"/proc/{root}/task/{root}/children").read_text().split():
        with suppress(FileNotFoundError):
            if Path(f"/proc/{child}/comm").read_text() == program:
                yield int(child)


def worst_of(url: str, clock: Clock, requests: Iterable[bytes]) -> Worst:
    """Send requests and find the one that costs the gateway most."""
    batches: list[tuple[float, list[bytes]]] = []
    sent, spent = 0, 0.0
    with ThreadPoolExecutor(SENDERS) as senders:
        for batch in _batched(requests):
            before = clock()
            list(senders.map(partial(exchange, url), batch))
            cost = clock() - before
            sent, spent = sent + len(batch), spent + cost
            batches = sorted([*batches, (cost / len(batch), list(batch))], key=lambda each: -each[0])[:SUSPICIOUS]
    alone = [(_alone(url, clock, request), request) for _, batch in batches for request in batch]
    ms, request = max(alone)
    return Worst(ms, request, spent / sent, sent)


def _batched(requests: Iterable[bytes]) -> Iterable[list[bytes]]:
    left = iter(requests)
    while batch := list(itertools.islice(left, BATCH)):
        yield batch


def _alone(url: str, clock: Clock, request: bytes) -> float:
    least = math.inf
    for _ in range(TRIES):
        before = clock()
        exchange(url, request)
        least = min(least, clock() - before)
        if least < GOAL_MS / 4:
            break
    return least
