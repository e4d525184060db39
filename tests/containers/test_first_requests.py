"""First requests: `docker compose up --wait` returns when every page answers, and a new replica is warm.

`--starts 20` is the long form: 300 first requests after 20 starts.
"""

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from threading import Barrier
from typing import NamedTuple
from urllib.parse import urljoin

import pytest
import requests

from portico.config.registry import read_registry
from tests.containers.load import callback_bodies
from tests.containers.stack import Stack
from tests.site.visitor import with_its_chart, without_pace, wrong_at_every_start

pytestmark = pytest.mark.containers

VISITORS = 200
START_LIMIT_S = 60
ASKED_EACH = 5  # first requests to each page

Ask = tuple[str, str, dict | None]  # method, address, body


class FirstAnswer(NamedTuple):
    status: int
    text: str


def statuses_of_first_requests(stack: Stack) -> list[int]:
    """What every page answers at once, several times each."""
    addresses = [stack.url + page.path for page in read_registry(stack.folder)] * ASKED_EACH
    with ThreadPoolExecutor(len(addresses)) as visitors:
        return [each.status_code for each in visitors.map(lambda url: requests.get(url, timeout=60), addresses)]


def test_first_requests_after_up_wait_are_answered(stack: Stack, nth_start: int):
    stack.compose("down", "--timeout", "5")
    stack.up()
    assert {*statuses_of_first_requests(stack)} == {200}


def test_first_requests_after_a_restart_of_the_gateway_are_answered(stack: Stack, nth_start: int):
    stack.compose("restart", "--timeout", "5", "gateway")
    stack.up()
    assert {*statuses_of_first_requests(stack)} == {200}


def test_gateway_is_not_healthy_before_it_reaches_every_page(stack: Stack):
    stack.stop("linechart")
    try:
        stack.compose("restart", "--timeout", "5", "gateway")
        [gateway] = stack.containers("gateway")
        check, deadline = ["docker", "exec", gateway, "gateway-health"], time.monotonic() + START_LIMIT_S
        said = ""
        while said != "not reached yet: /linechart/_status\n":  # other pages may not be reached yet either
            checked = subprocess.run(check, capture_output=True, text=True, check=False, timeout=60)
            said = checked.stdout
            assert checked.returncode != 0
            assert time.monotonic() < deadline, said
    finally:
        stack.healthy()


def test_page_that_is_down_holds_the_gateway_back_for_a_bounded_time(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GATEWAY_START_SECONDS", "5")
    stack.stop("linechart")
    try:
        stack.compose("up", "--detach", "--no-build", "--no-deps", "--force-recreate", "--wait", "gateway")
        down = requests.get(f"{stack.url}/linechart/", timeout=10, headers={"Accept": "text/html"})
        assert (down.status_code, "Line chart is not available right now" in down.text) == (503, True)
        assert [requests.get(stack.url + path, timeout=10).status_code for path in ("/", "/barchart/")] == [200, 200]
    finally:
        monkeypatch.undo()
        stack.healthy()


def test_200_concurrent_first_requests_are_answered(stack: Stack, pytestconfig: pytest.Config):
    asks = first_asks(stack.url, "/barchart/")
    expected = [with_its_chart(lambda ask=ask: answer_of(ask)) for ask in asks]
    for _ in range(pytestconfig.getoption("--starts")):
        wrong = wrong_at_every_start(lambda: answered_wrongly_at_first(stack, asks, expected))
        assert [(ask[1], got.status) for ask, got in wrong] == []
    stack.healthy()


def answered_wrongly_at_first(
    stack: Stack, asks: list[Ask], expected: list[FirstAnswer]
) -> list[tuple[Ask, FirstAnswer]]:
    """What the bar chart's replica answers wrongly as soon as it is up, to visitors who ask these in turns, all at once."""
    stack.kill("barchart")
    stack.wait_for("/barchart/_status", 503, within=10)
    door = Barrier(VISITORS + 1)
    with ThreadPoolExecutor(VISITORS) as crowd:
        answers = [crowd.submit(answer_behind, door, asks[number % len(asks)]) for number in range(VISITORS)]
        stack.start("barchart")
        stack.wait_for("/barchart/_status", 200, within=START_LIMIT_S)  # asks nothing of Dash
        door.wait()
    answered = zip(cycle(asks), cycle(expected), answers, strict=False)
    return [(ask, answer.result()) for ask, right, answer in answered if answer.result() != right]


def first_asks(site: str, path: str) -> list[Ask]:
    """What a browser asks of a page first: index, layout, dependencies, a suite's script and a callback."""
    index = site + path
    script = next(part for part in requests.get(index, timeout=10).text.split('"') if part.endswith(".min.js"))
    addresses = [index, f"{index}_dash-layout", f"{index}_dash-dependencies", urljoin(index, script)]
    callback = ("POST", f"{index}_dash-update-component", callback_bodies(site, path)[0])
    return [*(("GET", address, None) for address in addresses), callback]


def answer_behind(door: Barrier, ask: Ask) -> FirstAnswer:
    door.wait()
    return answer_of(ask)


def answer_of(ask: Ask) -> FirstAnswer:
    method, address, body = ask
    response = requests.request(method, address, json=body, timeout=60)
    return FirstAnswer(response.status_code, without_pace(response.text))
