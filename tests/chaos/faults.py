"""The faults. Each is a function that strikes, yields for as long as it is to last, and makes good again.

What it yields are the containers that are struck, so that it can be seen when they have visitors again; none, where nothing
in particular is. Whatever is raised meanwhile, the fault is ended.
"""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from http import HTTPStatus

from tests.chaos import networks
from tests.chaos.site import IMPURE, PURE, REPLICAS, STRUCK, ChaosSite, send
from tests.containers.site_copy import start_rollout
from tests.containers.stack import inspect, run
from tests.site.visitor import post

Struck = Iterator[list[str]]
MEGABYTES = 400  # above a page's limit
START_LIMIT_S = 60


@dataclass(frozen=True)
class Fault:
    """A fault: for how many seconds it lasts after it has struck, and what is to be there before it."""

    name: str
    title: str
    strike: Callable[[ChaosSite], AbstractContextManager[list[str]]]
    seconds: float
    around: Callable[[ChaosSite], AbstractContextManager[None]]
    new_build: bool  # there are other right answers afterwards

    def lasting(self, seconds: float) -> "Fault":
        """The same, for so many seconds at most."""
        return replace(self, seconds=min(seconds, self.seconds))


FAULTS: dict[str, Fault] = {}


def fault(
    name: str,
    title: str,
    seconds: float = 8,
    around: Callable[[ChaosSite], AbstractContextManager[None]] = nullcontext,
    *,
    new_build: bool = False,
) -> Callable[[Callable[[ChaosSite], Struck]], None]:
    """Let a function be a fault."""

    def add(strike: Callable[[ChaosSite], Struck]) -> None:
        FAULTS[name] = Fault(name, title, contextmanager(strike), seconds, around, new_build)

    return add


# --- a replica ends, or no longer moves


@fault("kill", "SIGKILL of a replica of 3", seconds=0)
def kill(site: ChaosSite) -> Struck:
    """Its machine's doing, so that Docker starts it again; the fault ends when it is ready."""
    victims = site.victims()
    for each in victims:
        send(each, signal.SIGKILL)
    yield victims
    site.wait_until_ready(*victims)


@fault("kill-for-good", "SIGKILL of a replica of 3, away for 8 s")
def kill_for_good(site: ChaosSite) -> Struck:
    victims = site.victims()
    run("docker", "kill", *victims)
    try:
        yield victims
    finally:
        run("docker", "start", *victims)
        site.wait_until_ready(*victims)


@fault("term", "SIGTERM of a replica of 3")
def term(site: ChaosSite) -> Struck:
    victims = site.victims()
    run("docker", "kill", "--signal", "TERM", *victims)
    try:
        yield victims
    finally:
        run("docker", "start", *victims)
        site.wait_until_ready(*victims)


@fault("stop-main", "SIGSTOP of a replica's main process")
def stop_main(site: ChaosSite) -> Struck:
    victims = site.victims()
    run("docker", "kill", "--signal", "STOP", *victims)
    try:
        yield victims
    finally:
        run("docker", "kill", "--signal", "CONT", *victims)


@fault("freeze", "a replica's machine frozen (`docker pause`)")
def freeze(site: ChaosSite) -> Struck:
    victims = site.victims()
    run("docker", "pause", *victims)
    try:
        yield victims
    finally:
        run("docker", "unpause", *victims)


@fault("unreachable", "a replica's machine off the net: packets are lost")
def unreachable(site: ChaosSite) -> Struck:
    victims = site.victims()
    with networks.packets_lost(victims):
        yield victims


@fault("out-of-memory", "a callback that takes more memory than its page may", seconds=0)
def out_of_memory(site: ChaosSite) -> Struck:
    """It ends one process of one replica, and is not sent again to the next one."""
    before = site.out_of_memory_kills()
    answer = post(site.stack.url, f"/{IMPURE}/", site.eating(MEGABYTES))
    yield []
    killed = site.out_of_memory_kills() - before
    assert (answer.status, killed) == (HTTPStatus.BAD_GATEWAY, 1), f"{answer.status} to it, {killed} processes killed"


# --- a replica misbehaves


