"""The gateway itself."""

import signal

from tests.chaos.faults.fault import Struck, fault
from tests.chaos.site import ChaosSite, send, wait_until_started_again
from tests.containers.stack import inspect, without_room


@fault("disk-full", "the gateway's cache has no room left")
def disk_full(site: ChaosSite) -> Struck:
    with without_room(site.gateway):
        yield []


@fault("gateway", "the gateway killed, and started again by the engine", seconds=0)
def killed(site: ChaosSite) -> Struck:
    before = inspect(site.gateway)
    send(site.gateway, signal.SIGKILL)
    yield []
    wait_until_started_again(before)
