"""The remote mount against pages that misbehave, over real sockets, behind a real server."""

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from http import HTTPStatus
from queue import Queue
from typing import Any

import pytest
import requests
from urllib3.util.connection import create_connection
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.test import EnvironBuilder, run_wsgi_app

from gateway.hop_headers import request_target
from gateway.remote import BLOCK_BYTES
from portico.data.client_connection import HALF_CLOSED_WITHIN_S
from tests.site.misbehaving_upstream import (
    IMPATIENT,
    LOOPBACK,
    MAX_CONNECTIONS,
    PATIENCE_S,
    Mounts,
    Talk,
    Upstream,
    gunicorn_gateway,
    remote_mount,
    says,
    werkzeug_gateway,
)

BLOCK = b"x" * BLOCK_BYTES
LARGE = BLOCK * 128  # 8 MB, more than the sockets between client and page hold
CHUNKED_HEAD = "HTTP/1.1 200 OK\nContent-Type: text/plain\nTransfer-Encoding: chunked\n\n"


class Client:
    """A client of the gateway."""

    def __init__(self, port: int) -> None:
        self._port = port

    def get(self, path: str = "/page/", **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return requests.get(self._url(path), headers=named, timeout=PATIENCE_S, allow_redirects=False)

    def post(self, body: bytes) -> requests.Response:
        return requests.post(self._url("/page/"), data=body, timeout=PATIENCE_S)

    def _url(self, path: str) -> str:
        return f"http://{LOOPBACK}:{self._port}{path}"

    @contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        with closing(http.client.HTTPConnection(LOOPBACK, self._port, timeout=PATIENCE_S)) as connection:
            yield connection

    @contextmanager
    def answer(self, method: str = "GET", path: str = "/page/") -> Iterator[http.client.HTTPResponse]:
        """Ask, and give the answer when its head is there, with the body still to be read."""
        with self.connection() as connection:
            connection.request(method, path)
            with closing(connection.getresponse()) as answer:
                yield answer

    @contextmanager
    def raw(self, request: str) -> Iterator[socket.socket]:
        with socket.create_connection((LOOPBACK, self._port), timeout=PATIENCE_S) as sock:
            sock.sendall(request.replace("\n", "\r\n").encode("latin-1"))
            yield sock


@pytest.fixture(scope="module")
def listening() -> Iterator[Upstream]:
    with closing(Upstream()) as upstream:
        yield upstream


@pytest.fixture
def upstream(listening: Upstream) -> Iterator[Upstream]:
    listening.reset()
    yield listening
    listening.end_talks()
    assert not listening.errors


@pytest.fixture(scope="module")
def mounts(listening: Upstream) -> Iterator[Mounts]:
    with closing(socket.socket()) as deaf, closing(socket.create_server((LOOPBACK, 0), backlog=0)) as full:
        deaf.bind((LOOPBACK, 0))
        callers = [begin_to_connect(full.getsockname()) for _ in range(4)]
        yield {
            "/page": listening.address,
            IMPATIENT: listening.address,
            "/neighbour": listening.address,
            "/refused": f"http://{LOOPBACK}:{deaf.getsockname()[1]}",
            "/full": f"http://{LOOPBACK}:{full.getsockname()[1]}",
            "/nowhere": f"http://{'a' * 64}.invalid",
        }
        for caller in callers:
            caller.close()


def begin_to_connect(address: tuple[str, int]) -> socket.socket:
    """With enough of these, a listener that accepts nobody answers no further call."""
    caller = socket.socket()
    caller.setblocking(False)
    caller.connect_ex(address)
    return caller


@pytest.fixture(scope="module")
def behind_gunicorn(mounts: Mounts) -> Iterator[Client]:
    with gunicorn_gateway(mounts) as port:
        yield Client(port)


@pytest.fixture(scope="module")
def behind_werkzeug(mounts: Mounts) -> Iterator[Client]:
    with werkzeug_gateway(mounts) as port:
        yield Client(port)


@pytest.fixture
def client(behind_gunicorn: Client, upstream: Upstream) -> Client:
    return behind_gunicorn


@pytest.fixture(params=["behind_gunicorn", "behind_werkzeug"])
def either_client(request: pytest.FixtureRequest, upstream: Upstream) -> Client:
    client: Client = request.getfixturevalue(request.param)
    return client


# What streams


@pytest.mark.parametrize(
    ("framing", "first", "second"),
    [
        ("Transfer-Encoding: chunked", "3\none\n", "3\ntwo\n0\n\n"),
        ("Content-Length: 6", "one", "two"),
        ("Connection: close", "one", "two"),
    ],
)
def test_an_event_reaches_the_client_before_the_page_sends_the_next(
    either_client: Client, upstream: Upstream, framing: str, first: str, second: str
) -> None:
    first_has_arrived = threading.Event()

    def behave(talk: Talk) -> None:
        talk.hear_head()
        talk.say(f"HTTP/1.1 200 OK\nContent-Type: text/event-stream\n{framing}\n\n{first}")
        assert first_has_arrived.wait(PATIENCE_S)
        talk.say(second)

    upstream.behave = behave
    with either_client.answer() as answer:
        assert answer.read1() == b"one"
        first_has_arrived.set()
        assert answer.read() == b"two"


def test_the_head_of_a_stream_reaches_the_client_before_its_first_event(
    either_client: Client, upstream: Upstream
) -> None:
    head_has_arrived = threading.Event()

    def behave(talk: Talk) -> None:
        talk.hear_head()
        talk.say(CHUNKED_HEAD)
        assert head_has_arrived.wait(PATIENCE_S)
        talk.say("0\n\n")

    upstream.behave = behave
    with either_client.answer() as answer:
        head_has_arrived.set()
        assert (answer.status, answer.read()) == (HTTPStatus.OK, b"")


@pytest.mark.parametrize("is_chunked", [True, False])
def test_an_upload_reaches_the_page_as_the_client_sends_it(
    client: Client, upstream: Upstream, is_chunked: bool
) -> None:
    first_has_arrived, rest = threading.Event(), []

    def behave(talk: Talk) -> None:
        talk.hear_head()
        assert (talk.hear_chunk() if is_chunked else talk.hear(len(BLOCK))) == BLOCK
        first_has_arrived.set()
        rest.append(talk.hear_chunk() + talk.hear_chunk() if is_chunked else talk.hear(3))
        talk.answer("thanks")

    def blocks() -> Iterator[bytes]:
        yield BLOCK
        assert first_has_arrived.wait(PATIENCE_S)
        yield b"end"

    upstream.behave = behave
    with client.connection() as connection:
        headers = {} if is_chunked else {"Content-Length": str(len(BLOCK) + 3)}
        connection.request("POST", "/page/", blocks(), headers, encode_chunked=is_chunked)
        assert connection.getresponse().read() == b"thanks"
    assert rest == [b"end"]
    assert upstream.heads[0].all("Transfer-Encoding") == (["chunked"] if is_chunked else [])
    assert upstream.heads[0].all("Content-Length") == ([] if is_chunked else [str(len(BLOCK) + 3)])


def test_a_large_body_passes_both_ways_unchanged(either_client: Client, upstream: Upstream) -> None:
    assert either_client.post(LARGE).content == LARGE


@pytest.mark.parametrize(
    "request_text",
    [
        "POST /page/ HTTP/1.1\nHost: x\nContent-Length: 10\n\nfive5",
        "POST /page/ HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n5\nfive5\n",
        "POST /page/ HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n5\nfi",
    ],
)
def test_an_upload_that_the_client_breaks_off_looks_broken_to_the_page(
    client: Client, upstream: Upstream, request_text: str
) -> None:
    heard: Queue[bytes] = Queue()

    def behave(talk: Talk) -> None:
        talk.hear_head()
        heard.put(talk.hear_until_hung_up())

    upstream.behave = behave
    with client.raw(request_text) as sock:
        sock.shutdown(socket.SHUT_WR)
        assert sock.makefile("rb").read().startswith(b"HTTP/1.1 400 ")
    body = heard.get(timeout=PATIENCE_S)
    assert len(body) < 10
    assert b"0\r\n\r\n" not in body


def test_a_client_that_awaits_100_continue_is_told_to_and_the_page_is_not_asked(
    either_client: Client, upstream: Upstream
) -> None:
    head = "POST /page/ HTTP/1.1\nHost: x\nConnection: close\nContent-Length: 4\nExpect: 100-continue\n\n"
    with either_client.raw(head) as sock, sock.makefile("rb") as file:
        assert file.readline() == b"HTTP/1.1 100 Continue\r\n"
        sock.sendall(b"body")
        assert file.read().endswith(b"\r\n\r\nbody")
    assert upstream.heads[0].get("Expect") is None


# What is passed on


@pytest.mark.parametrize(
    "target",
    [
        "/page/%7e%2f%C3%A9%c3%a9;a=b?x=%20+&y='",
        "/page/a/../b/./c//d?",
        "/page/~!$&'()*+,=:@-._%41?/?[]{}|\"<>^`",
        "/page?a=b?c=d",
        "/%70age/",
    ],
)
def test_path_and_query_reach_the_page_byte_for_byte(either_client: Client, upstream: Upstream, target: str) -> None:
    with either_client.raw(f"GET {target} HTTP/1.1\nHost: x\nConnection: close\n\n") as sock:
        assert sock.makefile("rb").read().startswith(b"HTTP/1.1 200 ")
    assert upstream.heads[0].target == target


def test_the_path_of_an_absolute_target_reaches_the_page(either_client: Client, upstream: Upstream) -> None:
    with either_client.raw("GET http://x/page/%7e?q HTTP/1.1\nHost: x\nConnection: close\n\n") as sock:
        assert sock.makefile("rb").read().startswith(b"HTTP/1.1 200 ")
    assert upstream.heads[0].target == "/page/%7e?q"


@pytest.mark.parametrize(
    ("environ", "target"),
    [
        ({"RAW_URI": "/a%2fb?c", "PATH_INFO": "/a/b"}, "/a%2fb?c"),
        ({"REQUEST_URI": "/a%2fb?c", "PATH_INFO": "/a/b"}, "/a%2fb?c"),
        ({"RAW_URI": "http://x"}, "/"),
        ({"RAW_URI": "http://x?q=/"}, "/?q=/"),
        ({"RAW_URI": "//x/y"}, "//x/y"),
        ({"RAW_URI": "/\xc3\xa9%e9"}, "/%C3%A9%e9"),
        ({"SCRIPT_NAME": "/a", "PATH_INFO": "/\xc3\xa9 ?;=", "QUERY_STRING": "x=%7e"}, "/a/%C3%A9%20%3F;=?x=%7e"),
        ({"PATH_INFO": ""}, "/"),
    ],
)
def test_the_target_is_what_the_server_received_or_else_made_of_the_path(environ: dict[str, str], target: str) -> None:
    assert request_target(environ) == target


def test_the_page_is_told_of_the_connection_and_not_what_the_client_claims(client: Client, upstream: Upstream) -> None:
    claims = {
        "X_Forwarded_For": "6.6.6.6",
        "X_Forwarded_Proto": "https",
        "X_Forwarded_Host": "evil.example",
        "X_Forwarded_Port": "666",
        "X_Forwarded_Prefix": "/evil",
        "X_Real_IP": "6.6.6.6",
        "Forwarded": "for=6.6.6.6",
    }
    client.get(**claims, Host="mysite.example:8080")
    head = upstream.heads[0]
    assert head.all("Host") == ["mysite.example:8080"]
    assert head.all("X-Forwarded-For") == [LOOPBACK]
    assert head.all("X-Forwarded-Proto") == ["http"]
    assert head.all("X-Forwarded-Host") == ["mysite.example:8080"]
    for name in ("X-Forwarded-Port", "X-Forwarded-Prefix", "X-Real-IP", "Forwarded"):
        assert head.all(name) == []


def test_a_name_with_an_underscore_is_not_taken_for_one_with_a_dash(either_client: Client, upstream: Upstream) -> None:
    request = "GET /page/ HTTP/1.1\nHost: x\nConnection: close\nX_Request_ID: 6\nX_Forwarded_For: 6\n\n"
    with either_client.raw(request) as sock:
        sock.makefile("rb").read()
    assert upstream.heads[0].get("X-Request-ID") is None
    assert upstream.heads[0].all("X-Forwarded-For") == [LOOPBACK]


def test_headers_of_the_request_are_passed_on_and_none_is_invented(client: Client, upstream: Upstream) -> None:
    request = "GET /page/ HTTP/1.1\nHost: x\nConnection: close\nCookie: a=b; c=d\nX-Request-ID: 7\nIf-Match: *\n\n"
    with client.raw(request) as sock:
        sock.makefile("rb").read()
    head = upstream.heads[0]
    assert (head.get("Cookie"), head.get("X-Request-ID"), head.get("If-Match")) == ("a=b; c=d", "7", "*")
    for name in ("User-Agent", "Accept-Encoding", "Accept", "Content-Length", "Content-Type"):
        assert head.get(name) is None


def test_headers_of_the_clients_connection_stay_on_it(client: Client, upstream: Upstream) -> None:
    client.get(
        Connection="X-Mine, upgrade, Host, X-Forwarded-For",
        X_Mine="1",
        Keep_Alive="timeout=5",
        Upgrade="websocket",
        TE="trailers",
        Trailer="X-End",
        Proxy_Connection="keep-alive",
        Proxy_Authorization="Basic xyz",
        X_Yours="2",
    )
    head = upstream.heads[0]
    for name in ("Connection", "X-Mine", "Keep-Alive", "Upgrade", "TE", "Trailer"):
        assert head.get(name) is None
    assert head.get("Proxy-Connection") is head.get("Proxy-Authorization") is None
    assert (head.get("X-Yours"), head.get("X-Forwarded-For")) == ("2", LOOPBACK)
    assert head.get("Host")


def test_headers_of_the_pages_connection_stay_on_it(either_client: Client, upstream: Upstream) -> None:
    upstream.behave = says(
        "HTTP/1.1 200 OK\nContent-Length: 0\nConnection: close, X-Mine\nX-Mine: 1\nKeep-Alive: timeout=5\n"
        "Proxy-Authenticate: Basic\nTrailer: X-End\nUpgrade: h2c\nX-Yours: 2\n\n"
    )
    with either_client.answer() as answer:
        assert answer.getheader("X-Yours") == "2"
        for name in ("X-Mine", "Keep-Alive", "Proxy-Authenticate", "Trailer", "Upgrade"):
            assert answer.getheader(name) is None


def test_date_and_server_are_said_once_and_cookies_are_kept_apart(either_client: Client, upstream: Upstream) -> None:
    upstream.behave = says(
        "HTTP/1.1 200 OK\nContent-Length: 0\nDate: Thu, 01 Jan 1970 00:00:00 GMT\nServer: page\n"
        "Set-Cookie: a=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT\nSet-Cookie: b=2\n\n"
    )
    with either_client.answer() as answer:
        assert len(answer.headers.get_all("Date", [])) == len(answer.headers.get_all("Server", [])) == 1
        assert "1970" not in answer.headers["Date"]
        cookies = answer.headers.get_all("Set-Cookie")
        assert cookies == ["a=1; Expires=Thu, 01 Jan 2099 00:00:00 GMT", "b=2"]


def test_a_redirect_is_passed_on_untouched(client: Client, upstream: Upstream) -> None:
    upstream.behave = says("HTTP/1.1 302 Found\nLocation: ../%7eelsewhere/?x\nContent-Length: 0\n\n")
    answer = client.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, "../%7eelsewhere/?x")
    assert len(upstream.heads) == 1


