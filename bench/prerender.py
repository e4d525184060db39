"""From a click to the chart of the next page, in a browser that may prerender it.

A browser that is driven over DevTools does not prerender: this one is a process that nothing is attached to. A proxy puts
a script into the pages that makes the click and says what it saw (`prerender.js`, `prerender_proxy.py`). `activationStart`
above zero is the browser's own word that the page was prerendered.
"""

import queue
import subprocess
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from bench.peers import OURS, PAGES, dash_pages, started
from bench.prerender_proxy import AS_IT_IS, OWN, WITHOUT, proxy_of
from bench.report import print_goal, print_table, spread
from tests.browser.conftest import FLAGS
from tests.conftest import CHROMIUM
from tests.containers.stack import Stack

ROUNDS = 5
LIMIT_S = 60

Told = dict[str, list[dict]]


@contextmanager
def unattended_browser(address: str) -> Iterator[None]:
    """A browser of its own with nothing attached to it, on a page."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "--window-size=1280,900", address]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            process.terminate()
            process.wait(timeout=30)


def from_click_to_chart(site: str, rules: str) -> dict | None:
    """What the page said that was gone to; None if it said nothing."""
    with proxy_of(site, rules) as proxy, unattended_browser(f"{proxy.address}/barchart/"):
        try:
            return proxy.told.get(timeout=LIMIT_S)
        except queue.Empty:
            return None


def print_told(told: Told) -> None:
    rows = []
    for name, each in told.items():
        prerendered = [one for one in each if one["activationStart"] > 0]
        ready = [one["readyBeforeActivation"] for one in prerendered if one["readyBeforeActivation"]]
        cells = (column(each, "clickToChart"), column(prerendered, "clickToActivation"))
        rows.append((name, f"{len(prerendered)} of {len(each)}", *cells, f"{len(ready)} of {len(each)}"))
    header = ["site", "prerendered", "ms from click to chart", "of it to the activation", "drawn before it was seen"]
    print_table(header, rows)


def column(told: list[dict], name: str) -> str:
    return spread([each[name] for each in told]) if told else "–"


def main(stack: Stack, rounds: int = ROUNDS) -> None:
    told: Told = defaultdict(list)
    with started(dash_pages()) as (pages, _, _):
        turns = [(f"{OURS}, {rules}", stack.url, rules) for rules in (AS_IT_IS, WITHOUT, OWN)]
        for _ in range(rounds):
            for name, site, rules in [*turns, (PAGES, pages, WITHOUT)]:
                said = from_click_to_chart(site, rules)
                if said:
                    told[name].append(said)
                else:
                    print(f"- {name}: a turn is left out: nothing was said within {LIMIT_S} s")
    print_told(told)
    with_rules = told[f"{OURS}, {AS_IT_IS}"]
    if not with_rules or any(each["activationStart"] == 0 for each in with_rules):
        print("The site's next page was NOT prerendered by its own rules.\n")
    slowest = max((each["clickToChart"] for each in with_rules if each["activationStart"] > 0), default=float("nan"))
    print_goal("next page with prerendering, slowest from click to chart", slowest, most=150, unit=" ms")
