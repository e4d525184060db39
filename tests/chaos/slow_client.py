"""Clients that send by the byte: `python slow_client.py HOST PORT PATH CLIENTS`, until SIGTERM; then it says what it counted.

Run alone in a container, on the standard library.
"""

import asyncio
import json
import signal
import sys
from collections import Counter
from contextlib import suppress

PAUSE_S = 0.5  # between two bytes
ENOUGH = 1000  # bytes of a request: eight minutes
COUNTED = Counter(opened=0, refused=0, bytes=0)


def requests(path):
    """A request whose headers do not end, and one whose body does not."""
    head = f"GET {path} HTTP/1.1\r\nHost: slow\r\nX-Slow: ".encode()
    body = f"POST {path}_dash-update-component HTTP/1.1\r\nHost: slow\r\nContent-Type: application/json\r\n"
    return (b"", head), (f"{body}Content-Length: {ENOUGH}\r\n\r\n".encode(), b"")


async def stay(host, port, at_once, slowly):
    while True:
        with suppress(OSError):
            await connect(host, port, at_once, slowly)
        await asyncio.sleep(PAUSE_S)


async def connect(host, port, at_once, slowly):
    reader, writer = await asyncio.open_connection(host, port)
    COUNTED["opened"] += 1
    sent = 0
    try:
        writer.write(at_once)
        for byte in (slowly + b"x" * ENOUGH)[:ENOUGH]:
            writer.write(bytes([byte]))
            await writer.drain()
            sent += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(), PAUSE_S)
                return
    finally:
        COUNTED["bytes"] += sent
        COUNTED["refused"] += sent <= 1
        writer.close()


async def main(host, port, path, clients):
    over = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, over.set)
    kinds = requests(path)
    tasks = [asyncio.create_task(stay(host, port, *kinds[number % 2])) for number in range(clients)]
    await over.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps(COUNTED))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
