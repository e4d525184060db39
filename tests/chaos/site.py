"""The site that the faults strike: a copy of this one, with a page more whose callbacks have effects."""

import json
import os
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import requests

from portico.scaffold.new_page import write_page
from tests.chaos.sick import SickReplica, start_sick_replica
from tests.containers.site_copy import PageSource, copy_site, make_impure
from tests.containers.stack import Stack, freeze, inspect, run
from tests.processes import free_port
from tests.site.visitor import open_page

PURE, IMPURE = "barchart", "ledger"
STRUCK = (PURE, IMPURE)
OTHERS = ("linechart", "home")
REPLICAS = 3
SERVICE_PORT = 8000
READY_LIMIT_S = 60
POLL_S = 0.02
# Where the kernel counts them, by the version of its control groups.
KILLS = "/sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control 2>/dev/null || true"
HERE = Path(__file__).parent
# The load comes from one address, and is to meet the site and not the limits of a client.
GATEWAY_SETTINGS = {"GATEWAY_CLIENT_LIMITS": "off"}


@dataclass
class ChaosSite:
    """The running site, and what the faults need of it."""

    stack: Stack
    ledger: Path  # what the impure page has written, an entry a line
    sources: dict[str, PageSource]
    sick: list[SickReplica] = field(default_factory=list)  # those that are there now

    @property
    def gateway(self) -> str:
        return self.stack.containers("gateway")[0]

    def senders(self) -> list[str]:
        """The containers that look up where visitors are to be sent."""
        return [self.gateway, *self.stack.containers("discovery")]

    @property
    def address_of_site(self) -> str:
        """Host and port of the gateway."""
        return self.stack.url.removeprefix("http://")

    def replicas(self, page: str) -> list[str]:
        """The ids of a page's containers, the oldest first."""
        return sorted(self.stack.containers(page), key=lambda each: inspect(each)["Name"])

    def victims(self) -> list[str]:
        """A replica of each page that is struck."""
        return [self.replicas(page)[0] for page in STRUCK]

    def address(self, container: str) -> str:
        """Where a container of a page listens; empty while it is in no network of the site."""
        networks = inspect(container)["NetworkSettings"]["Networks"]
        ip = next((each["IPAddress"] for name, each in networks.items() if name.startswith(self.stack.project)), "")
        return f"{ip}:{SERVICE_PORT}" if ip else ""

    def wait_until_ready(self, *containers: str) -> None:
        """Return when each of these could answer a visitor, asked directly."""
        deadline = time.monotonic() + READY_LIMIT_S
        for container in containers:
            while not self._is_ready(container):
                assert time.monotonic() < deadline, f"not ready: {run('docker', 'logs', '--tail', '5', container)}"
                time.sleep(POLL_S)

    @contextmanager
    def started_again(self, *containers: str) -> Iterator[list[str]]:
        """Start containers that were ended again when the block ends, and wait until they are ready."""
        try:
            yield list(containers)
        finally:
            run("docker", "start", *containers)
            self.wait_until_ready(*containers)

    def _is_ready(self, container: str) -> bool:
        address = self.address(container)
        with suppress(requests.RequestException):
            return bool(address) and requests.get(f"http://{address}/readyz", timeout=2).ok
        return False

    def scale(self, replicas: int) -> None:
        """Run that many replicas of each page that is struck."""
        counts = [part for page in STRUCK for part in ("--scale", f"{page}={replicas}")]
        self.stack.compose("up", "--detach", "--no-build", "--wait", *counts)

    @contextmanager
    def sick_replicas(self) -> Iterator[None]:
        """Let each page that is struck have one more replica, which can fall ill and has visitors."""
        try:
            for page in STRUCK:
                self.sick.append(start_sick_replica(self.stack, page))
            begin = time.time()
            self.wait_until_ready(*[each.container for each in self.sick])
            while not all(self.given_to(each.container, begin) for each in self.sick):
                assert time.time() < begin + READY_LIMIT_S, "no visitors"
            yield
        finally:
            while self.sick:
                self.sick.pop().remove()

    def eating(self, megabytes: int) -> dict:
        """The body of the callback that takes so much memory."""
        _, body = open_page(self.stack.url, f"/{IMPURE}/").callbacks(waiting=True)
        return {**body, "inputs": [{**body["inputs"][0], "value": megabytes}]}

    def out_of_memory_kills(self) -> int:
        """How many processes of the impure page the kernel has killed so far, for their memory."""
        texts = [run("docker", "exec", each, "sh", "-c", f"cat {KILLS}") for each in self.replicas(IMPURE)]
        return sum(int(line.split()[1]) for text in texts for line in text.splitlines() if line.startswith("oom_kill "))

    def executions(self) -> Counter[str]:
        """How often each entry was written, by whichever replica."""
        return Counter(self.ledger.read_text(encoding="utf-8").split())

    def given_to(self, container: str, since: float) -> list[tuple[float, str]]:
        """What the gateway gave to a replica: when it had its answer, seconds since the epoch, and with which status."""
        log = run("docker", "logs", "--since", f"{since:.3f}", self.gateway)
        address, given = self.address(container), []
        for record in (json.loads(line) for line in log.splitlines() if line.startswith("{")):
            moment = datetime.fromisoformat(record["time"]).timestamp()
            given += [(moment, status) for tried, status in tries(record) if tried == address and moment >= since]
        return sorted(given)  # nginx's processes write their lines in turns


