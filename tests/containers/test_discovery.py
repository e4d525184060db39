"""Replicas that are not well: the gateway sends nobody to them, as soon as discovery has seen it."""

import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from gateway.discovery.dns import NOBODY
from tests.containers.load import load_on
from tests.containers.stack import Stack, address_of, run, whole_access_log

pytestmark = pytest.mark.containers
REPLICAS = 3
WITHIN_S = 60  # on a busy machine
POLL_S = 0.02
SAMPLE = 60
VISIT = "/barchart/"
PATIENCE_S = 1  # of a visitor: far longer than an answer takes


@pytest.fixture
def replicas(stack: Stack) -> Iterator[list[str]]:
    """The containers of a page of three replicas, all of them known to the gateway."""
    try:
        stack.scale("barchart", REPLICAS)
        found = stack.containers("barchart")
        for each in found:
            until_met(each, stack)
        yield found
    finally:
        stack.healthy()


def named(stack: Stack, page: str = "barchart") -> set[str]:
    """The addresses to which discovery sends visitors; none while it starts."""
    return set(ask_discovery(stack, page).stdout.split())


def ask_discovery(stack: Stack, page: str) -> subprocess.CompletedProcess[str]:
    """Ask as an operator does; it fails while discovery starts, and for what is no page."""
    [container] = stack.containers("discovery")
    command = ["docker", "exec", container, "python", "-m", "gateway.discovery", page]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def until_named(stack: Stack, wanted: set[str]) -> None:
    deadline = time.monotonic() + WITHIN_S
    while (found := named(stack)) != wanted:
        assert time.monotonic() < deadline, f"{found} are named, not {wanted}"
        time.sleep(POLL_S)


@contextmanager
def frozen(container: str) -> Iterator[None]:
    """Stop every process of a container until the block ends; `docker pause` would call it unhealthy at once."""
    signal_all(container, "STOP")
    try:
        yield
    finally:
        signal_all(container, "CONT")


def signal_all(container: str, signal: str) -> None:
    everyone_else = f"import os, signal; os.kill(-1, signal.SIG{signal})"
    run("docker", "exec", container, "python", "-c", everyone_else)
    run("docker", "kill", "--signal", signal, container)


def test_replica_that_froze_is_left_out_and_let_in_again(stack: Stack, replicas: list[str]):
    everywhere = {address_of(each) for each in replicas}
    with load_on(stack.url) as load:
        load.wait_for(SAMPLE)
        with frozen(replicas[0]):
            until_named(stack, everywhere - {address_of(replicas[0])})
            until_passed_over(stack)
            with load_on(stack.url) as newcomers:
                newcomers.wait_for(SAMPLE)
        until_named(stack, everywhere)
        before = visits_of(replicas[0])
        until_met(replicas[0], stack, before)
        load.wait_for(SAMPLE)
    assert newcomers.failures == []
    # Who met it was answered when it went on, opened the page without a chart that was late, or had no more patience.
    assert [each for each in load.failures if not re.search("data-late|ReadTimeout", each)] == []


def test_page_that_is_frozen_as_a_whole_leaves_the_others_alone(stack: Stack):
    [container] = stack.containers("barchart")
    with frozen(container), load_on(stack.url, "linechart", visitors=2) as load:
        load.wait_for(SAMPLE)
    assert load.failures == []
    stack.healthy()


def test_site_goes_on_without_discovery_and_follows_it_when_it_is_back(stack: Stack, replicas: list[str]):
    with load_on(stack.url) as load:
        stack.kill("discovery")
        load.wait_for(SAMPLE)
        run("docker", "kill", replicas[0])
        load.wait_for(SAMPLE)
        stack.start("discovery")
        until_named(stack, {address_of(each) for each in replicas[1:]})
        load.wait_for(SAMPLE)
    assert load.failures == []


def test_gateway_asks_the_engine_where_there_is_no_discovery(stack: Stack):
    run("docker", "rm", "--force", *stack.containers("discovery"))
    try:
        restart_gateway(stack)
        assert stack.wait_for("/barchart/", 200, within=WITHIN_S).status_code == 200
        resolver = stack.compose("exec", "--no-TTY", "gateway", "cat", "/tmp/resolver.conf")
        assert resolver == "resolver 127.0.0.11 valid=1s;\n"
    finally:
        stack.healthy()


