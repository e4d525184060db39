"""Start time and memory of the embedded site and of a stock Dash Pages site, in turns.

Memory is the proportional set size (PSS) of all processes of a site, after each page and each chart's
callback was asked for. The stock site runs in an environment of its own (STOCK_PYTHON), which has pandas:
ours has none, and what is installed is loaded. Start is from the process's creation to the first whole answer of the bar chart.
"""

import json
import os
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError

import psutil

from tests.site.visitor import open_page

ROOT = Path(__file__).parents[1]
ROUNDS = 5
START_LIMIT_S = 60
MIB = 1024 * 1024


@dataclass(frozen=True)
class Peer:
    """A site to measure: how to start it, in which folder, and whom to ask for a chart."""

    name: str
    command: list[str]
    folder: Path
    callbacks: Callable[[str], list[tuple[str, dict[str, object]]]]


def portico_callbacks(address: str) -> list[tuple[str, dict[str, object]]]:
    """The callbacks of the charts with the values that their pages open with."""
    paths = ("/barchart/", "/linechart/")
    return [(path, body) for path in paths for body in open_page(address, path).callbacks()]


def stock_callbacks(_address: str) -> list[tuple[str, dict[str, object]]]:
    return [
        ("/", _stock_body("bars", "bar-year", 2007)),
        ("/", _stock_body("lines", "line-measure", "lifeExp")),
    ]


def _stock_body(graph: str, control: str, value: object) -> dict[str, object]:
    return {
        "output": f"{graph}.figure",
        "outputs": {"id": graph, "property": "figure"},
        "inputs": [{"id": control, "property": "value", "value": value}],
        "changedPropIds": [f"{control}.value"],
    }


@contextmanager
def started(peer: Peer, port: int) -> Iterator[tuple[str, psutil.Process, float]]:
    """Start a site; the block gets its address, its process and the seconds until the bar chart answered."""
    address = f"http://127.0.0.1:{port}"
    begin = time.perf_counter()
    process = subprocess.Popen(
        peer.command,
        cwd=peer.folder,
        env={**os.environ, "PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"{address}/barchart", process)
        yield address, psutil.Process(process.pid), time.perf_counter() - begin
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def measure(peer: Peer, port: int) -> tuple[float, float]:
    """Return the seconds of a start, and the MiB of the site's processes after each chart was drawn."""
    with started(peer, port) as (address, process, seconds):
        for path in ("/", "/barchart", "/linechart") * 4:
            _get(address + path)
        for path, body in peer.callbacks(address) * 20:
            _post(f"{address}{path}_dash-update-component", body)
        processes = [process, *process.children(recursive=True)]
        return seconds, sum(each.memory_full_info().pss for each in processes) / MIB


def _wait_for(url: str, process: subprocess.Popen) -> None:
    deadline = time.perf_counter() + START_LIMIT_S
    while time.perf_counter() < deadline and process.poll() is None:
        try:
            _get(url)
        except (URLError, ConnectionError):
            time.sleep(0.01)
        else:
            return
    raise SystemExit(f"{url} did not answer")


def _get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return answer.read().decode()


def _post(url: str, body: dict[str, object]) -> None:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()


def main() -> None:
    stock = [
        os.environ["STOCK_PYTHON"],
        "-m",
        "gunicorn",
        "-w",
        "2",
        "-k",
        "gthread",
        "--threads",
        "4",
        "--no-control-socket",
    ]
    peers = [
        Peer("Portico, embedded", [sys.executable, "-m", "gateway"], ROOT, portico_callbacks),
        Peer(
            "stock Dash Pages",
            [*stock, "app:server", "-b", "127.0.0.1:8702"],
            ROOT / "bench" / "stock_site",
            stock_callbacks,
        ),
    ]
    results: dict[str, list[tuple[float, float]]] = {peer.name: [] for peer in peers}
    for _ in range(ROUNDS):
        for peer, port in zip(peers, (8701, 8702), strict=True):
            results[peer.name].append(measure(peer, port))
    print("| site | start to first answer (s) | memory, PSS (MiB) |\n|---|---|---|")
    for name, rows in results.items():
        starts, memory = ([row[column] for row in rows] for column in (0, 1))
        print(f"| {name} | {_spread(starts, 2)} | {_spread(memory, 0)} |")
    ours, theirs = (statistics.median(row[1] for row in rows) for rows in results.values())
    print(f"\nMemory, ratio of medians: {ours / theirs:.2f}")


def _spread(values: list[float], digits: int) -> str:
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


if __name__ == "__main__":
    main()
