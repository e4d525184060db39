"""Callbacks a second and how long they take, with 1, 8 and 64 readers.

Not cached, no question is asked twice in the whole run: the bar chart of the twenty largest countries of a year, as
the stock site draws it, with a lower end for another column that is a different one each time. The
stock sites keep no answers, so that their twelve years, again and again, are work each time. Cached, the same
twelve questions again and again. The stock sites have two processes; this one has one replica of one process, and then two
replicas, which is how it takes two cores. By the containers' own addresses: the published port has one more process on the way.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import count, islice
from statistics import median

import plotly.graph_objects as go

from bench.load import Ask, Load, load_on
from bench.peers import (
    GATEWAY_PORT,
    ONE_SERVER,
    OURS,
    PAGES,
    SERVICE_PORT,
    dash_pages,
    one_server,
    own_address,
    post,
    started,
    stock_bars,
)
from bench.plots import Panel, lines
from bench.report import print_goal, print_table, ratio, spread
from tests.containers.stack import Stack
from tests.site.visitor import OpenedPage, open_page

ROUNDS = 3
READERS = (1, 8, 64)
GOAL_READERS = 8
SECONDS = {1: 4, 8: 5, 64: 8}  # by readers; 64 of a site that answers twenty a second wait three for each
# Of turns in a round, where a difference, or the slowest answers, are within what a machine varies in a minute.
PAIRS = 3
PAIR_SECONDS = {1: 2, 8: 3, 64: 4}
MOST_PER_S = 4000  # questions that are made ready; more are never answered anew on two cores
YEARS = tuple(range(1952, 2008, 5))
BY_GATEWAY, DIRECT = f"{OURS}, through nginx", f"{OURS}, direct to gunicorn"
BY_TWO = f"{OURS}, two replicas, through nginx"
NEW, AGAIN = "not cached", "cached"
OPENED = "/barchart/?table=gapminder&split=continent&top=20&filter=year&filter=gdpPercap&from.gdpPercap=200"

Loads = dict[tuple[str, str, int], list[Load]]  # by kind, site and readers


def portico_asks(opened: OpenedPage, numbers: Iterator[int]) -> Iterator[Ask]:
    """Questions as the bar chart's browser asks them, each a different one for as long as the numbers are."""
    shown = opened.shown
    assert shown is not None
    query = shown["query"].replace("=2007", "=YEAR").replace("from.gdpPercap=200", "from.gdpPercap=LOW")
    body = opened.asking(query)
    body["inputs"][0]["value"] |= {"shape": shown["shape"], "usual": shown["usual"]}  # it has the controls already
    text = json.dumps(body)
    for number in numbers:
        low, year = f"{200 + number * 7 % 2000}.{number:07}", YEARS[number % len(YEARS)]
        yield Ask("/barchart/", text.replace("YEAR", str(year)).replace("LOW", low))


def few_asks(opened: OpenedPage) -> list[Ask]:
    """The twelve questions that are asked again and again."""
    return list(portico_asks(opened, iter(range(len(YEARS)))))


def check_figure(address: str, ask: Ask) -> None:
    """Stop unless a question is answered with bars."""
    response = json.loads(post(address, ask.path, json.loads(ask.body)))["response"]
    drawn = next(each["figure"] for each in response.values() if "figure" in each)
    if not drawn["data"]:
        raise SystemExit(f"{address}: no bars for {ask.body}")


