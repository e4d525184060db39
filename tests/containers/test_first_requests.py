"""A replica that accepts connections is warm: its very first visitors, all at once, are answered rightly."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from urllib.parse import urljoin

import pytest
import requests

from tests.containers.load import callback_bodies
from tests.containers.stack import Stack
from tests.site.visitor import with_its_chart, without_pace

pytestmark = pytest.mark.containers

VISITORS = 200
START_LIMIT_S = 60

Ask = tuple[str, str, dict | None]  # method, address, body


def test_200_concurrent_first_requests_are_answered(stack: Stack, pytestconfig: pytest.Config):
    asks = first_asks(stack.url, "/barchart/")
    expected = [answer_of(ask) for ask in asks]
    for _ in range(pytestconfig.getoption("--starts")):
        stack.kill("barchart")
        stack.wait_for("/barchart/_status", 503, within=10)
        door = Barrier(VISITORS + 1)
        with ThreadPoolExecutor(VISITORS) as crowd:
            answers = [crowd.submit(answer_behind, door, asks[number % len(asks)]) for number in range(VISITORS)]
            stack.start("barchart")
            stack.wait_for("/barchart/_status", 200, within=START_LIMIT_S)  # asks nothing of Dash
            door.wait()
        wrong = [
            (answer.result()[0], asks[number % len(asks)][1])
            for number, answer in enumerate(answers)
            if answer.result() != expected[number % len(asks)]
        ]
        assert wrong == []
    stack.healthy()


def first_asks(site: str, path: str) -> list[Ask]:
    """What a browser asks of a page first: index, layout, dependencies, a suite's script and a callback."""
    index = site + path
    script = next(part for part in requests.get(index, timeout=10).text.split('"') if part.endswith(".min.js"))
    addresses = [index, f"{index}_dash-layout", f"{index}_dash-dependencies", urljoin(index, script)]
    callback = ("POST", f"{index}_dash-update-component", callback_bodies(site, path)[0])
    return [*(("GET", address, None) for address in addresses), callback]


def answer_behind(door: Barrier, ask: Ask) -> tuple[int, str]:
    door.wait()
    return answer_of(ask)


def answer_of(ask: Ask) -> tuple[int, str]:
    method, address, body = ask
    response = with_its_chart(lambda: requests.request(method, address, json=body, timeout=60))
    return response.status_code, without_pace(response.text)