def test_name_that_no_container_has_is_not_asked_of_the_machines_name_server(stack: Stack):
    """It may be silent for seconds. What it does not know is an error; Docker's own answer is one without an address."""
    asks = (
        "import socket\n"
        "try: socket.getaddrinfo('nobody', 80)\n"
        "except socket.gaierror as error: print(error.errno == socket.EAI_NODATA)"
    )
    said = stack.compose("exec", "--no-TTY", "discovery", "python", "-c", asks)
    assert said == "True\n"


def test_nobodys_address_is_refused_at_once(stack: Stack):
    asks = (
        "import errno, socket\n"
        f"try: socket.create_connection(('{NOBODY}', 8000), timeout=5)\n"
        "except OSError as error: print(error.errno == errno.ENETUNREACH)"
    )
    assert stack.compose("exec", "--no-TTY", "discovery", "python", "-c", asks) == "True\n"


def test_page_that_is_not_of_the_site_is_named_to_who_asks_for_it(stack: Stack):
    done = ask_discovery(stack, "barchrt")
    assert (done.returncode, done.stderr) == (1, "discovery: no page is named 'barchrt'\n")


def test_address_that_another_page_has_taken_over_gives_no_wrong_answer(stack: Stack, replicas: list[str]):
    """Another page's replica answers to the bar chart's name, as it does for a moment after it got a freed address."""
    stranger = f"{stack.project}-stranger"
    network = ["--network", stack.network("barchart"), "--network-alias", "barchart"]
    try:
        with load_on(stack.url) as load:
            run("docker", "run", "--detach", "--name", stranger, *network, f"{stack.project}-linechart")
            until_listening(stranger)
            load.wait_for(SAMPLE)
        assert load.failures == []
        assert address_of(stranger) not in named(stack)
    finally:
        run("docker", "rm", "--force", stranger)


def test_request_that_met_another_page_is_given_to_a_replica_of_its_own(stack: Stack):
    """Without discovery, which keeps such addresses away: the service says that it is not the page's."""
    run("docker", "rm", "--force", *stack.containers("discovery"))
    stranger = f"{stack.project}-stranger"
    network = ["--network", stack.network("barchart"), "--network-alias", "barchart"]
    try:
        restart_gateway(stack)
        run("docker", "run", "--detach", "--name", stranger, *network, f"{stack.project}-linechart")
        until_listening(stranger)
        with load_on(stack.url) as load:
            until_met(stranger, stack)
            load.wait_for(SAMPLE)
        assert load.failures == []
        run("docker", "kill", *stack.containers("barchart"))
        down = requests.get(f"{stack.url}/barchart/", timeout=10, headers={"Accept": "text/html"})
        assert down.status_code == 503
        assert "Bar chart is not available right now" in down.text
    finally:
        run("docker", "rm", "--force", stranger)
        stack.healthy()


def restart_gateway(stack: Stack) -> None:
    """Start the gateway anew, so that it has met no discovery yet, and wait until it answers."""
    stack.compose("restart", "gateway")
    deadline = time.monotonic() + WITHIN_S
    while not is_up(stack):
        assert time.monotonic() < deadline, "the gateway does not answer"
        time.sleep(POLL_S)


def is_up(stack: Stack) -> bool:
    try:
        return requests.get(f"{stack.url}/healthz", timeout=2).ok
    except requests.RequestException:
        return False


def until_listening(container: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    asks = "import socket; socket.create_connection(('127.0.0.1', 8000))"
    while subprocess.run(
        ["docker", "exec", container, "python", "-c", asks], check=False, capture_output=True
    ).returncode:
        assert time.monotonic() < deadline, f"{container} does not listen"


def visits_of(container: str) -> int:
    """How many visitors of the bar chart were sent to a container so far."""
    return sum(record["path"] == VISIT for record in whole_access_log(container))


def until_met(container: str, stack: Stack, before: int = 0) -> None:
    """Return once more visitors of the bar chart were sent to a container than before."""
    deadline = time.monotonic() + WITHIN_S
    while visits_of(container) <= before:
        assert time.monotonic() < deadline, "nobody was sent there"
        requests.get(stack.url + VISIT, timeout=WITHIN_S)


def until_passed_over(stack: Stack) -> None:
    """Return once visitors, who go to the replicas in turns, meet none that is frozen."""
    deadline, in_a_row = time.monotonic() + WITHIN_S, 0
    while in_a_row < 2 * REPLICAS:
        assert time.monotonic() < deadline, "visitors are still sent to it"
        try:
            requests.get(stack.url + VISIT, timeout=PATIENCE_S)
            in_a_row += 1
        except requests.Timeout:
            in_a_row = 0
