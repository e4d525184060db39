"""The gateway itself."""

import signal
import time

from tests.chaos.faults.fault import Struck, fault
from tests.chaos.site import ChaosSite, send
from tests.containers.stack import inspect, run

START_LIMIT_S = 60


@fault("disk-full", "the gateway's cache has no room left")
def disk_full(site: ChaosSite) -> Struck:
    filler = "/var/cache/portico/filler"
    run("docker", "exec", site.gateway, "sh", "-c", f"cat /dev/zero > {filler} 2>/dev/null || true")
    try:
        yield []
    finally:
        run("docker", "exec", site.gateway, "rm", filler)


@fault("gateway", "the gateway killed, and started again by the engine", seconds=0)
def killed(site: ChaosSite) -> Struck:
    before = inspect(site.gateway)
    send(site.gateway, signal.SIGKILL)
    yield []
    wait_until_started_again(before)


def wait_until_started_again(before: dict) -> None:
    """Return when a container runs that was killed: the engine waits longer each time."""
    deadline = time.monotonic() + START_LIMIT_S
    while not (now := inspect(before["Id"]))["State"]["Running"] or now["RestartCount"] == before["RestartCount"]:
        assert time.monotonic() < deadline, f"not started again after {START_LIMIT_S} s"
