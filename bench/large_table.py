"""Charts of ten million rows: the pages' service beside pandas with the frame in memory, turn by turn.

The service is a process of its own (`python -m portico`) over a folder with one Parquet file, asked over HTTP
with the bodies that a browser sends; pandas (STOCK_PYTHON) has the same table in memory and is asked for the
numbers alone. Then readers ask for different views at once. Memory is the proportional set size (PSS) of
the service's processes, looked at every 50 ms. Each answer is checked: both sides must find the same numbers.
"""

import gzip
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import threading
import time
from array import array
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from math import isclose
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

import duckdb
import psutil

from tests.processes import free_port, running_process

ROOT = Path(__file__).parents[1]
ROWS = int(os.environ.get("BENCH_ROWS", "10000000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "7"))
READERS = 32
READERS_S = float(os.environ.get("BENCH_SECONDS", "60"))
LOOK_S = 0.05
HEALTH_S = 0.1
TIMEOUT_S = 60
WIDTH_PX = 1000
GZIP_LEVEL = 4  # of the nginx gateway
MIB = 1024 * 1024

# One row a second; the value follows the day with noise on it.
TABLE = f"""
    SELECT 'category ' || lpad((hash(n) % 50)::VARCHAR, 2, '0') AS category,
           TIMESTAMP '2024-01-01' + to_seconds(n) AS time,
           100 + 20 * sin(n / 13750.0) + (hash(n + 1) % 10000) / 500.0 AS value
    FROM range({ROWS}) _(n) ORDER BY n
"""
SPAN = {"table": "large.parquet", "x": "time", "measure": "value", "split": "-"}
VIEWS = {
    "bars": (
        "barchart",
        {"table": "large.parquet", "x": "category", "measure": "value", "aggregate": "sum", "top": "20"},
    ),
    "every row": ("linechart", SPAN | {"aggregate": "each"}),
    "daily": ("linechart", SPAN | {"aggregate": "mean", "grain": "day"}),
}
PEERS = {"bars": ("bars", "bars, categorical"), "every row": ("every row",), "daily": ("daily",)}
TITLES = {
    "bars": "bar chart: sum by category, the largest 20",
    "every row": "line chart: every row, reduced to 1,000 pixel columns",
    "daily": "line chart: mean of each day",
}


class Browser:
    """A reader's kept-alive connection to the service, with every page open.

    Args:
        like: a reader whose pages look the same; without one they are opened.
    """

    def __init__(self, port: int, like: "Browser | None" = None) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        self._bodies = like._bodies if like else {page: self._opened(page) for page in ("barchart", "linechart")}

    def ask(self, page: str, query: dict[str, Any]) -> bytes:
        """Ask for a view as the page does when a control was changed; return the body of the answer."""
        asked = self._bodies[page]["inputs"][0]["value"] | {"query": urlencode(query, doseq=True)}
        inputs = [{"id": "address", "property": "data", "value": asked}]
        body = json.dumps(self._bodies[page] | {"inputs": inputs})
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        self._connection.request("POST", f"/{page}/_dash-update-component", body, headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise http.client.HTTPException(f"{answer.status} {content[:200]!r}")
        return content

    def close(self) -> None:
        self._connection.close()

    def _opened(self, page: str) -> dict[str, Any]:
        self._connection.request("GET", f"/{page}/?table=large")
        html = self._connection.getresponse().read().decode()
        first = json.loads(re.search(r'id="_portico-first"[^>]*>(.*?)</script>', html, re.DOTALL)[1])
        shown = next(_stores(first["layout"], "shown"))
        callback = next(
            each
            for each in first["dependencies"]
            if not each["clientside_function"] and [one["id"] for one in each["inputs"]] == ["address"]
        )
        names = callback["output"].strip(".").split("...")
        return {
            "output": callback["output"],
            "outputs": [dict(zip(("id", "property"), name.rsplit(".", 1), strict=True)) for name in names],
            "inputs": [{"value": {"shape": shown["shape"], "width": WIDTH_PX}}],
            "changedPropIds": ["address.data"],
        }


def _stores(component: Any, wanted: str) -> Iterator[dict[str, Any]]:
    """The data of a store, found in a layout."""
    if isinstance(component, list):
        for each in component:
            yield from _stores(each, wanted)
    elif isinstance(component, dict):
        props = component.get("props", {})
        if props.get("id") == wanted:
            yield props["data"]
        yield from _stores(props.get("children"), wanted)


@dataclass
class Memory:
    """The most memory that some processes had, in MiB."""

    processes: list[psutil.Process]
    most: float = 0
    _over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def watched(self) -> Iterator["Memory"]:
        thread = threading.Thread(target=self._look)
        thread.start()
        try:
            yield self
        finally:
            self._over.set()
            thread.join()

    def _look(self) -> None:
        while not self._over.wait(LOOK_S):
            self.most = max(self.most, pss(self.processes))


def pss(processes: list[psutil.Process]) -> float:
    return sum(each.memory_full_info().pss for each in processes) / MIB


class Pandas:
    """The peer: a process that holds the table in a frame."""

    def __init__(self, file: Path) -> None:
        python = os.environ.get("STOCK_PYTHON", sys.executable)
        command = [python, str(ROOT / "bench" / "large_table_pandas.py"), str(file)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = json.loads(self.process.stdout.readline())

    def ask(self, view: str) -> tuple[float, list[float]]:
        """Return the seconds that a view took, and its numbers."""
        self.process.stdin.write(f"{view}\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return answer["seconds"], answer["numbers"]

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=60)


def numbers_of(view: str, content: bytes) -> list[float]:
    """The numbers in an answer that the peer finds too."""
    figure = json.loads(content)["response"]["chart"]["figure"]
    if not figure["data"]:
        raise SystemExit(f"{view}: nothing was drawn: {json.loads(content)['response']['caption']['children']}")
    trace = figure["data"][0]
    if view == "bars":
        return trace["x"]
    values = trace["y"] if isinstance(trace["y"], list) else list(_unpacked(trace["y"]))
    return values if view == "daily" else [min(values), max(values)]


def _unpacked(packed: dict[str, str]) -> Iterator[float]:
    """The numbers of an array in base64, as plotly.js reads it."""
    yield from array({"f8": "d", "f4": "f"}[packed["dtype"]], b64decode(packed["bdata"]))


def turns(browser: Browser, peer: Pandas) -> tuple[dict[str, list[float]], dict[str, list[float]], dict[str, bytes]]:
    """Ask both sides for each view in turns, and check that they agree."""
    ours: dict[str, list[float]] = {view: [] for view in VIEWS}
    theirs: dict[str, list[float]] = {name: [] for names in PEERS.values() for name in names}
    answers = {}
    for _ in range(ROUNDS):
        for view, (page, query) in VIEWS.items():
            begin = time.perf_counter()
            answers[view] = browser.ask(page, query)
            ours[view].append(time.perf_counter() - begin)
            for name in PEERS[view]:
                seconds, numbers = peer.ask(name)
                theirs[name].append(seconds)
                check(view, numbers_of(view, answers[view]), numbers)
    return ours, theirs, answers


def check(view: str, ours: list[float], theirs: list[float]) -> None:
    agree = len(ours) == len(theirs) and all(isclose(a, b, rel_tol=1e-6) for a, b in zip(ours, theirs, strict=True))
    if not agree:
        raise SystemExit(f"{view}: the two sides disagree:\n{ours[:5]} ({len(ours)})\n{theirs[:5]} ({len(theirs)})")


def view_of_reader(reader: int, turn: int) -> tuple[str, dict[str, Any]]:
    """A view that hardly anybody else asks for."""
    kind = (reader + turn) % 4
    categories = [f"category {(reader * 7 + turn * 3 + step * 11) % 50:02}" for step in range(1 + turn % 3)]
    page, query = list(VIEWS.values())[kind % 3]
    if kind == 0:
        aggregate = ("sum", "mean", "max", "count")[turn % 4]
        return page, query | {"aggregate": aggregate, "from.time": f"2024-01-{1 + reader % 28:02}"}
    if kind == 3:
        return "linechart", SPAN | {"aggregate": "mean", "grain": "hour", "in.category": categories}
    return page, query | {"in.category": categories}


@dataclass
class Load:
    """What readers met who asked at once."""

    seconds: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    health: list[float] = field(default_factory=list)


def loaded(port: int, opened: Browser) -> Load:
    """Let all readers ask for views until the time is over, and ask for the service's health meanwhile."""
    load, until = Load(), time.monotonic() + READERS_S

    def read(reader: int) -> None:
        browser = Browser(port, opened)
        for turn in count():
            if time.monotonic() > until:
                break
            page, query = view_of_reader(reader, turn)
            begin = time.perf_counter()
            try:
                response = json.loads(browser.ask(page, query))["response"]
            except (OSError, http.client.HTTPException) as error:
                load.failed[f"{type(error).__name__}: {error}"[:80]] += 1
                browser.close()
                continue
            load.seconds.append(time.perf_counter() - begin)
            if not response["chart"]["figure"]["data"]:
                load.refused[response["caption"]["children"]] += 1
        browser.close()

    def look() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
        while time.monotonic() < until:
            begin = time.perf_counter()
            connection.request("GET", "/healthz")
            connection.getresponse().read()
            load.health.append(time.perf_counter() - begin)
            time.sleep(HEALTH_S)
        connection.close()

    with ThreadPoolExecutor(READERS + 1) as threads:
        for done in [threads.submit(look), *(threads.submit(read, reader) for reader in range(READERS))]:
            done.add_done_callback(lambda each: each.result())
    return load


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.3f} ({min(values):.3f}–{max(values):.3f})"


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def report_turns(ours: dict[str, list[float]], theirs: dict[str, list[float]], answers: dict[str, bytes]) -> None:
    print("| view | Portico, over HTTP (s) | pandas, in memory (s) | ratio | bytes | bytes in gzip |")
    print("|---|---|---|---|---|---|")
    for view, names in PEERS.items():
        size, packed = len(answers[view]), len(gzip.compress(answers[view], GZIP_LEVEL))
        for name in names:
            ratio = statistics.median(ours[view]) / statistics.median(theirs[name])
            more = "; pandas: categories" if "categorical" in name else ""
            row = f"{TITLES[view]}{more} | {spread(ours[view])} | {spread(theirs[name])} | {ratio:.2f}"
            print(f"| {row} | {size:,} | {packed:,} |")


def report_load(load: Load, memory: Memory) -> None:
    print(f"\n| {READERS} readers, {READERS_S:.0f} s | |\n|---|---|")
    rows = {
        "answers": f"{len(load.seconds):,}, {len(load.seconds) / READERS_S:.1f} a second",
        "failed requests": dict(load.failed) or 0,
        "answers without a chart": dict(load.refused) or 0,
        "p50 / p99 (s)": f"{percentile(load.seconds, 50):.2f} / {percentile(load.seconds, 99):.2f}",
        "memory at most, PSS (MiB)": f"{memory.most:.0f}",
        "/healthz p50 / p99 / most (ms)": " / ".join(
            f"{1000 * each:.0f}"
            for each in (percentile(load.health, 50), percentile(load.health, 99), max(load.health))
        ),
    }
    for name, value in rows.items():
        print(f"| {name} | {value} |")


def main() -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "large.parquet"
        with duckdb.connect() as connection:
            connection.execute(f"COPY ({TABLE}) TO '{file}' (FORMAT parquet)")
        print(f"{ROWS:,} rows, {file.stat().st_size / MIB:.0f} MiB of Parquet")
        port = free_port()
        environment = {"PORTICO_PAGES": "barchart,linechart", "PORTICO_DATA": folder}
        with running_process("portico", port, **environment) as process:
            browser = Browser(port)
            service = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
            print(f"memory of the service with its pages opened, PSS: {pss(service):.0f} MiB")
            peer = Pandas(file)
            print(f"pandas {peer.about['pandas']}, the frame {peer.about['bytes'] / MIB:.0f} MiB")
            with Memory(service).watched() as memory:
                report_turns(*turns(browser, peer))
            theirs = pss([psutil.Process(peer.process.pid)])
            print(f"\nmemory at most, PSS: service {memory.most:.0f} MiB; pandas {theirs:.0f} MiB after its answers")
            peer.close()
            browser.close()
            with Memory(service).watched() as memory:
                load = loaded(port, browser)
            report_load(load, memory)


if __name__ == "__main__":
    main()
