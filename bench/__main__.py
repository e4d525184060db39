"""Every measurement, or those that are named: `python -m bench visits callbacks --rounds 3`.

With `--write`, what was measured goes into docs/benchmarks.md, with plots.
"""

import argparse
import os
import sys
import time
import traceback
from collections.abc import Callable, Collection
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cached_property

import plotly.graph_objects as go

from bench import assets, callbacks, growth, images, lighthouse, load, prerender, visits
from bench.document import Document
from bench.drawing import drawn
from bench.peers import containers, stock_python
from bench.report import copied, print_title
from tests.conftest import CHROMIUM, chromium_is_missing, engine_is_missing
from tests.containers.stack import Stack, run
from tests.containers.versions import PACKAGES, packages_program, versions
from tests.processes import ROOT

PARTS: dict[str, tuple[str, Callable[..., go.Figure | None]]] = {  # a title, and what prints its figures and plots them
    "visits": ("Visits of a browser", visits.main),
    "prerender": ("The next page, prerendered", prerender.main),
    "callbacks": ("Callbacks", callbacks.main),
    "assets": ("Shared files", assets.main),
    "images": ("Starts, memory, images", images.main),
    "growth": ("From 3 to 30 pages", growth.main),
    "lighthouse": ("Lighthouse", lighthouse.main),
}
VERSIONS = "versions"  # the place of what was measured with what
DOCUMENT = ROOT / "docs" / "benchmarks.md"


class Sites(ExitStack):
    """What the parts ask in common, started by the first of them."""

    @cached_property
    def stack(self) -> Stack:
        return self.enter_context(containers())


def print_versions(stack: Stack) -> None:
    """Say what is measured with what, and where."""
    print(f"- {os.cpu_count()} cores; the site in containers: {versions(stack, 'barchart')}")
    for what, python, more in (("embedded", sys.executable, ()), ("the stock sites", stock_python(), ("pandas",))):
        print(f"- {what}: {run(python, '-c', packages_program(*PACKAGES, *more)).strip()}")
    print(f"- {run(CHROMIUM, '--version').strip()}, {load.version()}", flush=True)


def missing(parts: Collection[str], document: Document | None) -> list[str]:
    """What this machine does not have for a measurement, and the document for what is to be written into it."""
    stock_python()
    reasons = [engine_is_missing(), chromium_is_missing(), load.MISSING]
    reasons += [lighthouse.MISSING] if "lighthouse" in parts else []
    return [reason for reason in reasons if reason] + (document.missing([VERSIONS, *parts]) if document else [])


def measure(name: str, sites: Sites, rounds: int | None, document: Document | None) -> None:
    """Print what a part finds, and write it with its plot into the document if there is one."""
    title, part = PARTS[name]
    print_title(title)
    sites.stack.healthy()  # a part that failed may have left it otherwise
    with copied() as text:
        begin, busy = time.monotonic(), os.getloadavg()[0]
        plot = part(sites.stack, **({} if rounds is None else {"rounds": rounds}))
        turns, took = f"{rounds} rounds, " if rounds else "", f"{time.monotonic() - begin:.0f} s"
        busyness = f"load of the machine {busy:.1f} before, {os.getloadavg()[0]:.1f} after"
        print(f"\n({name}: {turns}{took} on {datetime.now(UTC):%Y-%m-%d}; {busyness}.)")
    if document:
        document.fill(name, text.getvalue(), {})
        if plot:
            document.fill(name, text.getvalue(), drawn(plot))


def measured(name: str, sites: Sites, rounds: int | None, document: Document | None) -> bool:
    """Whether a part could be measured, and drawn; the others go on where it could not."""
    try:
        measure(name, sites, rounds, document)
    except (Exception, SystemExit):
        traceback.print_exc()
        return False
    return True


def number_of_rounds(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1 on")
    return int(text)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one of {', '.join(PARTS)}; none for all")
    parser.add_argument(
        "--rounds", type=number_of_rounds, help="how often each site has its turn; unset = as each part says"
    )
    parser.add_argument("--write", action="store_true", help=f"write tables and plots into {DOCUMENT.name}, too")
    given = parser.parse_args()
    if unknown := set(given.parts) - PARTS.keys():
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    parts, document = given.parts or list(PARTS), Document(DOCUMENT) if given.write else None
    if reasons := missing(parts, document):
        parser.exit(1, f"bench: {'; '.join(reasons)}\n")
    with Sites() as sites:
        with copied() as text:
            print_versions(sites.stack)
        failed = [name for name in parts if not measured(name, sites, given.rounds, document)]
    if failed:
        parser.exit(1, f"bench: not measured, or not drawn: {', '.join(failed)}\n")
    if document and parts == list(PARTS):
        document.fill(VERSIONS, text.getvalue(), {})  # now all tables are of these


if __name__ == "__main__":
    main()
