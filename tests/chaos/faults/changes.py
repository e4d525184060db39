"""What is done to a site on purpose."""

import sys

from tests.chaos.faults.fault import Struck, fault
from tests.chaos.site import REPLICAS, STRUCK, ChaosSite
from tests.containers.site_copy import start_rollout


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
