"""A service that is told to stop: unready first, then answering every request it was sent, and gone in time."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from portico.serving.gunicorn_server import GRACEFUL_TIMEOUT_S
from tests.processes import ROOT, free_port, variables, wait_until_listening

CLIENTS = 16
ANSWERS = 200  # before the service is told to stop
LIMIT_S = 30
DRAIN_SCRIPT = ROOT / "portico" / "serving" / "drain.sh"
CALLBACK = (
    b"POST /_dash-update-component HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
)
REQUEST = CALLBACK + b"Connection: close\r\n\r\n{}"


@dataclass(frozen=True)
class Service:
    """A service as its container runs it: the drain script is the first process."""

    process: subprocess.Popen
    port: int

    @contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)) as connection:
            yield connection

    def ask(self, path: str) -> tuple[int, dict]:
        with self.connection() as connection:
            return ask(connection, path)

    def is_ready(self) -> bool:
        """Ask as a gateway does; a service that is gone is not ready."""
        with suppress(OSError, http.client.HTTPException):
            return self.ask("/_status")[1]["ready"]
        return False


def ask(connection: http.client.HTTPConnection, path: str) -> tuple[int, dict]:
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, json.loads(response.read())


@contextmanager
def running_service(folder: Path, drain_s: float, workers: int = 1) -> Iterator[Service]:
    port, log_file = free_port(), folder / "log"
    environment = variables(
        PORT=str(port),
        PORTICO_PAGES="home",
        PORTICO_WORKERS=str(workers),
        PORTICO_DRAINING_FILE=str(folder / "draining"),
        PORTICO_DRAIN_SECONDS=str(drain_s),
    )
    with log_file.open("w+b") as log:
        command = [str(DRAIN_SCRIPT), sys.executable, "-m", "portico"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_until_listening(port, process, log)
            yield Service(process, port)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def test_draining_service_is_unready_and_still_answers(tmp_path):
    with running_service(tmp_path, drain_s=LIMIT_S) as service:
        assert service.ask("/readyz")[0] == 200
        service.process.terminate()
        wait_until(lambda: not service.is_ready())
        assert service.ask("/readyz")[0] == 503
        assert service.ask("/healthz") == (200, {"alive": True})
        assert service.ask("/_status")[1]["ready"] is False


@pytest.mark.parametrize("workers", [1, 2])
def test_no_request_is_cut_for_clients_that_stop_when_it_is_unready(tmp_path, workers):
    answers = Counter()
    with running_service(tmp_path, drain_s=3, workers=workers) as service:
        crowd = [threading.Thread(target=keep_connecting, args=(service, answers)) for _ in range(CLIENTS)]
        for client in crowd:
            client.start()
        wait_until(lambda: answers["answered"] >= ANSWERS)
        service.process.terminate()
        for client in crowd:
            client.join()
        assert service.process.wait(timeout=GRACEFUL_TIMEOUT_S) == 0
    assert set(answers) == {"answered"}


@pytest.mark.parametrize("sent", [1, len(CALLBACK) // 2, len(CALLBACK)], ids=["first byte", "half a head", "a head"])
def test_request_that_was_begun_is_answered(tmp_path, sent):
    with (
        running_service(tmp_path, drain_s=0) as service,
        service.connection() as later,
        socket.create_connection(("127.0.0.1", service.port), timeout=LIMIT_S) as connection,
    ):
        connection.sendall(REQUEST[:sent])
        ask(later, "/healthz")  # accepted after the one above
        service.process.terminate()
        wait_until((tmp_path / "draining").exists)
        connection.sendall(REQUEST[sent:])
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")  # home has no callbacks: the page's own answer


def test_silent_connections_do_not_hold_it_beyond_its_grace(tmp_path):
    with (
        running_service(tmp_path, drain_s=0) as service,
        service.connection() as kept,
        socket.create_connection(("127.0.0.1", service.port)),
    ):
        ask(kept, "/healthz")
        service.process.terminate()
        assert service.process.wait(timeout=GRACEFUL_TIMEOUT_S + LIMIT_S) == 0


def test_service_that_is_told_to_stop_while_it_starts_stops(tmp_path):
    environment = variables(PORTICO_DRAINING_FILE=str(tmp_path / "draining"), PORTICO_DRAIN_SECONDS="0")
    started = "import time; print('started', flush=True); time.sleep(600)"
    command = [str(DRAIN_SCRIPT), sys.executable, "-c", started]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "started\n"
        process.terminate()
        assert process.wait(timeout=LIMIT_S) == 128 + signal.SIGTERM


def test_exit_code_of_a_service_that_fails_is_passed_on(tmp_path):
    environment = variables(PORTICO_DRAINING_FILE=str(tmp_path / "draining"), PORTICO_DRAIN_SECONDS="0")
    command = [str(DRAIN_SCRIPT), sys.executable, "-c", "raise SystemExit(78)"]
    assert subprocess.run(command, env=environment, timeout=LIMIT_S, check=False).returncode == 78


def keep_connecting(service: Service, answers: Counter) -> None:
    """Send callbacks, each on a connection of its own, until the service is unready."""
    while service.is_ready():
        answers[outcome(service.port)] += 1


def outcome(port: int) -> str:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S) as connection:
            connection.sendall(REQUEST)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
    except OSError as error:
        return repr(error)
    return "answered" if answer.startswith(b"HTTP/1.1 400 ") else f"cut: {answer[:40]!r}"


def wait_until(condition) -> None:
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