def test_a_compressed_body_is_passed_on_as_it_is(client: Client, upstream: Upstream) -> None:
    upstream.behave = says("HTTP/1.1 200 OK\nContent-Encoding: gzip\nContent-Length: 8\n\nno gzip!")
    with client.answer() as answer:
        assert (answer.getheader("Content-Encoding"), answer.read()) == ("gzip", b"no gzip!")


@pytest.mark.parametrize(
    ("method", "status", "length"),
    [("HEAD", "200 OK", "1234"), ("GET", "304 Not Modified", "1234"), ("GET", "204 No Content", None)],
)
def test_an_answer_without_a_body_ends_with_its_head(
    client: Client, upstream: Upstream, method: str, status: str, length: str | None
) -> None:
    def behave(talk: Talk) -> None:
        while talk.hear_head():
            talk.say(f"HTTP/1.1 {status}\nETag: x\n" + (f"Content-Length: {length}\n\n" if length else "\n"))

    upstream.behave = behave
    for _ in range(2):
        with client.answer(method) as answer:
            assert (answer.getheader("Content-Length"), answer.read()) == (length, b"")
            assert f"{answer.status} {answer.reason}" == status
    assert len(upstream.talks) == 1


@pytest.mark.parametrize("interim", ["100 Continue\n\n", "103 Early Hints\nLink: </a.css>\n\n"])
def test_an_interim_answer_is_not_taken_for_the_answer(client: Client, upstream: Upstream, interim: str) -> None:
    upstream.behave = says(f"HTTP/1.1 {interim}HTTP/1.1 {interim}HTTP/1.1 200 OK\nContent-Length: 5\n\nhello")
    answer = client.get()
    assert (answer.status_code, answer.text) == (200, "hello")
    assert "Link" not in answer.headers


