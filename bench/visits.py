"""Visits of a browser: bytes, requests and milliseconds to a drawn chart, on loopback and on a slow line.

A first visit is the bar chart with an empty cache, the next page is the line chart by its link in the navigation,
a repeat visit the bar chart again, in a new tab of the same browser.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import ExitStack

import plotly.graph_objects as go
from playwright.sync_api import Error, Playwright, sync_playwright

from bench.browser import Visit, clicked, opened, reader, watched
from bench.line import check_line, line_to
from bench.peers import ONE_SERVER, OURS, PAGES, dash_pages, one_server, started
from bench.plots import Panel, bars
from bench.report import print_goal, print_table, ratio, spread
from tests.containers.stack import Stack

ROUNDS = 9  # medians of five moved by a fifth from run to run
LOOPBACK, LINE = "loopback", "10 Mbit/s, 40 ms"
FIRST, NEXT, REPEAT = "first visit", "next page", "repeat visit"
SITES = (OURS, PAGES, ONE_SERVER)
KB = 1000

Visits = dict[tuple[str, str, str], list[Visit]]  # by line, kind of visit and site


def visit(playwright: Playwright, address: str) -> dict[str, Visit]:
    """Let one reader make each kind of visit."""
    with reader(playwright) as context:
        page, session = watched(context)
        first = opened(page, session, address, "/barchart/")
        following = clicked(page, session, "/linechart")
        page.close()
        page, session = watched(context)
        return {FIRST: first, NEXT: following, REPEAT: opened(page, session, address, "/barchart/")}


def take_turns(sites: Mapping[str, str], rounds: int) -> Visits:
    """Visit the sites in turns, on each line."""
    visits: Visits = defaultdict(list)
    with ExitStack() as lines, sync_playwright() as playwright:
        addresses = {LOOPBACK: sites, LINE: {name: lines.enter_context(line_to(sites[name])) for name in sites}}
        for _ in range(rounds):
            for line, named in addresses.items():
                for name, address in named.items():
                    for kind, made in completed(playwright, address, f"{name}, {line}").items():
                        visits[line, kind, name].append(made)
    return visits


def completed(playwright: Playwright, address: str, name: str) -> dict[str, Visit]:
    """The visits of one reader; a site that shows no chart within a minute is named, and the turn is not counted."""
    try:
        return visit(playwright, address)
    except Error as error:
        print(f"- {name}: a turn is left out: {error.message.splitlines()[0]}")
        return {}


def print_visits(visits: Visits) -> None:
    rows = (
        (
            *place,
            spread([each.bytes / KB for each in made], 1),
            spread([each.script / KB for each in made], 1),
            spread([each.requests for each in made]),
            spread([each.ms for each in made]),
        )
        for place, made in sorted(visits.items(), key=lambda item: (item[0][0] != LOOPBACK, item[0][1]))
    )
    print_table(["line", "visit", "site", "kB on the wire", "of it script", "requests", "ms to the chart"], rows)


def print_goals(visits: Visits) -> None:
    def column(line: str, kind: str, site: str, name: str) -> list[float]:
        return [getattr(each, name) for each in visits[line, kind, site]]

    def compared(line: str, kind: str, name: str) -> float:
        return ratio(column(line, kind, OURS, name), column(line, kind, PAGES, name))

    def highest(kind: str, name: str) -> float:
        return max(column(LOOPBACK, kind, OURS, name), default=float("nan"))

    print_goal(f"{FIRST}, bytes against {PAGES}", compared(LOOPBACK, FIRST, "bytes"), most=0.10)
    print_goal(f"{FIRST}, most bytes", highest(FIRST, "bytes") / KB, most=600, unit=" kB")
    print_goal(f"{FIRST}, most requests", highest(FIRST, "requests"), most=10)
    for line, most in ((LOOPBACK, 0.5), (LINE, 0.2)):
        print_goal(f"{FIRST}, time against {PAGES}, {line}", compared(line, FIRST, "ms"), most=most)
    print_goal(f"{NEXT}, most bytes", highest(NEXT, "bytes") / KB, most=15, unit=" kB")
    print_goal(f"{NEXT}, most bytes of script", highest(NEXT, "script") / KB, most=0, unit=" kB")
    for line in (LOOPBACK, LINE):
        print_goal(f"{NEXT}, time against {PAGES}' own navigation, {line}", compared(line, NEXT, "ms"), most=0.8)
    print_goal(f"{REPEAT}, most requests", highest(REPEAT, "requests"), most=1)
    for line in (LOOPBACK, LINE):
        print_goal(f"{REPEAT}, time against {PAGES}, {line}", compared(line, REPEAT, "ms"), most=0.6)


def plotted(visits: Visits) -> go.Figure:
    """Bytes on the wire, requests, and the time to a drawn chart on each line."""

    def panel(line: str, value: Callable[[Visit], float]) -> Panel:
        return {
            kind: {site: [value(each) for each in visits.get((line, kind, site), ())] for site in SITES}
            for kind in (FIRST, NEXT, REPEAT)
        }

    return bars(
        {
            "on the wire (kB)": panel(LOOPBACK, lambda each: each.bytes / KB),
            "requests": panel(LOOPBACK, lambda each: each.requests),
            **{f"to a drawn chart, {line} (ms)": panel(line, lambda each: each.ms) for line in (LOOPBACK, LINE)},
        }
    )


def main(stack: Stack, rounds: int = ROUNDS) -> go.Figure:
    check_line()
    with started(dash_pages()) as (pages, _, _), started(one_server()) as (server, _, _):
        visits = take_turns({OURS: stack.url, PAGES: pages, ONE_SERVER: server}, rounds)
    print_visits(visits)
    print_goals(visits)
    return plotted(visits)
