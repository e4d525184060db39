"""Replicas that fall ill when a fault says so, beside the well ones: containers of `sick_replica.py`."""

from dataclasses import dataclass
from pathlib import Path

from tests.containers.stack import Stack, run

PROGRAM = (Path(__file__).parent / "sick_replica.py").read_text(encoding="utf-8")
OWN = {"HOST": "127.0.0.1", "PORT": "8001"}  # of the page behind the door


@dataclass(frozen=True)
class SickReplica:
    """One more replica of a page, well until told otherwise."""

    container: str

    def behave(self, sickness: str) -> None:
        """Behave so from the next request on: a method of `sick_replica.Door`."""
        run("docker", "exec", self.container, "sh", "-c", f"echo {sickness} > /tmp/sickness")

    def remove(self) -> None:
        run("docker", "rm", "--force", self.container)


def start_sick_replica(stack: Stack, page: str) -> SickReplica:
    """Start one, under the page's name in the network."""
    name = f"{stack.project}-{page}-sick"
    environment = [part for key, value in OWN.items() for part in ("--env", f"{key}={value}")]
    beside = ("run", "--detach", "--no-deps", "--use-aliases", "--name", name)
    stack.compose(*beside, *environment, page, "python", "-c", PROGRAM)
    return SickReplica(name)
