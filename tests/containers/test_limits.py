"""What one client may ask of the nginx gateway: where the limits are, and that readers do not meet them."""

import http.client
import json
import resource
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass

import pytest

from portico.config.registry import read_registry
from tests.containers.load import callback_bodies
from tests.containers.stack import Stack, address_of, inspect, logged, run
from tests.processes import free_port, is_listening
from tests.security.header_rules import broken_rules
from tests.site.visitor import Answer, ask
from tests.tries import TRIES

pytestmark = pytest.mark.containers

REQUESTS_PER_S, BURST, CONNECTIONS = 100, 1000, 200  # the defaults, as README has them
ENDING = 10  # at most: requests that were answered already, and that the gateway counts until they have ended
OFFICE = 60  # readers behind one address, who come at once
SLOW = 100
HEADER_LIMIT_S = 15
UNFINISHED = 6000  # connections of one client
HEADERS_BYTES = 30_000  # of an unfinished request: as many as nginx keeps, and a byte more would end it
SMALL_BODY_BYTES = 59_000  # a larger body is an upload, of which one client may have few
UPLOADS_HELD, UPLOADS_AT_ONCE, UPLOAD_BYTES = 60, 8, 1_000_000
TOO_MANY = 429
TO_A_PAGE = "POST /barchart/_dash-update-component HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@dataclass(frozen=True)
class Gateway:
    """A gateway of the stack's pages, beside its own."""

    name: str
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def clients(self, *answers: Answer) -> list[str]:
        """Whom the access log names beside the requests that were answered so."""
        return [each["client"] for each in logged(self.name, *(each.headers["X-Request-ID"] for each in answers))]


@contextmanager
def gateway_of(stack: Stack, **variables: str) -> Iterator[Gateway]:
    """Run the gateway's image once more, with these variables and otherwise what the image says."""
    gateway = Gateway(f"{stack.project}-limits", free_port())
    settings = [f"--env={name}={value}" for name, value in variables.items()]
    sizes = ["--memory=512m", "--tmpfs=/tmp:size=64m,mode=1777", "--tmpfs=/var/cache/portico:size=112m,mode=1777"]
    folders = ["--read-only", *sizes]  # as in docker-compose.yml
    place = [f"--network={stack.network('outside')}", f"--publish=127.0.0.1:{gateway.port}:8080"]
    run("docker", "create", f"--name={gateway.name}", *folders, *place, *settings, f"{stack.project}-gateway")
    try:
        for network in ("names", *read_registry(stack.folder).names()):
            run("docker", "network", "connect", stack.network(network), gateway.name)
        run("docker", "start", gateway.name)
        while not is_listening(gateway.port) or not answers(gateway):
            assert inspect(gateway.name)["State"]["Running"], run("docker", "logs", gateway.name)
            time.sleep(0.05)
        yield gateway
    finally:
        run("docker", "rm", "--force", gateway.name)


def answers(gateway: Gateway) -> bool:
    with suppress(OSError, http.client.HTTPException):
        return ask(gateway.url, "/barchart/_status").status == http.HTTPStatus.OK
    return False


@pytest.fixture
def gateway(stack: Stack) -> Iterator[Gateway]:
    """A gateway with the limits that it has unless told otherwise."""
    with gateway_of(stack) as gateway:
        yield gateway


@pytest.fixture
def strict(stack: Stack, request) -> Iterator[Gateway]:
    """A gateway with the least limits, and these variables beside them."""
    least = {"GATEWAY_CLIENT_REQUESTS": "1", "GATEWAY_CLIENT_BURST": "2"}
    with gateway_of(stack, **least, **getattr(request, "param", {})) as gateway:
        yield gateway


def refused(gateway: Gateway, path: str = "/barchart/", **headers: str) -> Answer:
    """The first answer that is refused; the others before it are right ones."""
    for _ in range(20):
        answer = ask(gateway.url, path, **headers)
        if answer.status != http.HTTPStatus.OK:
            return answer
    raise AssertionError("nothing was refused")