# What goes wrong


@pytest.mark.parametrize("path", ["/refused/", "/full/", "/nowhere/"])
def test_a_page_that_cannot_be_reached_is_unavailable_for_now(either_client: Client, path: str) -> None:
    answer = either_client.get(path)
    assert (answer.status_code, answer.text) == (503, "the gateway's page: 503")
    assert (answer.headers["Retry-After"], answer.headers["Cache-Control"]) == ("2", "no-store")


def test_a_page_that_stays_silent_has_timed_out(client: Client, upstream: Upstream) -> None:
    def behave(talk: Talk) -> None:
        talk.hear_head()
        talk.hear_until_hung_up()

    upstream.behave = behave
    answer = client.get(f"{IMPATIENT}/")
    assert (answer.status_code, answer.text) == (504, "the gateway's page: 504")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Retry-After" not in answer.headers
    assert len(upstream.heads) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HTTP/1.1 20",
        "SSH-2.0-OpenSSH_9.9\n",
        "HTTP/1.1 two OK\n\n",
        "HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: upgrade\n\n",
        "HTTP/1.1 200 OK\nContent-Length: 5\n\n",
        "HTTP/1.1 200 OK\nno header\nContent-Length: 5\n\nhello",
        "HTTP/1.1 200 OK\nContent-Length: five\n\nhello",
        "HTTP/1.1 200 OK\nContent-Length: 5\nContent-Length: 4\n\nhello",
        "HTTP/1.1 200 OK\nContent-Length: 5\nTransfer-Encoding: chunked\n\n0\n\n",
        "HTTP/1.1 200 OK\nTransfer-Encoding: gzip, chunked\n\n0\n\n",
    ],
)
def test_what_is_no_answer_in_http_is_a_bad_gateway(client: Client, upstream: Upstream, text: str) -> None:
    upstream.behave = says(text)
    answer = client.get()
    assert (answer.status_code, answer.text) == (502, "the gateway's page: 502")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "text",
    [
        "HTTP/1.1 200 OK\nContent-Length: 10\n\nhello",
        f"{CHUNKED_HEAD}5\nhello\n",
        f"{CHUNKED_HEAD}a\nhello",
        f"{CHUNKED_HEAD}5\nhello\nnonsense\n",
    ],
)
@pytest.mark.parametrize("falls_silent", [True, False])
def test_a_body_cut_off_in_the_middle_is_cut_for_the_client_too(
    either_client: Client, upstream: Upstream, text: str, falls_silent: bool
) -> None:
    def behave(talk: Talk) -> None:
        talk.hear_head()
        talk.say(text)
        if falls_silent:
            talk.hear_until_hung_up()

    upstream.behave = behave
    with either_client.answer(path=f"{IMPATIENT}/" if falls_silent else "/page/") as answer:
        with pytest.raises(http.client.IncompleteRead) as caught:
            answer.read()
        assert (answer.status, caught.value.partial) == (200, b"hello")


