"""How the site grows from 3 to 30 pages: first visit, the gateway's latency and memory, start, what a further page takes.

The further pages are written by `make page` into a copy of the site. In containers, the gateway knows all of them, three run,
and the names of the others lead to the last of these. The gateway's latency is that of a page's status, which costs the page next to nothing.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from statistics import median

import plotly.graph_objects as go
from playwright.sync_api import Playwright, sync_playwright

from bench.browser import Visit, opened, reader, watched
from bench.callbacks import GOAL_READERS, OPENED, few_asks
from bench.grown_site import further_pages, grown_site, grown_stack
from bench.images import MB, image_sizes, memory_mib
from bench.load import Ask, Load, load_on
from bench.peers import GATEWAY_PORT, embedded, get, own_address, started
from bench.plots import alone, bars
from bench.report import print_goal, print_table, ratio, spread
from bench.start_and_memory import pss_mib
from tests.containers.stack import Stack
from tests.site.visitor import open_page

ROUNDS = 3
FEW, FURTHER = 3, 27
MANY = FEW + FURTHER
RUNNING = 3  # of the further pages, in containers of their own
SECONDS = 4
KB = 1000
START, MEMORY = "start to first answer (s)", "memory, PSS (MiB)"
ALONE, NO_DATA, CHARTS = f"{FEW} pages", f"and {FURTHER} without data", f"and {FURTHER} charts"


@dataclass(frozen=True)
class Embedded:
    """The site in one process: seconds to the first answer, and MiB after each page was opened."""

    start_s: float
    memory_mib: float


@dataclass(frozen=True)
class Containers:
    """The site in containers: what a first reader meets, what the gateway answers with, and the MiB that it takes."""

    visit: Visit
    status: Load
    cached: Load
    gateway_mib: float


COLUMNS: dict[str, tuple[Callable[[Containers], float], int]] = {  # what is said of them, and its digits
    "first visit (kB)": (lambda each: each.visit.bytes / KB, 1),
    "requests": (lambda each: each.visit.requests, 0),
    "to the chart (ms)": (lambda each: each.visit.ms, 0),
    "a page's status, p50 (ms)": (lambda each: each.status.p50_ms, 2),
    "a page's status, p99 (ms)": (lambda each: each.status.p99_ms, 2),
    f"cached answers a second, {GOAL_READERS} readers": (lambda each: each.cached.per_s, 0),
    "memory of the gateway (MiB)": (lambda each: each.gateway_mib, 0),
}


def measure_embedded(further: int, *, plain: bool) -> Embedded:
    paths = ["/", "/barchart/", "/linechart/", *(f"/{name}/" for name in further_pages(further))]
    with ExitStack() as entered:
        folder = entered.enter_context(grown_site(further, plain=plain))
        address, process, start_s = entered.enter_context(started(replace(embedded(), folder=folder)))
        for path in paths:
            get(address + path)
        return Embedded(start_s, pss_mib(process))


def embedded_growth(rounds: int) -> dict[str, list[Embedded]]:
    taken = defaultdict(list)
    for _ in range(rounds):
        taken[ALONE].append(measure_embedded(0, plain=True))
        taken[NO_DATA].append(measure_embedded(FURTHER, plain=True))
        taken[CHARTS].append(measure_embedded(FURTHER, plain=False))
    return taken


def print_embedded(taken: Mapping[str, list[Embedded]]) -> None:
    few = median(each.memory_mib for each in taken[ALONE])
    more = {name: [(each.memory_mib - few) / FURTHER for each in some] for name, some in taken.items()}
    rows = (
        (
            name,
            spread([each.start_s for each in some], 2),
            spread([each.memory_mib for each in some]),
            "–" if name == ALONE else spread(more[name], 2),
        )
        for name, some in taken.items()
    )
    print_table(["embedded", START, MEMORY, "MiB for each further page"], rows)
    print_goal("memory of a further page without data, embedded", median(more[NO_DATA]), most=5, unit=" MiB")


def measure_containers(stack: Stack, playwright: Playwright) -> Containers:
    container = stack.containers("gateway")[0]
    address = own_address(container, GATEWAY_PORT)
    with reader(playwright) as context:
        visit = opened(*watched(context), stack.url, "/barchart/")
    return Containers(
        visit,
        status=load_on(address, [Ask("/barchart/_status")], 1, SECONDS),
        cached=load_on(address, few_asks(open_page(stack.url, OPENED)), GOAL_READERS, SECONDS),
        gateway_mib=memory_mib(container),
    )


def container_growth(stack: Stack, rounds: int) -> dict[int, list[Containers]]:
    names = further_pages(FURTHER)
    further, others = names[:RUNNING], names[RUNNING:]
    running = ["gateway", "home", "barchart", "linechart", *further]
    taken = defaultdict(list)
    with ExitStack() as entered:
        folder = entered.enter_context(grown_site(FURTHER, plain=True))
        grown = entered.enter_context(grown_stack(folder, running, others))
        playwright = entered.enter_context(sync_playwright())
        sites = {FEW: stack, MANY: grown}
        for site in sites.values():
            get(f"{site.url}/barchart/")  # neither is new to what is measured
        for number in range(rounds):
            for pages in sorted(sites, reverse=bool(number % 2)):
                taken[pages].append(measure_containers(sites[pages], playwright))
        for name in further:
            get(f"{grown.url}/{name}/")
        print_further_page(
            [memory_mib(grown.containers(name)[0]) for name in further],
            [own * MB / KB for _, own in image_sizes(grown.project, further).values()],
        )
    return taken


def print_further_page(memory: Sequence[float], images_kb: Sequence[float]) -> None:
    print(f"- a further page's container: {spread(memory)} MiB, and of its image {spread(images_kb, 1)} kB are its own")
    print_goal("memory of a further page without data, container", max(memory), most=60, unit=" MiB")


def print_containers(taken: Mapping[int, list[Containers]]) -> None:
    rows = (
        (pages, *(spread([value(each) for each in some], digits) for value, digits in COLUMNS.values()))
        for pages, some in taken.items()
    )
    print_table(["pages, in containers", *COLUMNS], rows)
    few, many = taken[FEW], taken[MANY]
    more = ratio([each.visit.bytes for each in many], [each.visit.bytes for each in few])
    print_goal(f"first visit, bytes, {MANY} pages against {FEW}", more, most=1.02)
    slower = median(each.status.p50_ms for each in many) / max(each.status.p50_ms for each in few)
    print_goal(f"gateway, p50 with {MANY} pages against the highest with {FEW}", slower, most=1)


def plotted(in_one: Mapping[str, list[Embedded]], taken: Mapping[int, list[Containers]]) -> go.Figure:
    """All that was measured of 3 and of 30 pages."""
    panels = {
        f"in containers: {name}": alone(
            {f"{pages} pages": [value(each) for each in some] for pages, some in taken.items()}
        )
        for name, (value, _) in COLUMNS.items()
    }
    starts = alone({name: [each.start_s for each in some] for name, some in in_one.items()})
    memory = alone({name: [each.memory_mib for each in some] for name, some in in_one.items()})
    return bars(panels | {f"embedded: {START}": starts, f"embedded: {MEMORY}": memory})


def main(stack: Stack, rounds: int = ROUNDS) -> go.Figure:
    in_one = embedded_growth(rounds)
    print_embedded(in_one)
    in_containers = container_growth(stack, rounds)
    print_containers(in_containers)
    return plotted(in_one, in_containers)
