"""A gunicorn process that has answered its share is replaced, and nobody who asks notices."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER

from tests.processes import free_port, running_process
from tests.site.visitor import open_page, post
from tests.small_sites import write_site

SHARE = 60  # requests of a process; up to a fifth more by chance
KEPT_OR_NOT = [True, False] * 4  # the connections of each client
REPLACED = 3
LIMIT_S = 30
POLL_S = 0.01
# A page that says which process answers, once a file is there that the question names.
PAGE = """
import os, time
from pathlib import Path
from dash import Input, Output, dcc, html
from portico import PageApp

def construct_page(server):
    app = PageApp(__name__, server)
    app.layout = html.Div([dcc.Input(id="file", value=""), html.P(id="process")])
    app.callback(Output("process", "children"), Input("file", "value"))(answer)
    return app.server

def answer(file):
    while file and not Path(file).exists():
        time.sleep(0.01)
    return os.getpid()
"""


class Service:
    """A page's service whose processes are replaced after few requests."""

    def __init__(self, port: int, process: psutil.Process) -> None:
        self.port, self.url, self._process = port, f"http://127.0.0.1:{port}", process
        (self._body,) = open_page(self.url, "/slow/").callbacks()

    def ask(self, file: str = "") -> int:
        """The process that answers, once the file is there."""
        answer = post(self.url, "/slow/", {**self._body, "inputs": [{**self._body["inputs"][0], "value": file}]})
        assert answer.status == http.HTTPStatus.OK
        return answer.json()["response"]["process"]["children"]

    def workers(self) -> set[int]:
        return {child.pid for child in self._process.children()}


@contextmanager
def running_service(folder: Path, workers: int) -> Iterator[Service]:
    site, port = write_site(folder, {"slow": PAGE}), free_port()
    settings = {"PORTICO_WORKERS": str(workers), "PORTICO_WORKER_REQUESTS": str(SHARE)}
    with running_process("portico", port, PORTICO_SITE=str(site), **settings) as process:
        yield Service(port, psutil.Process(process.pid))


@pytest.mark.parametrize("workers", [1, 2])
def test_no_request_fails_while_processes_are_replaced(tmp_path: Path, workers: int):
    answers, over = Counter(), threading.Event()
    with running_service(tmp_path, workers) as service:
        seen = service.workers()
        crowd = [threading.Thread(target=keep_asking, args=(service, keep, answers, over)) for keep in KEPT_OR_NOT]
        for client in crowd:
            client.start()
        wait_until(lambda: len(seen.update(service.workers()) or seen) > workers + REPLACED)
        over.set()
        for client in crowd:
            client.join()
    assert set(answers) == {"200 True"}  # what says that it drains would be taken for a page that is down
    assert answers.total() >= REPLACED * SHARE


def test_request_in_flight_is_answered_and_holds_up_nobody(tmp_path: Path):
    file, answered = tmp_path / "go on", []
    with running_service(tmp_path, workers=1) as service:
        before = service.workers()
        slow = threading.Thread(target=lambda: answered.append(service.ask(str(file))))
        slow.start()
        wait_until(lambda: service.ask() not in before)
        assert not answered
        file.touch()
        slow.join()
        assert set(answered) == before
        wait_until(lambda: not service.workers() & before)


def keep_asking(service: Service, keep: bool, answers: Counter, over: threading.Event) -> None:
    """Ask again and again whether the page is ready, on one connection or on one for each time."""
    while not over.is_set():
        with closing(http.client.HTTPConnection("127.0.0.1", service.port, timeout=LIMIT_S)) as connection:
            goes_on, before = True, time.monotonic()
            while goes_on and not over.is_set():
                since, before = time.monotonic() - before, time.monotonic()
                outcome, goes_on = asked(connection)
                # A connection on which nothing was asked for longer may be closed.
                if outcome[0].isdigit() or since < STOP_KEEPALIVE_LINGER:
                    answers[outcome] += 1
                goes_on = goes_on and keep


def asked(connection: http.client.HTTPConnection) -> tuple[str, bool]:
    """What was answered, and whether the connection goes on."""
    try:
        connection.request("GET", "/slow/_status")
        answer = connection.getresponse()
        ready = b'"ready":true' in answer.read()
    except (OSError, http.client.HTTPException) as error:
        return repr(error), False
    return f"{answer.status} {ready}", not answer.will_close


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(POLL_S)