def test_requests_sees_a_cut_off_body_as_an_error(client: Client, upstream: Upstream) -> None:
    upstream.behave = says(f"{CHUNKED_HEAD}5\nhello\n")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        client.get()


def test_the_page_is_hung_up_on_when_the_client_goes_away(either_client: Client, upstream: Upstream) -> None:
    was_hung_up_on = threading.Event()

    def behave(talk: Talk) -> None:
        talk.hear_head()
        talk.say(CHUNKED_HEAD)
        try:
            while True:
                talk.say_chunk("more" * 1000)
        except ConnectionError:
            was_hung_up_on.set()

    upstream.behave = behave
    with either_client.answer() as answer:
        assert answer.read1(1)
    assert was_hung_up_on.wait(PATIENCE_S)


def test_the_page_is_hung_up_on_when_the_client_leaves_before_it_answers(client: Client, upstream: Upstream) -> None:
    heard, was_hung_up_on = threading.Event(), threading.Event()

    def behave(talk: Talk) -> None:
        talk.hear_head()
        heard.set()
        talk.hear_until_hung_up()
        was_hung_up_on.set()

    upstream.behave = behave
    with client.raw("GET /page/ HTTP/1.1\nHost: a\n\n"):
        assert heard.wait(PATIENCE_S)
        assert not was_hung_up_on.wait(HALF_CLOSED_WITHIN_S + 0.5)
    assert was_hung_up_on.wait(PATIENCE_S)