def tries(record: dict) -> list[tuple[str, str]]:
    """The replicas that a request was given to, each with its status: nginx joins them with commas and colons."""
    addresses, statuses = (record[key].replace(" : ", ", ").split(", ") for key in ("upstream", "upstream_status"))
    return list(zip(addresses, statuses, strict=False))


@contextmanager
def running_site(folder: Path) -> Iterator[ChaosSite]:
    """Build the site in a folder, start it and wait until it is healthy; remove all of it when the block ends."""
    ledger = write_site(folder)
    stack = Stack(f"portico-chaos-{uuid.uuid4().hex[:8]}", free_port(), folder)
    try:
        stack.compose("build", "--quiet")
        site = ChaosSite(stack, ledger, {page: PageSource(folder, page) for page in STRUCK})
        site.scale(REPLICAS)
        stack.until_known()
        yield site
    finally:
        stack.compose("down", "--volumes", "--remove-orphans", "--rmi", "local", "--timeout", "5")
        run("docker", "image", "prune", "--force", f"--filter=label=com.docker.compose.project={stack.project}")


def write_site(folder: Path) -> Path:
    """Write the site's files; return the ledger that its impure page will write."""
    copy_site(folder)
    write_page(folder, IMPURE)
    make_impure(folder, IMPURE)
    shutil.copy(HERE / "ledger_page.py", folder / "services" / IMPURE / "page.py")
    ledger = folder / "ledger" / "entries"
    ledger.parent.mkdir(mode=0o777)
    ledger.parent.chmod(0o777)  # whatever the umask: the page runs as a user of its own
    ledger.touch()
    ledger.chmod(0o666)
    settings = {"gateway": {"environment": GATEWAY_SETTINGS}, IMPURE: {"volumes": [f"{ledger.parent}:/ledger"]}}
    # Compose reads it beside docker-compose.yml, for the rollouts as well; JSON is YAML.
    (folder / "docker-compose.override.yml").write_text(json.dumps({"services": settings}), encoding="utf-8")
    return ledger


def send(container: str, signal_number: int) -> None:
    """Send a signal to a container's main process, as its machine would: Docker does not know who did it."""
    os.kill(main_process(container), signal_number)


def main_process(container: str) -> int:
    """The number of a container's main process on this machine, which must be the engine's: elsewhere, it is some other's."""
    known = inspect(container)
    number = known["State"]["Pid"]
    assert known["Id"] in Path(f"/proc/{number}/cgroup").read_text(encoding="utf-8"), "the engine runs elsewhere"
    return number


@contextmanager
def frozen(*containers: str) -> Iterator[None]:
    """Let none of the processes of these containers move until the block ends."""
    try:
        for each in containers:
            freeze(each)
        yield
    finally:
        run("docker", "unpause", *[each for each in containers if inspect(each)["State"]["Paused"]])


def wait_until_started_again(before: dict) -> None:
    """Return when a container runs that was killed: the engine waits longer each time."""
    deadline = time.monotonic() + READY_LIMIT_S
    while not (now := inspect(before["Id"]))["State"]["Running"] or now["RestartCount"] == before["RestartCount"]:
        assert time.monotonic() < deadline, f"not started again after {READY_LIMIT_S} s"
