"""One fault after another under load, and what visitors met meanwhile."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.chaos.asks import RIGHT, WRONG, Known
from tests.chaos.faults import Fault
from tests.chaos.load import ConstantLoad, Record
from tests.chaos.site import IMPURE, OTHERS, PURE, STRUCK, ChaosSite

CALM_S = 3.0  # before a fault and after it
RECOVERY_LIMIT_S = 30.0
BACK_LIMIT_S = 10.0
POLL_S = 0.1


@dataclass
class Outcome:
    """What a fault did, from its beginning until all was well again."""

    fault: Fault
    requests: Counter[str] = field(default_factory=Counter)  # by page
    posts: int = 0
    failures: dict[str, Counter[str]] = field(default_factory=dict)  # by page, and how
    slowest: dict[str, float] = field(default_factory=dict)  # seconds, by page
    executed_again: int = 0  # entries that were written twice or more
    missing: int = 0  # entries that were confirmed and not written
    out_after: float | None = None  # seconds until the page that only reads was right again, while the fault lasted
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


def suffer(site: ChaosSite, load: ConstantLoad, known: Known, asks: dict, fault: Fault) -> Outcome:
    """Let a fault strike, and return what became of it."""
    outcome = Outcome(fault)
    with fault.around(site):
        time.sleep(CALM_S)
        begin, struck = time.time(), []
        try:
            with fault.strike(site) as struck:
                time.sleep(fault.seconds)
        except AssertionError as error:
            outcome.note = str(error).strip().splitlines()[-1]
        end = time.time()
        if fault.new_build:
            known.learn([each for page in STRUCK for each in asks[page]])
        steady = load.wait_until_steady(end, (*STRUCK, *OTHERS), RECOVERY_LIMIT_S)
        outcome.recovered_after = None if steady is None else steady - end
        outcome.back_after = back_after(site, struck, end)
        time.sleep(CALM_S)
    outcome.out_after = seconds_until(load.steady_from(begin, end, [PURE]), begin)
    count(outcome, load, site, load.sent_between(begin, (steady or time.time()) + 1))
    return outcome


def seconds_until(moment: float | None, begin: float) -> float | None:
    return None if moment is None else moment - begin


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
        page, verdict = each.ask.page, load.verdict(each)
        outcome.requests[page] += 1
        outcome.posts += each.ask.method == "POST"
        outcome.slowest[page] = max(outcome.slowest.get(page, 0), each.seconds)
        if verdict != RIGHT:
            outcome.failures.setdefault(page, Counter())[verdict] += 1
        if each.ask.page == IMPURE and each.entry:
            outcome.executed_again += executions[each.entry] > 1
            outcome.missing += verdict == RIGHT and executions[each.entry] == 0
