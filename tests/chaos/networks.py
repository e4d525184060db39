"""What faults do to networks and names: as root on the engine's machine, in a container's own network."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.chaos.site import PURE, ChaosSite, main_process
from tests.containers.stack import inspect, run

NAME_SERVER = Path(__file__).parent / "name_server.py"
CHAINS = ("INPUT", "OUTPUT")
END_LIMIT_S = 10
POLL_S = 0.02


def inside(container: str) -> tuple[str, ...]:
    """What goes before a command that is to run in a container's network."""
    return ("nsenter", "--net", "--target", str(main_process(container)))


@contextmanager
def packets_lost(containers: list[str]) -> Iterator[None]:
    """Let nothing come from these containers, or to them, until the block ends."""
    with ExitStack() as undone:
        for command in (inside(each) for each in containers):
            for chain in CHAINS:
                run(*command, "iptables", "--wait", "--insert", chain, "--jump", "DROP")
                undone.callback(run, *command, "iptables", "--wait", "--delete", chain, "--jump", "DROP")
        yield


@contextmanager
def name_servers(site: ChaosSite, mode: str, *names: str) -> Iterator[None]:
    """Let all who send visitors to replicas ask `name_server.py` in the place of Docker's until the block ends."""
    with ExitStack() as servers:
        for container in site.senders():
            servers.enter_context(name_server(container, mode, *names))
        yield


@contextmanager
def name_server(container: str, mode: str, *names: str) -> Iterator[None]:
    command = [*inside(container), sys.executable, str(NAME_SERVER), mode, *names]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            assert server.stdout.readline() == "answering\n"
            yield
        finally:
            server.terminate()
            server.wait(END_LIMIT_S)


@contextmanager
def newcomer(site: ChaosSite) -> Iterator[None]:
    """A container of the line chart that is ready to serve, in another network still."""
    name, page = newcomer_of(site), "linechart"
    data = f"{site.stack.folder}/data:/site/data:ro"
    run("docker", "run", "--detach", "--name", name, "--volume", data, f"{site.stack.project}-{page}")
    try:
        wait_until_it_says(name, "Listening at")
        yield
    finally:
        run("docker", "rm", "--force", name)


def newcomer_of(site: ChaosSite) -> str:
    return f"{site.stack.project}-newcomer"


def join(site: ChaosSite) -> None:
    """Let the newcomer take an address of the bar chart's network: the engine gives it the lowest that is free."""
    network = site.stack.network(PURE)
    run("docker", "network", "connect", "--alias", "linechart", network, newcomer_of(site))


def wait_until_it_says(container: str, words: str) -> None:
    while words not in said_by(container):
        assert inspect(container)["State"]["Running"], said_by(container)
        time.sleep(POLL_S)


def said_by(container: str) -> str:
    done = subprocess.run(["docker", "logs", container], capture_output=True, text=True, check=True)
    return done.stdout + done.stderr
