"""Charts of large tables in default containers: how many answers are charts, and whether memory ever kills a replica.

Each table has 1, 2, 5 or 10 million rows and a column of 200,000 texts. One, four and eight readers ask the bar chart for every
aggregate, with and without a split and a filter. `python -m bench.memory_matrix --rows 1 2` measures those alone (million rows).
"""

import argparse
import itertools
import json
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import duckdb
import requests

from tests.containers.stack import Stack, inspect, run
from tests.processes import free_port
from tests.site.visitor import open_page

MILLION = 1_000_000
ROWS = (1, 2, 5, 10)  # millions
READERS = (1, 4, 8)
AGGREGATES = ("sum", "mean", "median", "min", "max", "count", "distinct")
SPLITS = {"no split": {"split": "-"}, "split": {"split": "region"}}
FILTERS = {"all rows": {}, "a filter": {"from.amount": "100"}}
TIMEOUT_S = 75  # the gateway's for chart pages is 70
TABLE = """
    SELECT 'customer ' || (hash(n) % 200000)::VARCHAR AS customer,
           'region ' || (hash(n + 7) % 8)::VARCHAR AS region,
           (hash(n + 3) % 100000000) / 1000.0 AS amount
    FROM range({rows}) _(n)
"""


@dataclass
class Cell:
    """What the readers of one table met."""

    charts: int = 0
    sentences: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)

    def add(self, outcome: "tuple[str, str, float]") -> None:
        kind, text, seconds = outcome
        self.seconds.append(seconds)
        if kind == "chart":
            self.charts += 1
        else:
            (self.sentences if kind == "sentence" else self.others)[text] += 1


def queries(name: str) -> list[dict[str, str]]:
    """Every view of a table that is asked for."""
    shared = {"table": name, "x": "customer", "top": "20"}
    return [
        shared | {"measure": "amount", "aggregate": aggregate} | split | limit
        for aggregate, split, limit in itertools.product(AGGREGATES, SPLITS.values(), FILTERS.values())
    ]


def ask(url: str, body: dict, query: dict[str, str], number: int) -> tuple[str, str, float]:
    """Ask for one view and return its kind, its text and the seconds it took."""
    value = body["inputs"][0]["value"] | {"query": urlencode(query | {"top": str(10 + number % 20)})}
    asked = body | {"inputs": [{**body["inputs"][0], "value": value}]}
    begin = time.monotonic()
    try:
        answer = requests.post(f"{url}/barchart/_dash-update-component", json=asked, timeout=TIMEOUT_S)
    except requests.RequestException as error:
        return "other", type(error).__name__, time.monotonic() - begin
    took = time.monotonic() - begin
    if answer.status_code != requests.codes.ok:
        return "other", str(answer.status_code), took
    response = json.loads(answer.text)["response"]
    drawn = response["chart"]["figure"]["data"]
    return ("chart", "", took) if drawn else ("sentence", response["caption"]["children"][:60], took)


def kills(stack: Stack) -> tuple[int, int]:
    """How often the kernel killed a process of the page, and the most memory its container had (MiB)."""
    [container] = stack.containers("barchart")
    state = inspect(container)
    log = subprocess.run(["docker", "logs", container], capture_output=True, text=True, check=True).stderr
    peak = run("docker", "exec", container, "sh", "-c", PEAK)
    died = state["RestartCount"] + log.count("was sent SIGKILL") + int(state["State"]["OOMKilled"])
    return died, int(peak) // 2**20


PEAK = "cat /sys/fs/cgroup/memory.peak 2>/dev/null || cat /sys/fs/cgroup/memory/memory.max_usage_in_bytes"


def measure(stack: Stack, body: dict, millions: int, readers: int) -> Cell:
    """Let readers ask for all views of a table, each from another place on."""
    cell, asked = Cell(), queries(f"rows{millions}.parquet")

    def read(reader: int) -> list[tuple[str, str, float]]:
        start = reader * len(asked) // readers
        turns = [*asked[start:], *asked[:start]][: len(asked) // readers if readers > 1 else None]
        return [ask(stack.url, body, query, reader) for query in turns]

    with ThreadPoolExecutor(readers) as threads:
        for outcomes in threads.map(read, range(readers)):
            for outcome in outcomes:
                cell.add(outcome)
    return cell


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--readers", type=int, nargs="+", default=READERS)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        for millions in options.rows:
            file = f"{folder}/rows{millions}.parquet"
            duckdb.sql(f"COPY ({TABLE.format(rows=millions * MILLION)}) TO '{file}' (FORMAT parquet)")
        stack = VariedStack("portico-bench-matrix", free_port(), variables={"PORTICO_DATA_FOLDER": folder})
        try:
            stack.compose("up", "--build", "--detach", "--wait")
            report(stack, options.rows, options.readers)
        finally:
            stack.compose("down", "--volumes", "--timeout", "5")


@dataclass(frozen=True)
class VariedStack(Stack):
    """A site with variables of its own, such as a folder of large tables."""

    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of any stack, and its own."""
        return {**super().environment, **self.variables}


def report(stack: Stack, rows: list[int], readers: list[int]) -> None:
    body = open_page(stack.url, "/barchart/").asking("")
    print(
        "| million rows | readers | charts | sentences | other answers | median, longest (s) | killed so far | peak (MiB) |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for millions, number in itertools.product(rows, readers):
        cell = measure(stack, body, millions, number)
        died, peak = kills(stack)
        times = sorted(cell.seconds)
        others = ", ".join(f"{count} × {text}" for text, count in cell.others.items()) or "0"
        print(
            f"| {millions} | {number} | {cell.charts} | {cell.sentences.total()} | {others} "
            f"| {times[len(times) // 2]:.1f}, {times[-1]:.1f} | {died} | {peak} |",
            flush=True,
        )
        for text, count in cell.sentences.items():
            print(f"<!-- {count} × {text} -->", flush=True)


if __name__ == "__main__":
    main()
