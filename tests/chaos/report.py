"""What `make chaos` found, as Markdown: docs/reliability.md."""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.chaos.experiment import RECOVERY_LIMIT_S, Outcome
from tests.chaos.load import PATIENCE_S, RATES
from tests.chaos.neighbours import Windows
from tests.chaos.site import IMPURE, OTHERS, PURE, REPLICAS
from tests.chaos.slow_clients import SlowClients
from tests.containers.stack import Stack
from tests.containers.versions import versions

RECOVERY_GOAL_S = 5.0
OUT_GOAL_S = 2.0
KILLED = ("kill", "kill-for-good")
ILL = (*KILLED, "freeze", "unreachable", "hang", "drop", "reset", "storm")  # a replica that is to be left out
HEADER = (
    *(
        "fault",
        "requests",
        f"failed, {PURE}",
        f"failed, {IMPURE}",
        "failed, others",
        "p99 of others, before and meanwhile (ms)",
        "wrong",
        "run twice",
    ),
    *("slowest (s)", "failing for (s)", "recovered (s)", "visited again (s)"),
)
HOW = f"""\
Made by `make chaos` on {{date}} ({{machine}}; {{versions}}).

The compose stack with {REPLICAS} replicas of the bar chart (`pure`: its callbacks only read) and {REPLICAS} of a page whose callbacks write a
line into a ledger, one of the line chart and one of home. The load is constant: {sum(RATES.values()):.0f} requests a second ({{rates}}), each on a
connection of its own, whether or not earlier ones were answered; {{posts:.0%}} of them callbacks. Every answer is compared, byte for byte, with
what the page's replicas say themselves, asked without the gateway. A quarter of the bar chart's requests may be answered
from what the gateway keeps. *Failed* is whatever is no right 200: an error page of the site is named by its status
(`bare`: without the site's frame), `cut` is an answer that breaks off, `silent` one that does not come within {PATIENCE_S:.0f} s. *Wrong* is a
200 with other bytes, or an entry that was confirmed and is not in the ledger; *run twice* counts entries that are in it more than once.

A fault strikes a replica of both pages at once. *Failing for* is how long after its beginning the last request to the bar
chart was sent that failed while it lasted; *recovered* how long after its end the first full second began in which every answer of
every page was right (–: not within {RECOVERY_LIMIT_S:.0f} s). *Visited again* is how long after its end each replica that was struck had answered a visitor.
"""


@dataclass
class Report:
    """All that was found so far."""

    outcomes: list[Outcome] = field(default_factory=list)
    windows: list[Windows] = field(default_factory=list)
    slow: SlowClients | None = None

    def text(self, stack: Stack) -> str:
        """The whole document."""
        parts = ["# Reliability", self.introduction(stack), "## Faults, one after another"]
        parts += [table(HEADER, map(row, self.outcomes))]
        if notes := [f"- {each.fault.title}: {each.note}" for each in self.outcomes if each.note]:
            parts += ["What went otherwise than it was meant:", "\n".join(notes)]
        parts += ["## Goals", "\n".join(self.goals())]
        if self.windows:
            parts += ["## The other pages while one does not answer", *[each.described() for each in self.windows]]
        if self.slow:
            parts += ["## Slow clients", self.slow.described()]
        return "\n\n".join(parts) + "\n"

    def introduction(self, stack: Stack) -> str:
        """How it was measured, and with what."""
        requests = sum(each.requests.total() for each in self.outcomes)
        return HOW.format(
            date=f"{datetime.now(UTC):%Y-%m-%d}",
            machine=f"{os.cpu_count()} cores, load {os.getloadavg()[2]:.1f} at its end",
            versions=versions(stack, PURE),
            rates=", ".join(f"{rate:.0f} {page}" for page, rate in RATES.items()),
            posts=sum(each.posts for each in self.outcomes) / max(requests, 1),
        ).rstrip()

    def goals(self) -> Iterable[str]:
        """Each thing that must hold, the figure that shows it and whether it does."""
        yield goal("wrong answers", sum(each.wrong for each in self.outcomes), 0)
        yield goal("callbacks with an effect that ran twice", sum(each.executed_again for each in self.outcomes), 0)
        for each in sorted(self.outcomes, key=recovery)[-1:]:
            yield goal(f"longest recovery (s; {each.fault.title})", recovery(each), RECOVERY_GOAL_S)
        for each in sorted(
            (each for each in self.outcomes if each.fault.name in ILL), key=lambda each: each.failing_for
        )[-1:]:
            yield goal(f"longest until left out (s; {each.fault.title})", each.failing_for, OUT_GOAL_S)
        for each in (each for each in self.outcomes if each.fault.name in KILLED):
            yield goal(f"{each.fault.title}: failed GETs and callbacks that only read", each.failed_reads, 0)
            yield goal(f"{each.fault.title}: from ready to visited (s)", lasting(each.back_after), RECOVERY_GOAL_S)
        for one in self.windows:
            yield goal(f"p99 of the other pages while one {one.what}, against before", one.ratio, 1.1)
        if self.slow:
            yield goal(f"p99 while there are {self.slow.clients} slow clients, against before", self.slow.ratio, 2)


def row(outcome: Outcome) -> Sequence[str]:
    return (
        *(
            outcome.fault.title,
            f"{outcome.requests.total():,}",
            kinds(outcome.failed(PURE)),
            kinds(outcome.failed(IMPURE)),
        ),
        *(
            kinds(outcome.failed(*OTHERS)),
            "{:.0f}, {:.0f}".format(*outcome.others_ms),
            f"{outcome.wrong}",
            f"{outcome.executed_again}",
        ),
        f"{max(outcome.slowest.values(), default=0):.1f}",
        *map(seconds, (outcome.failing_for, outcome.recovered_after, outcome.back_after)),
    )


def kinds(failed: Counter[str]) -> str:
    """How requests failed and how many of them."""
    return ", ".join(f"{kind} × {count}" for kind, count in sorted(failed.items())) or "0"


def seconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def table(header: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    cells = [list(header), *map(list, rows)]
    cells.insert(1, ["---"] * len(cells[0]))
    return "\n".join(f"| {' | '.join(each)} |" for each in cells)


def recovery(outcome: Outcome) -> float:
    return lasting(outcome.recovered_after)


def lasting(value: float | None) -> float:
    return float("inf") if value is None else value


def goal(what: str, value: float, most: float) -> str:
    return f"- {what}: {value:.3g} (goal ≤ {most:g}): {'met' if value <= most else 'MISSED'}"
