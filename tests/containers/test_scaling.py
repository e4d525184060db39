"""Replicas come, go and die while visitors are at work, and none of them notices."""

import time

import pytest

from tests.containers.load import load_on
from tests.containers.stack import Stack, run, whole_access_log

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
        before = [requests_answered(replica) for replica in replicas]
        load.wait_for(SAMPLE)
        answered = [requests_answered(replica) - count for replica, count in zip(replicas, before, strict=True)]
        stack.scale("barchart", 1)
        load.wait_for(SAMPLE // 3)
    assert load.failures == []
    assert len(replicas) == REPLICAS
    share = sum(answered) / REPLICAS
    assert answered == pytest.approx([share] * REPLICAS, rel=SHARE_TOLERANCE)


def test_killing_one_replica_under_load_fails_no_request(stack: Stack, three_replicas: list[str]):
    with load_on(stack.url) as load:
        load.wait_for(SAMPLE // 3)
        run("docker", "kill", three_replicas[0])
        load.wait_for(SAMPLE)
    assert load.failures == []


def wait_until_warm(replicas: list[str]) -> None:
    """Return when the gateway has sent visitors to each replica for a while: it asks for their names once a second."""
    deadline = time.monotonic() + WARM_WITHIN_S
    while min(map(requests_answered, replicas)) < WARM:
        assert time.monotonic() < deadline, f"a replica almost without visitors after {WARM_WITHIN_S} s"


def requests_answered(replica: str) -> int:
    """How many requests of visitors a replica has answered so far."""
    return sum(record["path"].startswith("/barchart/") for record in whole_access_log(replica))
