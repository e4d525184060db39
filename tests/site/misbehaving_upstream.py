"""Remote pages that misbehave, and a real gateway in front of them, all on loopback sockets.

A test says in a function what the page does on one connection; `Talk` is that connection.
"""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from wsgiref.types import WSGIApplication, WSGIEnvironment

from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from gateway.remote import RemoteMount

LOOPBACK = "127.0.0.1"
PATIENCE_S = 30.0  # after which whoever waits gives up, and the test fails
CONNECT_TIMEOUT_S = 0.3
READ_TIMEOUT_S = 2 * PATIENCE_S
IMPATIENT = "/impatient"  # the mount for tests that wait until a page was silent for too long
IMPATIENT_READ_TIMEOUT_S = 1.5
MAX_CONNECTIONS = 2
REPOSITORY = Path(__file__).parents[2]

Mounts = dict[str, str]


class HungUpError(Exception):
    """The gateway closed the connection."""


@dataclass
class Head:
    """The head of a request as it came over the wire."""

    method: str
    target: str
    headers: list[tuple[str, str]]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)


class Talk:
    """One connection from the gateway, seen from the page."""

    def __init__(self, sock: socket.socket, heads: list[Head]) -> None:
        sock.settimeout(PATIENCE_S)
        self.sock, self._heads = sock, heads
        self._file = sock.makefile("rb")
        self.done = threading.Event()  # the test has seen enough of this connection

    def hear_head(self) -> Head:
        request_line = self._line()
        lines = iter(self._line, "")
        headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        method, target, _ = request_line.split(" ")
        self._heads.append(Head(method, target, headers))
        return self._heads[-1]

    def _line(self) -> str:
        line = self._file.readline()
        if not line.endswith(b"\r\n"):
            raise HungUpError
        return line[:-2].decode("latin-1")

    def hear(self, amount: int) -> bytes:
        data = self._file.read(amount)
        if len(data) < amount:
            raise HungUpError
        return data

    def hear_chunk(self) -> bytes:
        data = self.hear(int(self._line(), 16))
        self.hear(2)
        return data

    def hear_body(self, head: Head) -> bytes:
        """Read a body to its end; HungUpError if that does not come."""
        if head.get("Transfer-Encoding") == "chunked":
            return b"".join(iter(self.hear_chunk, b""))
        return self.hear(int(head.get("Content-Length") or 0))

    def hear_until_hung_up(self) -> bytes:
        """Read whatever else comes until the gateway hangs up."""
        try:
            return self._file.read()
        except ConnectionError:
            return b""

    def say(self, text: str | bytes) -> None:
        self.sock.sendall(text if isinstance(text, bytes) else text.replace("\n", "\r\n").encode("latin-1"))

    def say_chunk(self, text: str) -> None:
        self.say(f"{len(text):x}\n{text}\n")

    def answer(self, body: str, status: str = "200 OK", headers: str = "") -> None:
        self.say(f"HTTP/1.1 {status}\nContent-Length: {len(body)}\n{headers}\n{body}")

    def end(self) -> None:
        """Tell both sides that nothing more will come."""
        self.done.set()
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)

    def hang_up(self) -> None:
        """Close, which is a reset if something was not heard."""
        self._file.close()
        self.sock.close()


Behaviour = Callable[[Talk], None]


def echo(talk: Talk) -> None:
    """Behave: answer each request with its own body, on one connection."""
    while True:
        head = talk.hear_head()
        talk.answer(talk.hear_body(head).decode("latin-1") or "hello")


def says(text: str) -> Behaviour:
    """Behave: hear the head of one request, say this and hang up."""

    def behave(talk: Talk) -> None:
        talk.hear_head()
        talk.say(text)

    return behave


class Upstream:
    """A listening socket whose connections all behave as the test says."""

    def __init__(self) -> None:
        self._listener = socket.create_server((LOOPBACK, 0), backlog=64)
        self._last_caller: tuple[str, int] | None = None
        self._last_caller_was_met = threading.Event()
        self.address = f"http://{LOOPBACK}:{self._listener.getsockname()[1]}"
        self.reset()
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        self.behave: Behaviour = echo
        self.heads: list[Head] = []
        self.errors: list[Exception] = []
        self.talks: list[Talk] = []
        self._threads: list[threading.Thread] = []

    def _accept(self) -> None:
        while True:
            try:
                sock, caller = self._listener.accept()
            except OSError:
                return
            if caller == self._last_caller:
                sock.close()
                self._last_caller_was_met.set()
            else:
                self._talk(Talk(sock, self.heads))

    def _talk(self, talk: Talk) -> None:
        self.talks.append(talk)
        thread = threading.Thread(target=self._run, args=[talk], daemon=True)
        thread.start()
        self._threads.append(thread)

    def _run(self, talk: Talk) -> None:
        try:
            self.behave(talk)
        except (HungUpError, ConnectionError):
            pass
        except Exception as error:
            self.errors.append(error)
        finally:
            talk.hang_up()

    def end_talks(self) -> None:
        """Hang up on the gateway, so that nothing of this test reaches the next."""
        self._meet_everybody()
        for talk in self.talks:
            talk.end()
        for thread in self._threads:
            thread.join(PATIENCE_S)
            assert not thread.is_alive(), "a page is still talking"

    def _meet_everybody(self) -> None:
        """Wait until all connections made so far are accepted, which happens in their order."""
        self._last_caller_was_met.clear()
        with socket.socket() as caller:
            caller.bind((LOOPBACK, 0))
            self._last_caller = caller.getsockname()
            caller.connect(self._listener.getsockname())
            assert self._last_caller_was_met.wait(PATIENCE_S)

    def close(self) -> None:
        self._listener.close()


def gateway_over(mounts: Mounts) -> WSGIApplication:
    """Build a gateway with a remote mount at each path."""
    return DispatcherMiddleware(
        Response("no such mount", HTTPStatus.NOT_FOUND),
        {
            path: remote_mount(address, IMPATIENT_READ_TIMEOUT_S if path == IMPATIENT else READ_TIMEOUT_S)
            for path, address in mounts.items()
        },
    )


def remote_mount(address: str, read_timeout_s: float = READ_TIMEOUT_S) -> RemoteMount:
    return RemoteMount(
        address,
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=read_timeout_s,
        max_connections=MAX_CONNECTIONS,
        error_page=own_page,
    )


def own_page(status: HTTPStatus, environ: WSGIEnvironment) -> Response:
    return Response(f"the gateway's page: {status.value}", status)


@contextmanager
def gunicorn_gateway(mounts: Mounts) -> Iterator[int]:
    """Serve a gateway by gunicorn, and give its port."""
    with socket.create_server((LOOPBACK, 0), backlog=64) as listener:
        options = f"""--bind fd://{listener.fileno()} --worker-class gthread --threads 16 --no-control-socket
            --graceful-timeout 1 --log-level warning --forwarded-allow-ips 192.0.2.1""".split()
        command = [sys.executable, "-m", "gunicorn", *options, "--chdir", str(REPOSITORY)]
        process = subprocess.Popen(
            [*command, f"tests.site.misbehaving_upstream:gateway_over({mounts!r})"], pass_fds=[listener.fileno()]
        )
        try:
            yield listener.getsockname()[1]
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


@contextmanager
def werkzeug_gateway(mounts: Mounts) -> Iterator[int]:
    """Serve a gateway by werkzeug's server, and give its port."""
    server = make_server(LOOPBACK, 0, gateway_over(mounts), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(PATIENCE_S)
        server.server_close()