def sickness(kind: str, site: ChaosSite) -> Struck:
    for each in site.sick:
        each.behave(kind)
    try:
        yield [each.container for each in site.sick]
    finally:
        for each in site.sick:
            each.behave("well")


for _kind, _title in {
    "hang": "a replica of 4 accepts and hangs",
    "drop": "a replica of 4 does what is asked and hangs up without a word",
    "reset": "a replica of 4 resets in the middle of each body",
    "storm": "a replica of 4 answers 500, at once",
    "slow": "a replica of 4 is 10 times slower",
}.items():
    fault(_kind, _title, around=ChaosSite.sick_replicas)(partial(sickness, _kind))


# --- names and addresses


@fault("names-empty", "the name server knows no replica of a page")
def names_empty(site: ChaosSite) -> Struck:
    with networks.name_servers(site, "empty", *STRUCK):
        yield []


@fault("names-gone", "the name server is silent for 30 s", seconds=30)
def names_gone(site: ChaosSite) -> Struck:
    with networks.name_servers(site, "silent"):
        yield []


@fault("address-taken", "a replica's address is another page's from one moment to the next", around=networks.newcomer)
def address_taken(site: ChaosSite) -> Struck:
    victim = site.replicas(PURE)[0]
    address = site.address(victim)
    run("docker", "kill", victim)
    networks.join(site)
    try:
        assert site.address(networks.newcomer_of(site)) == address, "the engine gave another address to the newcomer"
        yield [victim]
    finally:
        run("docker", "start", victim)
        site.wait_until_ready(victim)


@fault("discovery", "discovery frozen for 30 s, a replica killed meanwhile", seconds=30)
def discovery(site: ChaosSite) -> Struck:
    """Nobody names replicas to the gateway."""
    (server,) = site.stack.containers("discovery")
    run("docker", "pause", server)
    try:
        victims = site.victims()
        run("docker", "kill", *victims)
        yield victims
    finally:
        run("docker", "unpause", server)
        run("docker", "start", *victims)
        site.wait_until_ready(*victims)


# --- the gateway


@fault("disk-full", "the gateway's cache has no room left")
def disk_full(site: ChaosSite) -> Struck:
    filler = "/var/cache/portico/filler"
    run("docker", "exec", site.gateway, "sh", "-c", f"cat /dev/zero > {filler} 2>/dev/null || true")
    try:
        yield []
    finally:
        run("docker", "exec", site.gateway, "rm", filler)


@fault("gateway", "the gateway killed, and started again by the engine", seconds=0)
def gateway(site: ChaosSite) -> Struck:
    before = inspect(site.gateway)
    send(site.gateway, signal.SIGKILL)
    yield []
    wait_until_started_again(before)


def wait_until_started_again(before: dict) -> None:
    """Return when a container runs that was killed: the engine waits longer each time."""
    deadline = time.monotonic() + START_LIMIT_S
    while not (now := inspect(before["Id"]))["State"]["Running"] or now["RestartCount"] == before["RestartCount"]:
        assert time.monotonic() < deadline, f"not started again after {START_LIMIT_S} s"


# --- what is done to a site


def roll_out(site: ChaosSite, code: str, *arguments: str) -> tuple[int, str]:
    """Roll out builds of the pages that are struck, with this code at their end."""
    for source in site.sources.values():
        source.change(code)
    process = start_rollout(site.stack, *arguments, *STRUCK)
    said, _ = process.communicate()
    print(said, file=sys.stderr)
    return process.returncode, said


@fault("rollout", "a rollout of both pages", seconds=0, new_build=True)
def rollout(site: ChaosSite) -> Struck:
    code, said = roll_out(site, "")
    assert code == 0, said
    yield []


@fault("failing-rollout", "a rollout of a build that does not start", seconds=0)
def failing_rollout(site: ChaosSite) -> Struck:
    code, said = roll_out(site, "raise RuntimeError('no such measure')")
    assert code == 1, said
    yield []


@fault("scale", "scaled from 3 to 5 and back", seconds=4)
def scale(site: ChaosSite) -> Struck:
    site.scale(REPLICAS + 2)
    try:
        yield []
    finally:
        site.scale(REPLICAS)
