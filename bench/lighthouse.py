"""Lighthouse on the pages of the site: its mobile preset, in a headless Chromium.

It comes from npm into a folder that is thrown away.
"""

import json
import os
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from bench.report import print_goal, print_table, spread
from tests.browser.conftest import FLAGS
from tests.conftest import CHROMIUM
from tests.containers.stack import Stack

ROUNDS = 7
MOST_TRIES = 5  # of a run whose browser records nothing, which one in three does on some machines
PACKAGE = "lighthouse@12.8.2"  # the last major version that runs on Node 20
PAGES = ("/", "/barchart/", "/linechart/")
GOALS = {"performance": 95, "accessibility": 100, "best-practices": 100}
METRICS = {
    "first-contentful-paint": 1,
    "largest-contentful-paint": 1,
    "total-blocking-time": 1,
    "cumulative-layout-shift": 1000,
}
SPEED = "speed of the machine"  # as Lighthouse finds it: scores fall on one that is busy
LIMIT_S = 300

MISSING = "" if shutil.which("npm") else "there is no npm here, which brings Lighthouse"

Report = dict[str, float]  # by category, 0 to 100, and by metric


def install(folder: Path) -> Path:
    command = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--silent", PACKAGE]
    subprocess.run(command, check=True, timeout=LIMIT_S)
    return folder / "node_modules" / ".bin" / "lighthouse"


def report_on(lighthouse: Path, url: str, folder: Path) -> dict:
    """Let Lighthouse look at a page once; return its report."""
    file = folder / "report.json"
    command = [str(lighthouse), url, "--quiet", "--output=json", f"--output-path={file}"]
    options = [f"--only-categories={','.join(GOALS)}", f"--chrome-flags={' '.join(FLAGS)}"]
    environment = {**os.environ, "CHROME_PATH": CHROMIUM}
    subprocess.run([*command, *options], env=environment, check=True, timeout=LIMIT_S)
    return json.loads(file.read_text(encoding="utf-8"))


def tried_again(lighthouse: Path, url: str, folder: Path) -> dict:
    """The report of the first run in which the browser recorded something; no run with a score is left out."""
    for _ in range(MOST_TRIES):
        try:
            return report_on(lighthouse, url, folder)
        except subprocess.CalledProcessError:  # it has said why
            print(f"- {urlsplit(url).path}: asked again", flush=True)
    raise SystemExit(f"{url}: Lighthouse has recorded nothing in {MOST_TRIES} runs")


def scores(report: dict) -> Report:
    """The scores of the categories, of 100, and the metrics in ms."""
    found = {name: 100 * (report["categories"][name]["score"] or 0) for name in GOALS}
    found[SPEED] = report["environment"]["benchmarkIndex"]
    return found | {name: factor * report["audits"][name]["numericValue"] for name, factor in METRICS.items()}


def faults(report: dict) -> list[str]:
    """What cost points in accessibility and best practices."""
    listed = [ref["id"] for name in list(GOALS)[1:] for ref in report["categories"][name]["auditRefs"] if ref["weight"]]
    audits = {name: report["audits"][name] for name in listed}
    return [f"{name}: {audit['title']}" for name, audit in audits.items() if audit["score"] not in (1, None)]


def main(stack: Stack, rounds: int = ROUNDS) -> None:
    taken: dict[str, list[Report]] = defaultdict(list)
    with TemporaryDirectory() as folder:
        lighthouse = install(Path(folder))
        for _ in range(rounds):
            for page in PAGES:
                report = tried_again(lighthouse, stack.url + page, Path(folder))
                taken[page].append(scores(report))
                for fault in faults(report) if len(taken[page]) == 1 else []:
                    print(f"- {page} {fault}")
    print_scores(taken)


def print_scores(taken: dict[str, list[Report]]) -> None:
    names = [*GOALS, *METRICS, SPEED]
    rows = ((page, *(spread([each[name] for each in reports]) for name in names)) for page, reports in taken.items())
    print_table(["page", *GOALS, "FCP (ms)", "LCP (ms)", "TBT (ms)", "CLS × 1000", SPEED], rows)
    for page, reports in taken.items():
        for name, least in GOALS.items():
            print_goal(f"{page}, {name}", median(each[name] for each in reports), least=least)