class Asked:
    """The sites and what each is asked."""

    def __init__(self, stack: Stack, pages: str, server: str) -> None:
        self.gateway = own_address(stack.containers("gateway")[0], GATEWAY_PORT)
        direct = own_address(stack.containers("barchart")[0], SERVICE_PORT)
        self.opened = open_page(stack.url, OPENED)
        self.ours = {BY_GATEWAY: self.gateway, DIRECT: direct}
        self.stock = {
            PAGES: (pages, [Ask("/", json.dumps(stock_bars(year))) for year in YEARS]),
            ONE_SERVER: (server, [Ask("/barchart/", json.dumps(stock_bars(year))) for year in YEARS]),
        }
        self.few = few_asks(self.opened)
        self._numbers = count(len(YEARS))

    def check(self) -> None:
        for address, asks in self.stock.values():
            check_figure(address, asks[0])
        for address in self.ours.values():
            check_figure(address, self.few[0])

    def new(self, seconds: float) -> list[Ask]:
        """Questions that nobody has asked yet."""
        return list(portico_asks(self.opened, islice(self._numbers, int(MOST_PER_S * seconds))))

    def turn(self, loads: Loads, readers: int) -> None:
        """Ask every site once."""
        for name, (address, asks) in self.stock.items():
            loads[NEW, name, readers].append(load_on(address, asks, readers, SECONDS[readers]))
        for pair in range(PAIRS):
            for name, address in sorted(self.ours.items(), reverse=bool(pair % 2)):
                loads[NEW, name, readers].append(self._new_load(address, readers, PAIR_SECONDS[readers]))
        loads[AGAIN, BY_GATEWAY, readers].append(load_on(self.gateway, self.few, readers, SECONDS[readers]))

    def turn_of_two(self, loads: Loads, readers: int) -> None:
        """Ask stock Dash Pages once, and this site with two replicas."""
        address, asks = self.stock[PAGES]
        loads[NEW, PAGES, readers].append(load_on(address, asks, readers, SECONDS[readers]))
        loads[NEW, BY_TWO, readers].append(self._new_load(self.gateway, readers, SECONDS[readers]))

    def _new_load(self, address: str, readers: int, seconds: float) -> Load:
        return load_on(address, self.new(seconds), readers, seconds, once=True)


def print_loads(loads: Loads) -> None:
    rows = (
        (
            *place,
            spread([each.per_s for each in taken], 1),
            spread([each.p50_ms for each in taken], 2),
            spread([each.p99_ms for each in taken], 1),
        )
        for place, taken in sorted(loads.items(), key=lambda item: (item[0][2], item[0][0] == AGAIN))
    )
    print_table(["", "site", "readers", "answers a second", "p50 (ms)", "p99 (ms)"], rows)


def print_goals(loads: Loads) -> None:
    stock = loads[NEW, PAGES, GOAL_READERS]
    for kind, site, least in ((NEW, BY_TWO, 15), (AGAIN, BY_GATEWAY, 200)):
        ours = loads[kind, site, GOAL_READERS]
        times = ratio([each.per_s for each in ours], [each.per_s for each in stock])
        slowest = ratio([each.p99_ms for each in ours], [each.p99_ms for each in stock])
        print_goal(f"{kind}, {GOAL_READERS} readers, answers a second against {PAGES}", times, least=least)
        print_goal(f"{kind}, {GOAL_READERS} readers, p99 against {PAGES}", slowest, most=0.1)
    for readers in READERS:
        through, direct = loads[NEW, BY_GATEWAY, readers], loads[NEW, DIRECT, readers]
        share = ratio([each.per_s for each in through], [each.per_s for each in direct])
        more = median(each.p50_ms for each in through) - median(each.p50_ms for each in direct)
        print_goal(f"through nginx against direct, {readers} readers, answers a second", share, least=0.95)
        print_goal(f"through nginx against direct, {readers} readers, p50", more, most=0.5, unit=" ms more")


def plotted(loads: Loads) -> go.Figure:
    """Answers a second and their times along the number of readers."""
    sites = [(NEW, BY_GATEWAY), (NEW, PAGES), (NEW, ONE_SERVER), (NEW, DIRECT), (NEW, BY_TWO), (AGAIN, BY_GATEWAY)]
    names = {(kind, site): site if kind == NEW else f"{site}, {kind}" for kind, site in sites}

    def panel(value: Callable[[Load], float]) -> Panel:
        return {
            str(readers): {
                name: [value(each) for each in loads.get((*place, readers), ())] for place, name in names.items()
            }
            for readers in READERS
        }

    panels = {
        "answers a second": panel(lambda each: each.per_s),
        "p50 (ms)": panel(lambda each: each.p50_ms),
        "p99 (ms)": panel(lambda each: each.p99_ms),
    }
    return lines(panels, "readers")


def main(stack: Stack, rounds: int = ROUNDS) -> go.Figure:
    loads: Loads = defaultdict(list)
    with started(dash_pages()) as (pages, _, _), started(one_server()) as (server, _, _):
        asked = Asked(stack, pages, server)
        asked.check()
        for _ in range(rounds):
            for readers in READERS:
                asked.turn(loads, readers)
        stack.scale("barchart", 2)
        for _ in range(rounds * PAIRS):
            asked.turn_of_two(loads, GOAL_READERS)
        stack.scale("barchart", 1)
    print_loads(loads)
    print_goals(loads)
    return plotted(loads)