def test_requests_of_one_client_are_limited_by_default(gateway: Gateway):
    statuses, over = Counter(), threading.Event()
    start = time.monotonic()

    def hammer() -> None:
        with closing(http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=30)) as connection:
            while not over.is_set():
                connection.request("GET", "/barchart/_status")
                answer = connection.getresponse()
                answer.read()
                statuses[answer.status] += 1
                if answer.status == TOO_MANY or statuses.total() > 10 * BURST:
                    over.set()

    with ThreadPoolExecutor(8) as crowd:
        list(crowd.map(lambda _: hammer(), range(8)))
    assert set(statuses) == {200, TOO_MANY}
    assert BURST < statuses[200] <= BURST + 1 + REQUESTS_PER_S * (time.monotonic() - start)


def test_shared_files_and_health_are_not_counted_with_requests_to_pages(strict: Gateway):
    style = next(part for part in ask(strict.url, "/").text.split('"') if part.endswith("portico.css"))
    refused(strict)
    assert {ask(strict.url, path).status for path in [style, "/healthz"] * 20} == {200}


def test_refusal_to_a_reader_is_in_the_frame(strict: Gateway):
    answer = refused(strict, Accept="text/html")
    assert (answer.status, answer.media_type, answer.headers["Retry-After"]) == (TOO_MANY, "text/html", "2")
    assert "Too many requests" in answer.text
    assert '<a href="/linechart/">Line chart</a>' in answer.text
    assert "data-retry" not in answer.text  # a page that asks again by itself would be more of the same
    assert broken_rules(answer) == []


def test_refusal_to_a_script_is_a_line_of_text(strict: Gateway):
    answer = refused(strict, Accept="application/json")
    assert (answer.status, answer.media_type, answer.text) == (TOO_MANY, "text/plain", "Too Many Requests\n")
    assert (answer.headers["Retry-After"], answer.headers["Cache-Control"]) == ("2", "no-store")


def test_client_cannot_be_another_by_saying_so(strict: Gateway):
    answers = [ask(strict.url, "/barchart/", x_forwarded_for=f"192.0.2.{number}") for number in range(10)]
    assert TOO_MANY in [each.status for each in answers]
    assert not [client for client in strict.clients(*answers) if client.startswith("192.0.2.")]


@pytest.mark.parametrize("strict", [{"GATEWAY_TRUSTED_PROXY": "0.0.0.0/0"}], indirect=True)
def test_behind_a_trusted_proxy_a_client_is_whom_it_names(strict: Gateway):

    def is_refused_beside_the_first(neighbour: str) -> bool:
        refused(strict, x_forwarded_for="2001:db8:1:2::1")
        return ask(strict.url, "/barchart/", x_forwarded_for=neighbour).status == TOO_MANY

    assert any(is_refused_beside_the_first(f"2001:db8:1:2::{number}") for number in range(3, 3 + TRIES))
    first = refused(strict, x_forwarded_for="2001:db8:1:2::1")
    other = ask(strict.url, "/barchart/", x_forwarded_for="192.0.2.1")
    assert (first.status, other.status) == (TOO_MANY, http.HTTPStatus.OK)
    assert strict.clients(first, other) == ["2001:db8:1:2::1", "192.0.2.1"]


@pytest.mark.parametrize(
    ("trusted", "heard"),
    [
        ("0.0.0.0/0", ("https", "dash.example", "dash.example")),
        ("192.0.2.0/24", ("http", None, None)),
        ("none", ("http", None, None)),
    ],
)
def test_page_hears_scheme_and_host_of_a_trusted_proxy_alone(stack: Stack, trusted: str, heard: tuple):
    said = {"x_forwarded_proto": "https", "x_forwarded_host": "dash.example", "x_forwarded_prefix": "/"}
    with stack.stand_in("linechart"), gateway_of(stack, GATEWAY_TRUSTED_PROXY=trusted) as gateway:
        seen = json.loads(ask(gateway.url, "/linechart/echo", **said).body)["headers"]
        own = gateway.url.removeprefix("http://")
        proto, forwarded_host, host = heard
        assert seen["x-forwarded-proto"] == proto
        assert (seen["x-forwarded-host"], seen["host"]) == (forwarded_host or own, host or own)
        refused_below = ask(gateway.url, "/", x_forwarded_prefix="/dash").status == http.HTTPStatus.NOT_IMPLEMENTED
        assert refused_below is (trusted == "0.0.0.0/0")


