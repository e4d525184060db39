"""A constant load: so many requests a second of each page, whether or not the earlier ones were answered."""

import itertools
import statistics
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

from tests.chaos.asks import RIGHT, Answer, Ask, Known, new_entry, send
from tests.chaos.site import IMPURE, PURE

RATES = {PURE: 16.0, IMPURE: 12.0, "linechart": 4.0, "home": 4.0}  # requests a second
PATIENCE_S = 15.0
MOST_AT_ONCE = 400  # of a page: those of its rate that wait until their patience is over
POLL_S = 0.02


@dataclass(frozen=True)
class Record:
    """A request that is over: when it was sent, seconds since the epoch, how long it took and what came of it."""

    ask: Ask
    entry: str
    sent: float
    seconds: float
    answer: Answer


class ConstantLoad:
    """Visitors at work until the block ends, each on a connection of its own."""

    def __init__(self, address: str, asks: dict[str, list[Ask]], known: Known, rates: dict[str, float] = RATES) -> None:
        self._address, self._asks, self._rates = address, asks, rates
        self.known = known
        self._over = threading.Event()
        self.records: list[Record] = []
        self.waiting: dict[
            int, tuple[str, float]
        ] = {}  # the page and when it was asked, of requests without an answer yet
        self._numbers = itertools.count()
        self._streams = [threading.Thread(target=self._stream, args=(page,)) for page in asks]

    def __enter__(self) -> Self:
        for stream in self._streams:
            stream.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._over.set()
        for stream in self._streams:
            stream.join()

    def _stream(self, page: str) -> None:
        begin, turns = time.monotonic(), itertools.cycle(self._asks[page])
        with ThreadPoolExecutor(MOST_AT_ONCE) as visitors:
            for number in itertools.count():
                if self._over.wait(max(0.0, begin + number / self._rates[page] - time.monotonic())):
                    visitors.shutdown(cancel_futures=True)
                    return
                visitors.submit(self._visit, next(turns))

    def _visit(self, ask: Ask) -> None:
        number, entry, sent = next(self._numbers), new_entry(ask), time.time()
        self.waiting[number] = (ask.page, sent)
        answer = send(self._address, ask, entry, PATIENCE_S)
        self.records.append(Record(ask, entry, sent, time.time() - sent, answer))
        del self.waiting[number]

    def failed(self, records: Iterable[Record]) -> list[Record]:
        """Those of these requests that had no right answer."""
        return [each for each in records if self.known.verdict(each.ask, each.answer) != RIGHT]

    def sent_between(self, begin: float, end: float, pages: Iterable[str] = RATES) -> list[Record]:
        """The requests of that time to these pages, once all of them are over."""
        while any(page in pages and begin <= sent < end for page, sent in list(self.waiting.values())):
            time.sleep(POLL_S)
        return [each for each in list(self.records) if each.ask.page in pages and begin <= each.sent < end]

    def steady_from(self, begin: float, end: float, pages: Iterable[str]) -> float | None:
        """When the first full second began, from `begin` on, in which every request to these pages was right.

        None if there is none before `end`; whoever waits for an answer is no proof of one.
        """
        bad = [sent for page, sent in list(self.waiting.values()) if page in pages]
        recent = (each for each in list(self.records) if each.sent >= begin and each.ask.page in pages)
        bad += [each.sent for each in self.failed(recent)]
        start = begin
        for sent in sorted(each for each in bad if begin <= each < end):
            if sent - start >= 1:
                break
            start = sent
        return start if end - start >= 1 else None

    def wait_until_steady(self, begin: float, pages: Iterable[str], limit: float) -> float | None:
        """Wait for that second; None if it does not come within so many seconds."""
        while time.time() < begin + limit + 1:
            found = self.steady_from(begin, min(time.time(), begin + limit + 1), pages)
            if found is not None:
                return found
            time.sleep(POLL_S)
        return None


def p99(records: Iterable[Record]) -> float:
    """The time that 99 of 100 requests take at most, in milliseconds."""
    return 1000 * statistics.quantiles([each.seconds for each in records], n=100)[98]