@pytest.mark.parametrize("closes_after_the_page_has_heard", [False, True])
def test_a_client_that_closes_its_sending_half_gets_its_answer(
    client: Client, upstream: Upstream, closes_after_the_page_has_heard: bool
) -> None:
    heard, release = threading.Event(), threading.Event()

    def behave(talk: Talk) -> None:
        talk.hear_head()
        heard.set()
        assert release.wait(PATIENCE_S)
        talk.say("HTTP/1.1 200 OK\nContent-Length: 2\n\nok")

    upstream.behave = behave
    with client.raw("GET /page/ HTTP/1.1\nHost: a\n\n") as sock:
        if closes_after_the_page_has_heard:
            assert heard.wait(PATIENCE_S)
        sock.shutdown(socket.SHUT_WR)
        assert heard.wait(PATIENCE_S)
        time.sleep(0.1)  # the gateway has seen the end
        release.set()
        answer = sock.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert answer.endswith(b"ok")


def test_the_next_request_of_a_client_does_not_end_the_one_before(client: Client, upstream: Upstream) -> None:
    release = threading.Event()

    def behave(talk: Talk) -> None:
        talk.hear_head()
        assert release.wait(PATIENCE_S)
        talk.say("HTTP/1.1 200 OK\nContent-Length: 2\n\nok")

    upstream.behave = behave
    asked = "GET /page/ HTTP/1.1\nHost: a\n\n"
    with client.raw(asked) as sock:
        sock.sendall(asked.replace("\n", "\r\n").encode())  # at once, as HTTP/1.1 allows
        release.set()
        assert sock.recv(15) == b"HTTP/1.1 200 OK"


