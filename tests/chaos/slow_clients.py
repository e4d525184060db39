"""Hundreds of clients that send their requests by the byte, and what the others notice."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.load import ConstantLoad, Record, p99
from tests.chaos.site import PURE, ChaosSite
from tests.containers.stack import run

PROGRAM = (Path(__file__).parent / "slow_client.py").read_text(encoding="utf-8")
MACHINES, CLIENTS_EACH = 10, 50  # each with an address of its own, as those of strangers are
CALM_S, SLOW_S = 30.0, 60.0


@dataclass
class SlowClients:
    """What normal clients met before, meanwhile and after, and what the slow ones did."""

    before: list[Record]
    meanwhile: list[Record]
    after: list[Record]
    failed: int
    said: dict[str, int]
    clients: int = MACHINES * CLIENTS_EACH

    @property
    def ratio(self) -> float:
        return p99(self.meanwhile) / p99(self.before + self.after)

    def described(self) -> str:
        figures = ", ".join(f"{p99(each):.0f}" for each in (self.before, self.meanwhile, self.after))
        return (
            f"{self.clients} clients on {MACHINES} addresses for {SLOW_S:.0f} s, half of them sending headers by the byte and half bodies, each"
            f" again as soon as it is cut off ({self.said['opened']:,} connections, {self.said['refused']:,} refused or closed at once,"
            f" {self.said['bytes']:,} bytes). Normal clients, all pages: p99 {figures} ms before, meanwhile and after;"
            f" {len(self.meanwhile):,} requests meanwhile, {self.failed} failed; ratio {self.ratio:.2f}."
        )


@contextmanager
def slow_clients(site: ChaosSite) -> Iterator[dict[str, int]]:
    """Run them in containers of the site's network until the block ends; then the dictionary has what they counted."""
    said = {"opened": 0, "refused": 0, "bytes": 0}
    names = [f"{site.stack.project}-slow-{number}" for number in range(MACHINES)]
    command = ("python", "-c", PROGRAM, "gateway", "8080", f"/{PURE}/", str(CLIENTS_EACH))
    network = ("--network", site.stack.network(PURE))
    try:
        for name in names:
            run("docker", "run", "--detach", "--name", name, *network, f"{site.stack.project}-home", *command)
        yield said
        run("docker", "stop", *names)
        for counted in (json.loads(run("docker", "logs", name)) for name in names):
            said.update({key: said[key] + counted[key] for key in said})
    finally:
        run("docker", "rm", "--force", *names)


def measure(site: ChaosSite, load: ConstantLoad) -> SlowClients:
    before = wait_and_see(load, CALM_S)
    with slow_clients(site) as said:
        meanwhile = wait_and_see(load, SLOW_S)
    after = wait_and_see(load, CALM_S)
    failed = len(load.failed(meanwhile))
    return SlowClients(before, meanwhile, after, failed, said)


def wait_and_see(load: ConstantLoad, duration: float) -> list[Record]:
    time.sleep(1)
    begin = time.time()
    time.sleep(duration)
    return load.sent_between(begin, begin + duration)
