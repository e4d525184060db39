"""A line of 10 Mbit/s with a round trip of 40 ms between a browser and a site: a TCP proxy.

    python -m bench.line 127.0.0.1:8080     prints the port on which the line begins

Each direction has its own 10 Mbit/s, which all connections share in turns, piece by piece; every piece arrives 20 ms after
it was sent. A connection costs a round trip before its first byte. Headers of TCP and IP, slow start and loss are not
there: a real line is slower for everybody.
"""

import asyncio
import http.client
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from bench.report import spread

ROOT = Path(__file__).parents[1]
BYTES_PER_S = 10_000_000 / 8
DELAY_S = 0.020
PIECE = 4096  # bytes; 3 ms of the line
# A connection may hand over its next piece before the last has left, or clocks that wake late slow the line.
AHEAD_S = 0.010
IN_FLIGHT = 4096  # pieces; what is on its way is bounded by the line long before
CHECK_BYTES = 1_250_000  # a second of the line


class Direction:
    """One direction of the line, which sends one piece after the other."""

    def __init__(self) -> None:
        self._free_at = 0.0

    async def send(self, size: int) -> float:
        """Wait until a piece has nearly left; return when it arrives, on the loop's clock."""
        loop = asyncio.get_running_loop()
        self._free_at = max(self._free_at, loop.time()) + size / BYTES_PER_S
        left = self._free_at
        await asyncio.sleep(left - loop.time() - AHEAD_S)
        return left + DELAY_S


async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Direction) -> None:
    """Carry bytes in one direction until they end; then end that direction at the other side."""
    arriving: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(IN_FLIGHT)
    delivering = asyncio.create_task(deliver(arriving, writer))
    with suppress(ConnectionError):
        while piece := await reader.read(PIECE):
            await arriving.put((await way.send(len(piece)), piece))
    await arriving.put((asyncio.get_running_loop().time() + DELAY_S, b""))
    await delivering


async def deliver(arriving: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, OSError):
        while True:
            at, piece = await arriving.get()
            await asyncio.sleep(at - asyncio.get_running_loop().time())
            if not piece:
                break
            writer.write(piece)
            await writer.drain()
        writer.write_eof()


async def connect(
    host: str, port: int, ways: tuple[Direction, Direction], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Join a connection of the browser with one to the site."""
    await asyncio.sleep(2 * DELAY_S)  # the handshake, which loopback has answered already
    try:
        far_reader, far_writer = await asyncio.open_connection(host, port)
        await asyncio.gather(carry(reader, far_writer, ways[0]), carry(far_reader, writer, ways[1]))
        far_writer.close()
    except OSError as error:
        print(f"line: {error}", file=sys.stderr)
    finally:
        writer.close()


async def serve(host: str, port: int) -> None:
    ways = (Direction(), Direction())
    server = await asyncio.start_server(partial(connect, host, port, ways), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def line_to(address: str) -> Iterator[str]:
    """A line to a site, in a process of its own; the address at which it begins."""
    target = address.removeprefix("http://")
    command = [sys.executable, "-m", "bench.line", target]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait(timeout=10)


class _Download(BaseHTTPRequestHandler):
    """What the line is checked with: `/SIZE` is a body of that many bytes."""

    def do_GET(self) -> None:
        size = int(self.path.removeprefix("/"))
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.wfile.write(b"a" * size)

    def log_message(self, *_args: object) -> None:
        """Keep quiet."""


def download_s(address: str, size: int) -> float:
    """The seconds of a download on a new connection."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
    begin = time.perf_counter()
    connection.request("GET", f"/{size}")
    connection.getresponse().read()
    seconds = time.perf_counter() - begin
    connection.close()
    return seconds


def check_line(rounds: int = 3) -> None:
    """Say what the line does to a download of which it is known how long it must take."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Download)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with line_to(f"http://127.0.0.1:{server.server_port}") as address:
        whole, least = ([download_s(address, size) for _ in range(rounds)] for size in (CHECK_BYTES, 1))
    server.shutdown()
    server.server_close()
    print(f"Line: 1.25 MB on a new connection in {spread(whole, 3)} s (1.08 s by calculation);")
    print(f"one byte in {spread(least, 3)} s (0.080 s: the handshake and a round trip).\n", flush=True)


if __name__ == "__main__":
    far_host, _, far_port = sys.argv[1].rpartition(":")
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(far_host, int(far_port)))