def test_a_closed_answer_hangs_up_on_the_page_at_once(upstream: Upstream) -> None:
    was_hung_up_on = threading.Event()

    def behave(talk: Talk) -> None:
        talk.hear_head()
        talk.say(CHUNKED_HEAD)
        talk.say_chunk("one")
        talk.hear_until_hung_up()
        was_hung_up_on.set()

    upstream.behave = behave
    answer, _, _ = run_wsgi_app(remote_mount(upstream.address), EnvironBuilder(path="/page/").get_environ())
    assert (next(answer), next(answer)) == (b"", b"one")
    answer.close()
    assert was_hung_up_on.wait(PATIENCE_S)
    with pytest.raises(StopIteration):
        next(answer)


# Uploads that the page does not want


@pytest.mark.parametrize("hangs_up", [True, False])
@pytest.mark.parametrize("is_chunked", [True, False])
def test_a_page_that_answers_before_the_upload_is_done_is_heard(
    client: Client, upstream: Upstream, hangs_up: bool, is_chunked: bool
) -> None:
    def behave(talk: Talk) -> None:
        if talk.hear_head().method == "GET":
            talk.answer("hello")
        else:
            talk.answer("too large", "413 Content Too Large")
            talk.done.wait(0 if hangs_up else PATIENCE_S)

    upstream.behave = behave
    assert upload(client, is_chunked) == (413, b"too large")
    assert client.get().text == "hello"  # on another connection


def test_a_page_that_hangs_up_on_an_upload_without_an_answer_is_a_bad_gateway(
    client: Client, upstream: Upstream
) -> None:
    upstream.behave = says("")
    assert upload(client, is_chunked=False)[0] == 502
    assert len(upstream.heads) == 1


def test_a_page_that_does_not_take_an_upload_has_timed_out(client: Client, upstream: Upstream) -> None:
    def behave(talk: Talk) -> None:
        talk.hear_head()
        talk.done.wait(PATIENCE_S)

    upstream.behave = behave
    assert upload(client, is_chunked=False, path=f"{IMPATIENT}/")[0] == 504


def upload(client: Client, is_chunked: bool, path: str = "/page/") -> tuple[int, bytes]:
    """Send a large body as a browser does, reading the answer even if not all of it is taken."""
    with client.connection() as connection:
        headers = {} if is_chunked else {"Content-Length": str(len(LARGE))}
        with suppress(ConnectionError):
            connection.request("POST", path, iter([LARGE]), headers, encode_chunked=is_chunked)
        answer = connection.getresponse()
        return answer.status, answer.read()


