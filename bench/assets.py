"""Shared assets through the gateway against a plain nginx that serves the same bytes, with 8 readers.

The same bytes: what the gateway sends to a browser for the bar chart page, compressed as it compresses it, lies in files for the
plain nginx (`plain_nginx.conf`). Both write an access log; both are asked by their containers' own addresses.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

import plotly.graph_objects as go

from bench.load import Ask, Load, load_on
from bench.peers import GATEWAY_PORT, get, own_address, wait_for
from bench.plots import Panel, alone, bars
from bench.report import print_goal, print_table, ratio, spread
from tests.containers.stack import Stack, run
from tests.site.visitor import open_page

ROUNDS = 5
READERS = 8
SECONDS = 4
NGINX = "nginx:1.30"
CONFIG = Path(__file__).with_name("plain_nginx.conf")
SHARED = "/_shared/"
GATEWAY, PLAIN = "Portico's gateway", "plain nginx"
MB = 1_000_000


def shared_assets(address: str) -> list[str]:
    """The shared scripts and styles of the bar chart page."""
    document = open_page(address, "/barchart/").document
    paths = [urlsplit(each).path for each in (*document.scripts, *document.styles)]
    return [each for each in paths if each.startswith(SHARED)]


def write_files(folder: Path, address: str, paths: list[str]) -> int:
    """Write what the gateway sends a browser for each path; return how many bytes that is."""
    for path in paths:
        file = folder / path.removeprefix("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(get(address + path, Accept_Encoding="gzip, br"))
        file.chmod(0o644)
    for each in (folder, *folder.rglob("*/")):
        each.chmod(0o755)
    return sum((folder / path.removeprefix("/")).stat().st_size for path in paths)


@contextmanager
def plain_nginx(folder: Path) -> Iterator[str]:
    """A container of nginx over some files."""
    name = f"portico-bench-{uuid.uuid4().hex[:8]}"
    volumes = ["--volume", f"{folder}:/usr/share/nginx/html:ro", "--volume", f"{CONFIG}:/etc/plain.conf:ro"]
    run("docker", "run", "--detach", "--name", name, *volumes, NGINX, "nginx", "-c", "/etc/plain.conf")
    try:
        yield own_address(name, 8080)
    finally:
        run("docker", "rm", "--force", name)


def main(stack: Stack, rounds: int = ROUNDS) -> go.Figure:
    paths = shared_assets(stack.url)
    gateway = own_address(stack.containers("gateway")[0], GATEWAY_PORT)
    loads: dict[str, list[Load]] = defaultdict(list)
    with TemporaryDirectory() as folder:
        size = write_files(Path(folder), gateway, paths)
        with plain_nginx(Path(folder)) as plain:
            wait_for(plain + paths[0])
            for _ in range(rounds):
                for name, address in {GATEWAY: gateway, PLAIN: plain}.items():
                    loads[name].append(load_on(address, [Ask(path) for path in paths], READERS, SECONDS))
    print_loads(loads, len(paths), size)
    return plotted(loads)


def print_loads(loads: dict[str, list[Load]], files: int, size: int) -> None:
    print(f"{files} files, {size:,} bytes as they are sent, {READERS} readers.")
    rows = (
        (
            name,
            spread([each.per_s for each in taken]),
            spread([each.bytes / MB / each.seconds for each in taken]),
            spread([each.p50_ms for each in taken], 2),
            spread([each.p99_ms for each in taken], 2),
        )
        for name, taken in loads.items()
    )
    print_table(["server", "files a second", "MB a second", "p50 (ms)", "p99 (ms)"], rows)
    share = ratio(*([each.per_s for each in loads[name]] for name in (GATEWAY, PLAIN)))
    print_goal("shared assets, gateway against plain nginx, files a second", share, least=0.9)


def plotted(loads: dict[str, list[Load]]) -> go.Figure:
    """Files a second and their times, of both servers."""

    def panel(value: Callable[[Load], float]) -> Panel:
        return alone({name: [value(each) for each in taken] for name, taken in loads.items()})

    return bars(
        {
            "files a second": panel(lambda each: each.per_s),
            "p50 (ms)": panel(lambda each: each.p50_ms),
            "p99 (ms)": panel(lambda each: each.p99_ms),
        }
    )
