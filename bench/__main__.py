"""Every measurement, or those that are named: `python -m bench visits callbacks --rounds 3`.

With `--write`, what was measured goes into docs/benchmarks.md, with plots.
"""

import argparse
import os
import platform
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import plotly.graph_objects as go

from bench import assets, callbacks, growth, images, lighthouse, load, prerender, visits
from bench.document import Document
from bench.drawing import drawn
from bench.peers import containers, stock_python
from bench.report import copied, print_title
from tests.conftest import CHROMIUM, chromium_is_missing, engine_is_missing
from tests.containers.stack import Stack, run
from tests.processes import ROOT

PARTS: dict[str, tuple[str, Callable[..., go.Figure | None]]] = {  # a title, and what prints its figures and plots them
    "visits": ("Visits of a browser", visits.main),
    "prerender": ("The next page, prerendered", prerender.main),
    "callbacks": ("Callbacks", callbacks.main),
    "assets": ("Shared assets", assets.main),
    "images": ("Starts, memory, images", images.main),
    "growth": ("From 3 to 30 pages", growth.main),
    "lighthouse": ("Lighthouse", lighthouse.main),
}
MACHINE = "machine"  # the place of what was measured with what
DOCUMENT = ROOT / "docs" / "benchmarks.md"
PACKAGES = ("dash", "plotly", "gunicorn", "flask", "duckdb")


class Sites(ExitStack):
    """What the parts ask in common, started by the first of them."""

    @cached_property
    def stack(self) -> Stack:
        return self.enter_context(containers())


def print_machine() -> None:
    """Say what is measured with what, and where."""
    browser = subprocess.run([CHROMIUM, "--version"], capture_output=True, text=True, check=False).stdout.strip()
    nginx = run("docker", "run", "--rm", "nginx:1.30", "sh", "-c", "nginx -v 2>&1").strip().rpartition("/")[2]
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {packages}, nginx {nginx}, {browser}.")
    print("Figures are medians, with the lowest and highest beside them; sites take turns.")


def missing(document: Document | None) -> list[str]:
    """What this machine does not have for a measurement, and the document for what is to be written into it."""
    stock_python()
    reasons = [engine_is_missing(), chromium_is_missing(), load.MISSING]
    return [reason for reason in reasons if reason] + (document.missing([MACHINE, *PARTS]) if document else [])


def measure(name: str, sites: Sites, rounds: int | None, document: Document | None) -> None:
    """Print what a part finds, and write it with its plot into the document if there is one."""
    title, part = PARTS[name]
    print_title(title)
    with copied() as text:
        begin, busy = time.monotonic(), os.getloadavg()[0]
        plot = part(sites.stack, **({} if rounds is None else {"rounds": rounds}))
        took, busy_then = time.monotonic() - begin, os.getloadavg()[0]
        day = f"{datetime.now(UTC):%Y-%m-%d}"
        print(
            f"\n({name}: {took:.0f} s on {day}; load of the machine {busy:.1f} before, {busy_then:.1f} after.)",
            flush=True,
        )
    if document:
        document.fill(name, text.getvalue(), drawn(plot) if plot else {})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one of {', '.join(PARTS)}; none for all")
    parser.add_argument("--rounds", type=int, help="how often each site has its turn; unset = as each part says")
    parser.add_argument("--write", type=Path, nargs="?", const=DOCUMENT, help="where tables and plots go, too")
    given = parser.parse_args()
    if unknown := set(given.parts) - PARTS.keys():
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    document = Document(given.write) if given.write else None
    if reasons := missing(document):
        parser.exit(1, f"bench: {'; '.join(reasons)}\n")
    with copied() as text:
        print_machine()
    if document:
        document.fill(MACHINE, text.getvalue(), {})
    with Sites() as sites:
        for name in given.parts or PARTS:
            measure(name, sites, given.rounds, document)


if __name__ == "__main__":
    main()