@pytest.mark.parametrize("coding", ["gzip, chunked", "chunked, identity"])
def test_an_upload_in_a_coding_that_the_page_would_not_see_is_refused(
    client: Client, upstream: Upstream, coding: str
) -> None:
    request = f"POST /page/ HTTP/1.1\nHost: x\nTransfer-Encoding: {coding}\n\n0\n\n"
    with client.raw(request) as sock, sock.makefile("rb") as file:
        assert file.readline().split()[1] in (b"400", b"501")
    assert upstream.heads == []


class Refusing:
    """An input that the gateway itself bounds."""

    def read(self, amount: int) -> bytes:
        raise RequestEntityTooLarge


def test_the_gateways_own_bound_on_an_upload_keeps_its_status(upstream: Upstream) -> None:
    mount = remote_mount(upstream.address)
    environ = EnvironBuilder(path="/page/", method="POST").get_environ() | {"CONTENT_LENGTH": "9"}
    body, status, _ = run_wsgi_app(mount, environ | {"wsgi.input": Refusing()})
    assert (status, b"".join(body)) == ("413 REQUEST ENTITY TOO LARGE", b"the gateway's page: 413")


def test_chunks_are_refused_where_the_server_does_not_find_their_end(upstream: Upstream) -> None:
    mount = remote_mount(upstream.address)
    environ = EnvironBuilder(path="/page/", method="POST").get_environ()
    _, status, _ = run_wsgi_app(mount, environ | {"HTTP_TRANSFER_ENCODING": "chunked"})
    assert status == "411 LENGTH REQUIRED"
    assert upstream.heads == []


# Connections


def test_requests_one_after_the_other_share_one_connection(client: Client, upstream: Upstream) -> None:
    for _ in range(10):
        assert client.get().text == "hello"
        assert client.post(b"body").text == "body"
    assert len(upstream.talks) == 1


def test_a_connection_is_free_when_the_last_of_an_answer_is_passed_on(upstream: Upstream) -> None:
    mount, environ = remote_mount(upstream.address), EnvironBuilder(path="/page/").get_environ()
    first, _, _ = run_wsgi_app(mount, environ)
    assert next(first) == b"hello"
    second, _, _ = run_wsgi_app(mount, environ)
    assert next(second) == b"hello"
    assert list(first) == list(second) == []
    assert len(upstream.talks) == 1


def test_a_connection_is_not_used_if_a_body_may_follow_where_none_is_allowed(
    client: Client, upstream: Upstream
) -> None:
    def behave(talk: Talk) -> None:
        while talk.hear_head():
            talk.say("HTTP/1.1 204 No Content\nTransfer-Encoding: chunked\n\n")

    upstream.behave = behave
    assert [client.get().status_code for _ in range(2)] == [204, 204]
    assert len(upstream.talks) == 2


def test_chunked_answers_leave_the_connection_usable(client: Client, upstream: Upstream) -> None:
    def behave(talk: Talk) -> None:
        while talk.hear_head():
            talk.say(f"{CHUNKED_HEAD}5;extension\nhello\n0\nTrailer: x\n\n")

    upstream.behave = behave
    assert [client.get().text for _ in range(5)] == ["hello"] * 5
    assert len(upstream.talks) == 1


def test_more_requests_than_kept_connections_are_all_served_at_once(client: Client, upstream: Upstream) -> None:
    at_once = 6 * MAX_CONNECTIONS
    everybody = threading.Barrier(at_once)

    def behave(talk: Talk) -> None:
        talk.hear_head()
        everybody.wait(PATIENCE_S)
        talk.answer("hello")
        while talk.hear_head():
            talk.answer("hello")

    upstream.behave = behave
    with ThreadPoolExecutor(at_once) as pool:
        assert [answer.text for answer in pool.map(lambda _: client.get(), range(at_once))] == ["hello"] * at_once
    assert client.get().text == "hello"
    assert len(upstream.talks) == at_once


