"""A replica ends, no longer moves, or is out of reach."""

import signal
from http import HTTPStatus

from tests.chaos import networks
from tests.chaos.faults.fault import Struck, fault
from tests.chaos.site import IMPURE, ChaosSite, frozen, send, wait_until_started_again
from tests.containers.stack import inspect, run
from tests.site.visitor import post

MEGABYTES = 400  # above a page's limit


@fault("kill", "SIGKILL of a replica of 3", seconds=0)
def kill(site: ChaosSite) -> Struck:
    """Its machine's doing, so that Docker starts it again; the fault ends when it is ready."""
    victims = site.victims()
    before = [inspect(each) for each in victims]
    for each in victims:
        send(each, signal.SIGKILL)
    yield victims
    for each in before:
        wait_until_started_again(each)
    site.wait_until_ready(*victims)


@fault("kill-for-good", "SIGKILL of a replica of 3, away for 8 s")
def kill_for_good(site: ChaosSite) -> Struck:
    with site.started_again(*site.victims()) as victims:
        run("docker", "kill", *victims)
        yield victims


@fault("term", "SIGTERM of a replica of 3")
def term(site: ChaosSite) -> Struck:
    with site.started_again(*site.victims()) as victims:
        run("docker", "kill", "--signal", "TERM", *victims)
        yield victims


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
    with frozen(*victims):
        yield victims


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