@pytest.mark.parametrize("value", ["proxy.example", "10.0.0.0/8; include x"])
def test_trusted_proxy_that_is_no_address_stops_the_gateway_with_the_reason(stack: Stack, value: str):
    command = ("docker", "run", "--rm", f"--env=GATEWAY_TRUSTED_PROXY={value}", f"{stack.project}-gateway")
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 78
    assert f"GATEWAY_TRUSTED_PROXY = '{value}': must be one address or network" in done.stderr


@pytest.mark.parametrize("strict", [{"GATEWAY_CLIENT_LIMITS": "off"}], indirect=True)
def test_limits_can_be_switched_off(strict: Gateway):
    assert {ask(strict.url, "/barchart/_status").status for _ in range(20)} == {200}


def test_connections_of_one_client_are_limited_by_default(gateway: Gateway):
    with ExitStack() as entered:
        crowd: list[socket.socket] = []
        while len(crowd) < CONNECTIONS or ask(gateway.url, "/barchart/_status").status != TOO_MANY:
            crowd.append(entered.enter_context(connected(gateway)))
            crowd[-1].sendall(f"{TO_A_PAGE}Content-Length: 9\r\n\r\n".encode())
            assert len(crowd) < CONNECTIONS + ENDING
        wait_until(
            lambda: sum(not said(each) for each in crowd) <= CONNECTIONS
        )  # the others hear that they are too many
        waiting = [each for each in crowd if not said(each)]
        assert len(waiting) > CONNECTIONS - ENDING
        assert ask(gateway.url, "/healthz").status == http.HTTPStatus.OK
        waiting[0].close()
        wait_until(lambda: ask(gateway.url, "/barchart/_status").status == http.HTTPStatus.OK)


def test_office_behind_one_address_does_not_meet_the_limits(gateway: Gateway):
    bodies = callback_bodies(gateway.url, "/barchart/")

    def read(number: int) -> list[int]:
        """Open the page and move the slider."""
        with closing(http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=60)) as connection:
            asked = [("GET", "/"), ("GET", f"/barchart/?visit={number}"), *[("POST", "")] * 8]
            return [answered(connection, method, path, bodies) for method, path in asked]

    with ThreadPoolExecutor(OFFICE) as office:
        statuses = Counter(status for each in office.map(read, range(OFFICE)) for status in each)
    assert statuses == {200: OFFICE * 10}


