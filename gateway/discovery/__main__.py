"""`python -m gateway.discovery`: serve until SIGTERM; with the name of a page: print the addresses of its replicas.

DISCOVERY_HOST is the name or address to listen on, so that a container that is in the networks of pages answers in one of its own.
"""

import asyncio
import logging
import os
import signal
import socket
import sys

from gateway.discovery.dns import ask
from gateway.discovery.replicas import Replicas, look_up
from gateway.discovery.server import NameServer
from portico.config.errors import EXIT_CONFIG, ConfigError
from portico.config.log_lines import write_one_line_each
from portico.config.registry import Registry, read_registry
from portico.config.settings import site_folder

EVERYWHERE = "0.0.0.0"  # noqa: S104 - the gateway is on another machine or in another container
PORT = 5353
SERVICE_PORT = 8000
ANSWERS_WITHIN_S = 2.0


async def serve(registry: Registry, host: str, suffix: str) -> None:
    """Follow every page of a site and answer for them.

    Args:
        host: the name or address to listen on.
        suffix: of the pages' names in the engine's DNS, such as `.site.svc.cluster.local`.
    """
    pages = {f"{page.name}{suffix}": Replicas(page, f"{page.name}{suffix}", SERVICE_PORT, look_up) for page in registry}
    loop = asyncio.get_running_loop()
    await loop.create_datagram_endpoint(lambda: NameServer(pages), local_addr=(host, PORT), family=socket.AF_INET)
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    following = [loop.create_task(each.follow()) for each in pages.values()]
    await asyncio.wait([*following, loop.create_task(stopped.wait())], return_when=asyncio.FIRST_COMPLETED)
    for each in following:
        if each.done():
            each.result()  # raises: it never ends by itself
        each.cancel()


def main(arguments: list[str]) -> int:
    write_one_line_each(logging.INFO, "discovery: %(message)s")
    suffix = os.environ.get("PORTICO_DNS_SUFFIX", "")
    host = os.environ.get("DISCOVERY_HOST")
    if arguments:
        server = (host or "127.0.0.1", PORT)
        try:
            addresses = ask(f"{arguments[0]}{suffix}", server, ANSWERS_WITHIN_S)
        except LookupError:
            print(f"discovery: no page is named {arguments[0]!r}", file=sys.stderr)
            return 1
        except OSError as error:
            print(f"discovery: nobody answers on {server[0]}:{PORT}: {error}", file=sys.stderr)
            return 1
        print(*addresses or [], sep="\n")
        return 0 if addresses is not None else 1
    try:
        registry = read_registry(site_folder())
    except ConfigError as error:
        print(f"discovery: {error}", file=sys.stderr)
        return EXIT_CONFIG
    asyncio.run(serve(registry, host or EVERYWHERE, suffix))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
