"""How the site grows from 3 to 30 pages: first visit, the gateway's latency, memory of a further page.

The further pages are written by `make page` into a copy of the site. In containers, the gateway knows all of them, three run,
and the names of the others lead to the last of these. The gateway's latency is that of a page's status, which costs the page next to nothing.
"""

from collections import defaultdict
from contextlib import ExitStack
from dataclasses import replace
from statistics import median

from playwright.sync_api import sync_playwright

from bench.browser import Visit, opened, reader, watched
from bench.grown_site import further_pages, grown_site, grown_stack
from bench.images import memory_mib
from bench.load import Ask, Load, load_on
from bench.peers import GATEWAY_PORT, embedded, get, own_address, started
from bench.report import print_goal, print_table, ratio, spread
from bench.start_and_memory import pss_mib
from tests.containers.stack import Stack

ROUNDS = 3
FEW, FURTHER = 3, 27
RUNNING = 3  # of the further pages, in containers of their own
READERS, SECONDS = 1, 4
KB = 1000
EMBEDDED_MEMORY = {"no data": True, "charts": False}  # of further pages: whether they are plain


def memory_embedded(further: int, *, plain: bool) -> float:
    """The MiB of the embedded site with more pages, after each was opened."""
    paths = ["/", "/barchart/", "/linechart/", *(f"/{name}/" for name in further_pages(further))]
    with ExitStack() as entered:
        folder = entered.enter_context(grown_site(further, plain=plain))
        address, process, _ = entered.enter_context(started(replace(embedded(), folder=folder)))
        for path in paths:
            get(address + path)
        return pss_mib(process)


def embedded_growth(rounds: int) -> None:
    few, many = [], defaultdict(list)
    for _ in range(rounds):
        few.append(memory_embedded(0, plain=True))
        for name, plain in EMBEDDED_MEMORY.items():
            many[name].append(memory_embedded(FURTHER, plain=plain))
    rows = [(f"{FEW} pages", spread(few), "–")]
    more = {name: [(each - median(few)) / FURTHER for each in taken] for name, taken in many.items()}
    rows += [(f"and {FURTHER} with {name}", spread(taken), spread(more[name], 2)) for name, taken in many.items()]
    print_table(["embedded", "memory, PSS (MiB)", "MiB for each further page"], rows)
    print_goal("memory of a further page without data, embedded", median(more["no data"]), most=5, unit=" MiB")


def status_load(stack: Stack) -> Load:
    gateway = own_address(stack.containers("gateway")[0], GATEWAY_PORT)
    return load_on(gateway, [Ask("/barchart/_status")], READERS, SECONDS)


def container_growth(stack: Stack, rounds: int) -> None:
    names = further_pages(FURTHER)
    running = ["gateway", "home", "barchart", "linechart", *names[:RUNNING]]
    visits: dict[int, list[Visit]] = defaultdict(list)
    loads: dict[int, list[Load]] = defaultdict(list)
    with ExitStack() as entered:
        folder = entered.enter_context(grown_site(FURTHER, plain=True))
        grown = entered.enter_context(grown_stack(folder, running, names[RUNNING:]))
        playwright = entered.enter_context(sync_playwright())
        for _ in range(rounds):
            for pages, site in {FEW: stack, FEW + FURTHER: grown}.items():
                with reader(playwright) as context:
                    visits[pages].append(opened(*watched(context), site.url, "/barchart/"))
                loads[pages].append(status_load(site))
        for name in names[:RUNNING]:
            get(f"{grown.url}/{name}/")
        memory = [memory_mib(grown.containers(name)[0]) for name in names[:RUNNING]]
    print_growth(visits, loads, memory)


def print_growth(visits: dict[int, list[Visit]], loads: dict[int, list[Load]], memory: list[float]) -> None:
    rows = (
        (
            pages,
            spread([each.bytes / KB for each in made], 1),
            spread([each.ms for each in made]),
            spread([each.p50_ms for each in loads[pages]], 2),
            spread([each.p99_ms for each in loads[pages]], 2),
        )
        for pages, made in visits.items()
    )
    header = ["pages", "first visit (kB)", "ms to the chart", "status through the gateway, p50 (ms)", "p99 (ms)"]
    print_table(header, rows)
    few, many = visits.values()
    print_goal(
        "first visit, bytes, 30 pages against 3", ratio(*([e.bytes for e in each] for each in (many, few))), most=1.02
    )
    few_p50, many_p50 = ([each.p50_ms for each in taken] for taken in loads.values())
    print_goal("gateway, p50 with 30 pages against the highest with 3", median(many_p50) / max(few_p50), most=1)
    print(f"- a further page's container: {spread(memory)} MiB")
    print_goal("memory of a further page without data, container", max(memory), most=60, unit=" MiB")


def main(stack: Stack, rounds: int = ROUNDS) -> None:
    embedded_growth(rounds)
    container_growth(stack, rounds)