def answered(connection: http.client.HTTPConnection, method: str, path: str, bodies: list[dict]) -> int:
    body = json.dumps(bodies[0]) if method == "POST" else None
    connection.request(
        method, path or "/barchart/_dash-update-component", body, {"Content-Type": "application/json"} if body else {}
    )
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_slow_clients_take_no_thread_of_a_page_and_are_closed(gateway: Gateway, stack: Stack):
    page, start = stack.containers("barchart")[0], time.monotonic()
    with ExitStack() as entered:
        crowd = [entered.enter_context(connected(gateway)) for _ in range(SLOW)]
        heads, silent, bodies = crowd[: SLOW // 2], crowd[SLOW // 2 : -SLOW // 4], crowd[-SLOW // 4 :]
        for each in heads:
            each.sendall(b"GET /barchart/ HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        for each in silent + bodies:
            each.sendall(f"{TO_A_PAGE}Content-Length: {SMALL_BODY_BYTES}\r\n\r\n".encode())
        # For each of them a new gateway has asked for the page's version, and keeps those connections for a second.
        wait_until(lambda: connections_to(page) < SLOW // 4, within=HEADER_LIMIT_S / 3)
        closed: set[socket.socket] = set()
        while len(closed) < len(heads + silent):
            assert time.monotonic() - start < 3 * HEADER_LIMIT_S
            closed |= {each for each in heads + bodies if each not in closed and not sends_a_byte(each)}
            closed |= {each for each in silent if each not in closed and said(each)}
            assert ask(gateway.url, "/barchart/_status").status == http.HTTPStatus.OK
            assert connections_to(page) < SLOW // 4
            time.sleep(0.25)
        assert not closed & set(bodies)  # they go on, and hold nothing but their place among a client's connections


def test_unfinished_requests_leave_the_gateway_to_others(gateway: Gateway):
    """Straight to the container: the engine's own proxy of a published port ends before nginx does."""
    place = (address_of(gateway.name), 8080)
    lines = "".join(f"X-{number}: {'a' * (HEADERS_BYTES // 2)}\r\n" for number in range(2))
    unfinished = f"GET /barchart/ HTTP/1.1\r\nHost: x\r\n{lines}X-Last: ".encode()
    statuses, crowd = [], []
    with ExitStack() as entered, files_allowed(UNFINISHED + 1000):
        while len(crowd) < UNFINISHED:
            crowd.append(entered.enter_context(socket.create_connection(place)))
            crowd[-1].sendall(unfinished)
            if len(crowd) % (UNFINISHED // 10) == 0:
                statuses.append(ask(f"http://{place[0]}:{place[1]}", "/barchart/_status").status)
        held = sum(not said(each) for each in crowd)
    assert statuses == [200] * 10
    assert held > UNFINISHED / 2  # all of them, unless this took longer than the gateway waits for headers
    assert inspect(gateway.name)["State"]["Running"]


@contextmanager
def files_allowed(number: int) -> Iterator[None]:
    """Let this process open so many files until the block ends."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[0] < number > before[1] != resource.RLIM_INFINITY:
        pytest.skip(f"this machine allows {before[1]} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(number, before[0]), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("trusting", [{"GATEWAY_TRUSTED_PROXY": "0.0.0.0/0"}])
def test_held_uploads_of_one_client_leave_room_for_those_of_others(stack: Stack, trusting: dict[str, str]):
    with gateway_of(stack, **trusting) as gateway, ExitStack() as entered:
        before = uploaded(gateway)
        crowd = [entered.enter_context(connected(gateway)) for _ in range(UPLOADS_HELD)]
        for each in crowd:
            with suppress(OSError):  # refused, and closed
                each.sendall(upload_head("192.0.2.1") + b"a" * (UPLOAD_BYTES - 1))
        wait_until(lambda: sum(not said(each) for each in crowd) == UPLOADS_AT_ONCE)
        meanwhile = [uploaded(gateway) for _ in range(10)]
    assert before not in (TOO_MANY, 413, 500, 502, 503)  # the page's own answer
    assert set(meanwhile) == {before}


def upload_head(client: str) -> bytes:
    """The head of an upload to home, which takes 1 MB."""
    lines = ["POST /_dash-update-component HTTP/1.1", "Host: x", f"X-Forwarded-For: {client}", "Connection: close"]
    lines += ["Content-Type: application/json", f"Content-Length: {UPLOAD_BYTES}"]
    return "\r\n".join([*lines, "", ""]).encode()


def uploaded(gateway: Gateway) -> int:
    """The status of a whole upload of another client."""
    with connected(gateway) as client:
        client.sendall(upload_head("192.0.2.2") + b"a" * UPLOAD_BYTES)
        return int(client.makefile("rb").readline().split()[1])


def connected(gateway: Gateway) -> socket.socket:
    return socket.create_connection(("127.0.0.1", gateway.port))


def said(client: socket.socket) -> bool:
    """Whether a client has been answered, or cut off."""
    try:
        client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def sends_a_byte(client: socket.socket) -> bool:
    """Send one more byte; False if the gateway has answered or cut the client off."""
    with suppress(OSError):
        client.sendall(b"a")
        return not said(client)
    return False


def connections_to(page: str) -> int:
    """How many connections a page has: each may take a thread."""
    lines = run("docker", "exec", page, "cat", "/proc/net/tcp").splitlines()[1:]
    fields = [line.split() for line in lines]
    return sum(local.endswith(":1F40") and state == "01" for _, local, _, state, *_ in fields)  # port 8000, established


def wait_until(condition: Callable[[], bool], within: float = 20) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
