"""A page dies: the others do not notice, its visitors are told, and it is back by itself."""

import re
import time

import pytest
import requests

from tests.containers.load import load_on
from tests.containers.stack import KNOWN_WITHIN_S, Stack, address_of, listening_since, logged
from tests.security.header_rules import broken_rules
from tests.site.visitor import ask, without_pace
from tests.tries import TRIES

pytestmark = pytest.mark.containers

DEAD_ANSWER_LIMIT_S = 1.0
BACK_LIMIT_S = 5.0
START_LIMIT_S = 60


@pytest.fixture
def killed_barchart(stack: Stack):
    """Kill the bar chart until the test ends, which gets the address that it had."""
    address = address_of(stack.containers("barchart")[0])
    stack.kill("barchart")
    yield address
    stack.healthy()


def test_dead_page_answers_503_within_a_second(stack: Stack):
    def slowest_after_a_kill() -> float:
        stack.kill("barchart")
        try:  # at once after the kill, and when the page's name is gone too
            return max(seconds_of_a_refusal() for _ in range(20))
        finally:
            stack.healthy()

    def seconds_of_a_refusal() -> float:
        time.sleep(0.1)
        response = requests.get(f"{stack.url}/barchart/", timeout=10, headers={"Accept": "text/html"})
        assert response.status_code == 503
        assert "Bar chart is not available right now" in response.text
        return response.elapsed.total_seconds()

    assert any(slowest_after_a_kill() < DEAD_ANSWER_LIMIT_S for _ in range(TRIES))


def test_dead_page_is_said_in_the_frame(stack: Stack, killed_barchart):
    response = requests.get(f"{stack.url}/barchart/", timeout=10, headers={"Accept": "text/html"})
    assert response.status_code == 503
    assert "Bar chart is not available right now" in response.text
    assert '<a href="/linechart/">Line chart</a>' in response.text
    assert 'data-retry="/barchart/_status"' in response.text
    assert response.headers["Retry-After"] == "2"
    assert response.headers["Cache-Control"] == "no-store"
    assert broken_rules(ask(stack.url, "/barchart/", Accept="text/html")) == []


def test_callback_of_a_dead_page_is_answered_in_plain_text(stack: Stack, killed_barchart):
    callback = f"{stack.url}/barchart/_dash-update-component"
    response = requests.post(callback, json={}, timeout=10, headers={"Accept": "application/json"})
    assert response.status_code == 503
    assert response.text == "Service Unavailable\n"


def test_killing_a_page_leaves_the_others_unchanged(stack: Stack):
    home = requests.get(f"{stack.url}/", timeout=10).text
    try:
        with load_on(stack.url, "linechart", visitors=2) as load:
            load.wait_for(20)
            stack.kill("barchart")
            load.wait_for(40)
            home_meanwhile = requests.get(f"{stack.url}/", timeout=10).text
            stack.start("barchart")
            load.wait_for(20)
    finally:
        stack.healthy()
    assert load.failures == []
    assert without_pace(home_meanwhile) == without_pace(home)


def test_page_is_back_by_itself_as_soon_as_it_is_ready(stack: Stack, killed_barchart: str):
    stack.wait_for("/barchart/", 503, within=5)
    until_forgotten(stack, killed_barchart)
    stack.start("barchart")
    stack.wait_for("/barchart/", 200, within=START_LIMIT_S)
    back = time.time()
    assert back - listening_since(stack.containers("barchart")[0]) < BACK_LIMIT_S


def until_forgotten(stack: Stack, address: str) -> None:
    """Return once the gateway has heard that the bar chart has no replica.

    A container often comes back at the address that it had, where a gateway that has not heard of its end would find it anyway.
    """
    [gateway] = stack.containers("gateway")
    deadline = time.monotonic() + KNOWN_WITHIN_S
    tried = [f"{address}:8000"]
    while f"{address}:8000" in tried:
        assert time.monotonic() < deadline, f"{address} is still tried"
        answer = requests.get(f"{stack.url}/barchart/", timeout=10)
        [record] = logged(gateway, answer.headers["X-Request-ID"])
        tried = re.split(", | : ", record["upstream"])


def test_page_is_stopped_and_started(stack: Stack):
    stack.stop("linechart")
    stack.wait_for("/linechart/", 503, within=5)
    stack.start("linechart")
    stack.wait_for("/linechart/", 200, within=START_LIMIT_S)
    stack.healthy()


def test_shared_assets_are_answered_while_home_is_down(stack: Stack):
    page = requests.get(f"{stack.url}/barchart/", timeout=10).text
    style = next(part for part in page.split('"') if part.endswith("/portico.css"))
    stack.kill("home")
    try:
        response = requests.get(stack.url + style, timeout=10)
        unknown = requests.get(f"{stack.url}/_shared/portico/0123456789abcdef/portico.css", timeout=10)
        down = requests.get(f"{stack.url}/", timeout=10)
    finally:
        stack.healthy()
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert (unknown.status_code, unknown.headers["Cache-Control"]) == (404, "no-store")
    assert down.status_code == 503


def test_gateway_that_is_stopped_and_started_serves_again(stack: Stack):
    stack.stop("gateway")
    stack.start("gateway")
    stack.up()
    assert requests.get(f"{stack.url}/barchart/", timeout=10).status_code == 200
