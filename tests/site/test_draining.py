"""A service that is told to stop: unready, refusing who is new, answering who is there, and gone in time."""

import http.client
import json
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import pytest

from portico.server import GRACEFUL_TIMEOUT_S
from tests.processes import free_port, is_listening, running_process

CLIENTS = 16
ANSWERS = 200  # before the service is told to stop
BODY = b"{}"
CALLBACK = b"POST /_dash-update-component HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@dataclass(frozen=True)
class Service:
    process: subprocess.Popen
    port: int

    @contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            yield connection

    def stop(self) -> None:
        """Tell it to stop, and return when it refuses connections."""
        self.process.send_signal(signal.SIGTERM)
        while is_listening(self.port):
            time.sleep(0.005)


@pytest.fixture
def service() -> Iterator[Service]:
    port = free_port()
    with running_process("portico", port, PORTICO_PAGES="home") as process:
        yield Service(process, port)


def ask(connection: http.client.HTTPConnection, path: str) -> tuple[http.client.HTTPResponse, dict]:
    connection.request("GET", path)
    response = connection.getresponse()
    return response, json.loads(response.read())


@pytest.mark.parametrize(
    ("path", "status"), [("/readyz", 503), ("/_status", 200), ("/healthz", 200)], ids=["readyz", "_status", "healthz"]
)
def test_kept_connection_is_answered_and_closed_behind_the_answer(service: Service, path: str, status: int):
    with service.connection() as connection:
        response, _ = ask(connection, "/readyz")
        assert (response.status, response.getheader("Connection")) == (200, "keep-alive")
        service.stop()
        response, body = ask(connection, path)
    assert (response.status, response.getheader("Connection")) == (status, "close")
    assert body.get("ready", body.get("alive")) is (path == "/healthz")


def test_service_that_goes_on_is_ready(service: Service):
    with service.connection() as connection:
        assert ask(connection, "/_status")[1]["ready"] is True


@pytest.mark.parametrize("sent", [1, len(CALLBACK) // 2, len(CALLBACK)], ids=["first byte", "half a head", "a head"])
def test_request_that_was_begun_is_answered(service: Service, sent: int):
    request = CALLBACK + b"Content-Length: 2\r\n\r\n" + BODY
    address = ("127.0.0.1", service.port)
    with socket.create_connection(address, timeout=30) as connection, service.connection() as later:
        connection.sendall(request[:sent])
        ask(later, "/healthz")  # accepted after the one above
        service.stop()
        connection.sendall(request[sent:])
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")  # home has no callbacks: the page's own word
    assert b"\r\nConnection: close\r\n" in answer


def test_silent_connections_do_not_hold_it_beyond_its_grace(service: Service):
    with service.connection() as kept, socket.create_connection(("127.0.0.1", service.port)):
        ask(kept, "/healthz")
        service.stop()
        assert service.process.wait(timeout=GRACEFUL_TIMEOUT_S) == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_no_request_that_was_accepted_is_cut(workers: str):
    port, answers = free_port(), Counter()
    with running_process("portico", port, PORTICO_PAGES="home", PORTICO_WORKERS=workers) as process:
        crowd = [threading.Thread(target=keep_connecting, args=(port, answers)) for _ in range(CLIENTS)]
        for client in crowd:
            client.start()
        while answers["answered"] < ANSWERS:
            time.sleep(0.01)
        process.terminate()
        for client in crowd:
            client.join()
        assert process.wait(timeout=GRACEFUL_TIMEOUT_S) == 0
    assert answers["refused"] == CLIENTS
    assert set(answers) == {"answered", "refused"}


def keep_connecting(port: int, answers: Counter) -> None:
    """Send a callback on a connection of its own, again and again, until a connection is refused."""
    request = CALLBACK + b"Content-Length: 2\r\nConnection: close\r\n\r\n" + BODY
    while True:
        try:
            connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        except (ConnectionRefusedError, ConnectionResetError):  # the latter within the handshake: nothing was taken
            answers["refused"] += 1
            return
        with connection:
            answers[outcome(connection, request)] += 1


def outcome(connection: socket.socket, request: bytes) -> str:
    try:
        connection.sendall(request)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    except OSError as error:
        return repr(error)
    return "answered" if answer.startswith(b"HTTP/1.1 400 ") else f"cut: {answer[:40]!r}"
