"""Replicas come, go and die while visitors are at work, and none of them notices."""

import time
from datetime import datetime

import pytest

from tests.containers.load import Load, load_on
from tests.containers.stack import Stack, run, whole_access_log
from tests.tries import TRIES

pytestmark = pytest.mark.containers

REPLICAS = 3
SHARE_TOLERANCE = 0.2
WARM_WITHIN_S = 30
WARM = 40  # answers after which a new replica is as quick as an old one
SAMPLE = 300  # pairs of answers: enough for the shares to show


@pytest.fixture
def three_replicas(stack: Stack):
    stack.scale("barchart", REPLICAS)
    yield stack.containers("barchart")
    stack.healthy()


def test_scaling_up_and_down_under_load_fails_no_request(stack: Stack):
    with load_on(stack.url) as load:
        load.wait_for(SAMPLE // 3)
        stack.scale("barchart", REPLICAS)
        replicas = stack.containers("barchart")
        wait_until_warm(replicas)
        # More than once: a replica that stands still is left out for a while.
        shared = any(is_shared_equally(load, replicas) for _ in range(TRIES))
        stack.scale("barchart", 1)
        load.wait_for(SAMPLE // 3)
    assert load.failures == []
    assert len(replicas) == REPLICAS
    assert shared


def test_killing_one_replica_under_load_fails_no_request(stack: Stack, three_replicas: list[str]):
    with load_on(stack.url) as load:
        load.wait_for(SAMPLE // 3)
        run("docker", "kill", three_replicas[0])
        load.wait_for(SAMPLE)
    assert load.failures == []


def is_shared_equally(load: Load, replicas: list[str]) -> bool:
    """Whether each replica answers as much as any other of what is asked meanwhile."""
    begin = time.time()
    load.wait_for(SAMPLE)
    end = time.time()
    answered = [sum(begin < moment < end for moment in visits(replica)) for replica in replicas]
    print(f"answered by each replica: {answered}")  # for whoever reads of a failure
    return answered == pytest.approx([sum(answered) / len(replicas)] * len(replicas), rel=SHARE_TOLERANCE)


def wait_until_warm(replicas: list[str]) -> None:
    """Return when the gateway has sent visitors to each replica for a while: it asks for their names once a second."""
    deadline = time.monotonic() + WARM_WITHIN_S
    while min(len(visits(replica)) for replica in replicas) < WARM:
        assert time.monotonic() < deadline, f"a replica almost without visitors after {WARM_WITHIN_S} s"


def visits(replica: str) -> list[float]:
    """When a replica answered visitors, in seconds since the epoch."""
    records = [each for each in whole_access_log(replica) if each["path"].startswith("/barchart/")]
    return [datetime.fromisoformat(each["time"]).timestamp() for each in records]
