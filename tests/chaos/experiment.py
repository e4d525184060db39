"""One fault after another under load, and what visitors met meanwhile."""

import sys
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.chaos.asks import RIGHT, WRONG, Ask, Known
from tests.chaos.faults.fault import Fault
from tests.chaos.load import ConstantLoad, Record, p99
from tests.chaos.site import OTHERS, PURE, STRUCK, ChaosSite

CALM_S = 4.0  # before a fault, for the others' percentile
RECOVERY_LIMIT_S = 30.0
BACK_LIMIT_S = 10.0
POLL_S = 0.1
EVERY_PAGE = (*STRUCK, *OTHERS)


@dataclass
class Outcome:
    """What a fault did, from its beginning until all was well again."""

    fault: Fault
    requests: Counter[str] = field(default_factory=Counter)  # by page
    posts: int = 0
    failures: dict[str, Counter[str]] = field(default_factory=dict)  # by page, and how
    failed_reads: int = 0  # of the failures, those of requests without an effect, to a page that was struck
    slowest: dict[str, float] = field(default_factory=dict)  # seconds, by page
    others_ms: tuple[float, float] = (0.0, 0.0)  # the 99th percentile of the other pages, just before and meanwhile
    executed_again: int = 0  # entries that were written twice or more
    missing: int = 0  # entries that were confirmed and not written
    examples: dict[str, str] = field(default_factory=dict)  # a request that failed, by how it did
    failing_for: float = (
        0.0  # seconds from its beginning to the last request to the pure page that failed while it lasted
    )
    recovered_after: float | None = None  # seconds from its end until every page was right
    back_after: float | None = None  # seconds from its end until each replica that was struck had answered a visitor
    note: str = ""  # what went otherwise than the fault was meant

    @property
    def wrong(self) -> int:
        """Answers that were no failure, and not what the page says; what was confirmed and not done is one too."""
        return sum(counted[WRONG] for counted in self.failures.values()) + self.missing

    def failed(self, *pages: str) -> Counter[str]:
        """How requests to these pages failed, and how many."""
        return sum((self.failures.get(page, Counter()) for page in pages), Counter())


@dataclass(frozen=True)
class Experiment:
    """A site, what is asked of it and what is right."""

    site: ChaosSite
    known: Known
    asks: dict[str, list[Ask]]
    calm_s: float = CALM_S

    def suffer(self, load: ConstantLoad, fault: Fault) -> Outcome:
        """Let a fault strike, and return what became of it."""
        outcome = Outcome(fault)
        with fault.around(self.site):
            time.sleep(self.calm_s)
            begin = time.time()
            struck = self._strike(outcome)
            end = time.time()
            if fault.new_build:
                self.known.learn({page: self.asks[page] for page in STRUCK})
            steady = load.wait_until_steady(end, EVERY_PAGE, RECOVERY_LIMIT_S)
            outcome.back_after = back_after(self.site, struck, end)
        outcome.recovered_after = None if steady is None else steady - end
        records = load.sent_between(begin, (steady or time.time()) + 1)
        outcome.others_ms = (
            p99(load.sent_between(begin - self.calm_s, begin, OTHERS)),
            p99(load.sent_between(begin, end, OTHERS)),
        )
        failed = (each.sent for each in load.failed(records) if each.ask.page == PURE and each.sent < end)
        outcome.failing_for = max(failed, default=begin) - begin
        count(outcome, load, self.site, records)
        say(outcome)
        return outcome

    def _strike(self, outcome: Outcome) -> list[str]:
        """Strike, and make good again; return what was struck."""
        struck: list[str] = []
        try:
            with outcome.fault.strike(self.site) as struck:
                time.sleep(outcome.fault.seconds)
        except AssertionError as error:
            outcome.note = str(error).strip().splitlines()[-1]
        return struck


def back_after(site: ChaosSite, struck: Iterable[str], end: float) -> float | None:
    """How long it took until each of these had answered a visitor; None if one did not, or none was struck."""
    first: dict[str, float] = {}
    while (missing := set(struck) - first.keys()) and time.time() < end + BACK_LIMIT_S:
        for each in missing:
            if answered := [moment for moment, status in site.given_to(each, end) if status == "200"]:
                first[each] = min(answered)
        time.sleep(POLL_S)
    return max(first.values()) - end if first and not missing else None


def count(outcome: Outcome, load: ConstantLoad, site: ChaosSite, records: list[Record]) -> None:
    """Fill in what visitors met."""
    executions = site.executions()
    for each in records:
        page, verdict = each.ask.page, load.known.verdict(each.ask, each.answer)
        outcome.requests[page] += 1
        outcome.posts += each.ask.method == "POST"
        outcome.slowest[page] = max(outcome.slowest.get(page, 0), each.seconds)
        if verdict != RIGHT:
            outcome.failures.setdefault(page, Counter())[verdict] += 1
            outcome.failed_reads += page in STRUCK and not each.ask.writes
            outcome.examples[f"{page} {verdict}"] = f"{each.ask.method} {each.ask.target} {dict(each.ask.headers)}"
        if verdict == WRONG:
            outcome.note = outcome.note or f"{each.ask.target}: {load.known.difference(each.ask, each.answer)}"
        if each.entry:
            outcome.executed_again += executions[each.entry] > 1
            outcome.missing += verdict == RIGHT and executions[each.entry] == 0


def say(outcome: Outcome) -> None:
    """Tell whoever waits."""
    figures = f"failing for {outcome.failing_for}, recovered {outcome.recovered_after}, back {outcome.back_after}"
    failed = {page: dict(failures) for page, failures in outcome.failures.items()}
    print(
        f"{outcome.fault.title}: {outcome.requests.total()} requests, {failed}, wrong {outcome.wrong}, twice {outcome.executed_again},"
        f" {figures} {outcome.note} {outcome.examples}",
        file=sys.stderr,
        flush=True,
    )