def test_a_slow_page_does_not_hold_up_its_neighbour(client: Client, upstream: Upstream) -> None:
    neighbour_has_answered, slow = threading.Event(), 3 * MAX_CONNECTIONS
    all_wait = threading.Semaphore(0)

    def behave(talk: Talk) -> None:
        if talk.hear_head().target == "/page/":
            all_wait.release()
            assert neighbour_has_answered.wait(PATIENCE_S)
        talk.answer("hello")

    upstream.behave = behave
    with ThreadPoolExecutor(slow) as pool:
        answers = [pool.submit(client.get) for _ in range(slow)]
        assert all(all_wait.acquire(timeout=PATIENCE_S) for _ in range(slow))
        assert client.get("/neighbour/").text == "hello"
        neighbour_has_answered.set()
        assert [answer.result().text for answer in answers] == ["hello"] * slow


def test_a_connection_that_is_refused_is_tried_once_more(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts = []

    def refuse_at_first(*arguments: Any, **options: Any) -> socket.socket:
        attempts.append(arguments)
        if len(attempts) == 1:
            raise ConnectionRefusedError
        return create_connection(*arguments, **options)

    monkeypatch.setattr("urllib3.util.connection.create_connection", refuse_at_first)
    environ = EnvironBuilder(path="/page/", method="POST", data=b"body").get_environ()
    body, status, _ = run_wsgi_app(remote_mount(upstream.address), environ)
    assert (status, b"".join(body)) == ("200 OK", b"body")
    assert (len(attempts), len(upstream.heads)) == (2, 1)


def hangs_up_on_the_second_request(talk: Talk) -> None:
    """Behave as a page that closes an idle connection just as the gateway writes to it."""
    talk.hear_body(talk.hear_head())
    talk.answer("hello")
    talk.hear_head()


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_a_safe_request_is_sent_again_when_its_connection_was_stale(
    client: Client, upstream: Upstream, method: str
) -> None:
    upstream.behave = hangs_up_on_the_second_request
    assert client.get().text == "hello"
    with client.answer(method) as answer:
        assert answer.status == 200
    assert [head.method for head in upstream.heads] == ["GET", method, method]
    assert len(upstream.talks) == 2


def test_a_safe_request_is_not_sent_a_third_time(client: Client, upstream: Upstream) -> None:
    def behave(talk: Talk) -> None:
        if len(upstream.talks) == 1:
            hangs_up_on_the_second_request(talk)
        else:
            talk.hear_head()

    upstream.behave = behave
    assert client.get().text == "hello"
    assert client.get().status_code == 502
    assert len(upstream.heads) == 3


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("body", [b"body", b""])
def test_a_request_that_may_have_an_effect_is_never_sent_twice(
    client: Client, upstream: Upstream, method: str, body: bytes
) -> None:
    upstream.behave = hangs_up_on_the_second_request
    assert client.get().text == "hello"
    with client.connection() as connection:
        connection.request(method, "/page/", body or None)
        assert connection.getresponse().status == 502
    assert [head.method for head in upstream.heads] == ["GET", method]


def test_a_safe_request_with_a_body_is_not_sent_twice(client: Client, upstream: Upstream) -> None:
    upstream.behave = hangs_up_on_the_second_request
    assert client.get().text == "hello"
    with client.connection() as connection:
        connection.request("GET", "/page/", b"body")
        assert connection.getresponse().status == 502
    assert [head.method for head in upstream.heads] == ["GET", "GET"]


def test_a_connection_that_the_page_closed_meanwhile_is_not_used(client: Client, upstream: Upstream) -> None:
    for _ in range(5):
        upstream.behave = says("HTTP/1.1 200 OK\nContent-Length: 5\n\nhello")
        assert client.get().text == "hello"
        upstream.end_talks()
        upstream.reset()
        assert client.post(b"body").text == "body"
        assert [head.method for head in upstream.heads] == ["POST"]


def test_a_connection_with_something_left_on_it_is_not_used(client: Client, upstream: Upstream) -> None:
    answer_has_arrived, has_said_more = threading.Event(), threading.Event()

    def behave(talk: Talk) -> None:
        talk.hear_head()
        talk.answer("hello")
        assert answer_has_arrived.wait(PATIENCE_S)
        talk.answer("nobody asked for this")
        has_said_more.set()
        talk.hear_until_hung_up()

    upstream.behave = behave
    assert client.get().text == "hello"
    answer_has_arrived.set()
    assert has_said_more.wait(PATIENCE_S)
    assert client.get().text == "hello"
    assert len(upstream.talks) == 2
