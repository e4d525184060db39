"""Every measurement, or those that are named: `python -m bench visits callbacks --rounds 3`."""

import argparse
import os
import platform
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from importlib.metadata import version

from bench import assets, callbacks, growth, images, lighthouse, load, prerender, visits
from bench.peers import containers, stock_python
from bench.report import print_title
from tests.conftest import CHROMIUM, chromium_is_missing, engine_is_missing
from tests.containers.stack import Stack, run

PARTS: dict[str, tuple[str, Callable[..., None]]] = {
    "visits": ("Visits of a browser", visits.main),
    "prerender": ("The next page, prerendered", prerender.main),
    "callbacks": ("Callbacks", callbacks.main),
    "assets": ("Shared assets", assets.main),
    "images": ("Starts, memory, images", images.main),
    "growth": ("From 3 to 30 pages", growth.main),
    "lighthouse": ("Lighthouse", lighthouse.main),
}
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


def missing() -> list[str]:
    """What this machine does not have for a measurement."""
    stock_python()
    return [reason for reason in (engine_is_missing(), chromium_is_missing(), load.MISSING) if reason]


def measure(parts: list[str], rounds: int | None) -> None:
    given = {} if rounds is None else {"rounds": rounds}
    with Sites() as sites:
        for name in parts:
            title, part = PARTS[name]
            print_title(title)
            begin, busy = time.monotonic(), os.getloadavg()[0]
            part(sites.stack, **given)
            took = time.monotonic() - begin
            print(
                f"\n({name}: {took:.0f} s; load of the machine {busy:.1f} before, {os.getloadavg()[0]:.1f} after.)",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one of {', '.join(PARTS)}; none for all")
    parser.add_argument("--rounds", type=int, help="how often each site has its turn; unset = as each part says")
    given = parser.parse_args()
    if unknown := set(given.parts) - PARTS.keys():
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if reasons := missing():
        parser.exit(1, f"bench: {'; '.join(reasons)}\n")
    print_machine()
    measure(given.parts or list(PARTS), given.rounds)


if __name__ == "__main__":
    main()
