"""The sites that are measured, and how each is started: what people use today, and this site in its modes."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import URLError

import psutil

from tests.containers.stack import Stack, address_of, running_stack
from tests.processes import free_port
from tests.site.visitor import open_page

ROOT = Path(__file__).parents[1]
BENCH = ROOT / "bench"
START_LIMIT_S = 60
OURS, PAGES, ONE_SERVER = "Portico", "stock Dash Pages", "one Flask server"
EMBEDDED = "Portico, embedded"
GUNICORN = [
    "-m",
    "gunicorn",
    "-w",
    "2",
    "-k",
    "gthread",
    "--threads",
    "4",
    "--no-control-socket",
    "app:server",
    "-b",
    "127.0.0.1:{port}",
]
GATEWAY_PORT, SERVICE_PORT = 8080, 8000

Callback = tuple[str, dict[str, object]]  # the path of its page, and the body


@dataclass(frozen=True)
class Peer:
    """A site to measure: how to start it (`{port}` is filled in), in which folder, and whom to ask for a chart."""

    name: str
    command: list[str]
    folder: Path
    callbacks: Callable[[str], list[Callback]]


def portico_callbacks(address: str) -> list[Callback]:
    """The callbacks of the charts with the values that their pages open with."""
    paths = ("/barchart/", "/linechart/")
    return [(path, body) for path in paths for body in open_page(address, path).callbacks()]


def stock_bars(year: int) -> dict[str, object]:
    return _stock_body("bars", "bar-year", year)


def stock_lines(measure: str) -> dict[str, object]:
    return _stock_body("lines", "line-measure", measure)


def _stock_body(graph: str, control: str, value: object) -> dict[str, object]:
    return {
        "output": f"{graph}.figure",
        "outputs": {"id": graph, "property": "figure"},
        "inputs": [{"id": control, "property": "value", "value": value}],
        "changedPropIds": [f"{control}.value"],
    }


@cache
def stock_python() -> str:
    """The Python that has pandas: ours has none, and what is installed is loaded."""
    python = os.environ.get("STOCK_PYTHON", "")
    if not python:
        raise SystemExit("bench: STOCK_PYTHON names no Python with requirements/stock.txt; `make bench` makes one")
    return python


def embedded() -> Peer:
    return Peer(EMBEDDED, [sys.executable, "-m", "gateway"], ROOT, portico_callbacks)


def dash_pages() -> Peer:
    callbacks: list[Callback] = [("/", stock_bars(2007)), ("/", stock_lines("lifeExp"))]
    return Peer(PAGES, [stock_python(), *GUNICORN], BENCH / "stock_site", lambda _: callbacks)


def one_server() -> Peer:
    callbacks: list[Callback] = [("/barchart/", stock_bars(2007)), ("/linechart/", stock_lines("lifeExp"))]
    return Peer(ONE_SERVER, [stock_python(), *GUNICORN], BENCH / "one_server_site", lambda _: callbacks)


@contextmanager
def started(peer: Peer, **environment: str) -> Iterator[tuple[str, psutil.Process, float]]:
    """Start a site; the block gets its address, its process and the seconds until the bar chart answered."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    begin = time.perf_counter()
    process = subprocess.Popen(
        [part.format(port=port) for part in peer.command],
        cwd=peer.folder,
        env={**os.environ, "PORT": str(port), **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"{address}/barchart", process)
        yield address, psutil.Process(process.pid), time.perf_counter() - begin
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)


def wait_for(url: str, process: subprocess.Popen | None = None) -> None:
    deadline = time.perf_counter() + START_LIMIT_S
    while time.perf_counter() < deadline and (process is None or process.poll() is None):
        try:
            get(url)
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.01)
        else:
            return
    raise SystemExit(f"{url} did not answer")


def get(url: str, **headers: str) -> bytes:
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in headers.items()})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return answer.read()


def post(address: str, path: str, body: object) -> bytes:
    """Ask for a callback of a page."""
    url, headers = f"{address}{path}_dash-update-component", {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers), timeout=30) as answer:
        return answer.read()


@contextmanager
def containers() -> Iterator[Stack]:
    """This site in containers, showing the sample, whatever lies in data/."""
    with TemporaryDirectory() as empty:
        Path(empty).chmod(0o755)
        os.environ["PORTICO_DATA_FOLDER"] = empty
        with running_stack() as stack:
            yield stack


def own_address(container: str, port: int) -> str:
    """A container's own address: the published port has one more process on the way."""
    return f"http://{address_of(container)}:{port}"
