"""Which replicas discovery names: real sockets on addresses of loopback, and what the engine's DNS says made up."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import pytest

from gateway.discovery import checks
from gateway.discovery.checks import Replica, State, check
from gateway.discovery.replicas import Replicas, best, look_up
from portico.config.registry import parse_registry
from tests.processes import free_port

PAGE = parse_registry({"site": {"title": "Small"}, "page": [{"name": "chart"}]}).page("chart")
FIRST, SECOND, THIRD = (f"127.0.0.{number}" for number in (2, 3, 4))
LOOKS = 0.01
WITHIN_S = 20


class Town:
    """Replicas on addresses of loopback, all on one port."""

    def __init__(self) -> None:
        self.port = free_port()
        self.named: list[str] | None = []
        self.checks = 0
        self._over = Event()

    @contextmanager
    def replica(self, address: str, status=200, silent: bool = False, **said) -> Iterator[None]:
        town, over, answer = self, self._over, json.dumps({"page": "chart", "ready": True} | said).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                town.checks += 1
                if silent:
                    over.wait()
                self.send_response(status if self.path == "/chart/_status" else 404)
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer((address, self.port), Handler)
        server.daemon_threads = True
        Thread(target=server.serve_forever, kwargs={"poll_interval": LOOKS}, daemon=True).start()
        try:
            yield
        finally:
            self._over.set()
            server.shutdown()
            server.server_close()
            self._over.clear()

    async def look_up(self, _host: str) -> list[str] | None:
        return self.named

    def state(self, address: str) -> State:
        return run(check(Replica(address, self.port), PAGE))

    def replicas(self) -> Replicas:
        return Replicas(PAGE, "chart", self.port, self.look_up)


@pytest.fixture
def town() -> Town:
    return Town()


async def until_named(replicas: Replicas, *wanted: str) -> None:
    """Return once these and no other addresses are given."""
    async with asyncio.timeout(WITHIN_S):
        while list(map(str, replicas.addresses() or [])) != list(wanted):
            await asyncio.sleep(LOOKS)


async def until_checked(town: Town, more: int) -> None:
    """Return once replicas were asked so many more times."""
    goal = town.checks + more
    async with asyncio.timeout(WITHIN_S):
        while town.checks < goal:
            await asyncio.sleep(LOOKS)


def run(work):
    """What a coroutine returns; in a thread of its own, as the browser's fixtures leave a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def following(replicas: Replicas, watch) -> None:
    """Let discovery follow a page while `watch` looks at it."""

    async def watched() -> None:
        follows = asyncio.create_task(replicas.follow())
        try:
            await watch()
        finally:
            follows.cancel()
            with suppress(asyncio.CancelledError):
                await follows

    run(watched())


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({}, State.READY),
        ({"ready": False}, State.UNREADY),
        ({"ready": "true"}, State.UNREADY),
        ({"page": "other"}, State.STRANGER),
        ({"status": 404}, State.STRANGER),
        ({"status": 500}, State.FAILING),
        ({"silent": True}, State.FAILING),
    ],
)
def test_replica_is_what_its_status_says(town: Town, said, state):
    with town.replica(FIRST, **said):
        assert town.state(FIRST) is state


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1",
        b"\x15\x03\x03\x00\x02\x02F",
        b"HTTP/1.1 OK 200\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 5000,
    ],
    ids=["nothing", "one word", "TLS", "no number", "nested"],
)
def test_whoever_answers_something_else_is_failing(answer: bytes):
    async def ask() -> State:
        async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            writer.close()

        async with await asyncio.start_server(say, FIRST, 0) as server:
            return await check(Replica(*server.sockets[0].getsockname()), PAGE)

    assert run(ask()) is State.FAILING


def test_replica_that_refuses_is_failing(town: Town):
    assert town.state(FIRST) is State.FAILING


def test_nothing_is_known_before_the_names_are(town: Town):
    assert town.replicas().addresses() is None


def test_nothing_is_known_before_replicas_were_asked(town: Town):
    town.named = [FIRST]
    replicas, said = town.replicas(), set()

    async def watch() -> None:
        with town.replica(FIRST):
            async with asyncio.timeout(WITHIN_S):
                while not (addresses := replicas.addresses()):
                    said.add(addresses)
                    await asyncio.sleep(0)

    following(replicas, watch)
    assert said == {None}  # an empty answer would make nginx forget the replicas that it has


def test_only_replicas_in_the_best_state_are_given():
    states = {FIRST: State.FAILING, SECOND: State.READY, THIRD: State.UNREADY}
    assert list(best(states)) == [SECOND]
    del states[SECOND]
    assert list(best(states)) == [THIRD]
    del states[THIRD]
    assert list(best(states)) == [FIRST]
    assert list(best({FIRST: State.STRANGER})) == []


def test_replica_that_hangs_is_left_out_and_let_in_again(town: Town):
    town.named = [FIRST, SECOND]
    replicas = town.replicas()

    async def watch() -> None:
        with town.replica(SECOND):
            with town.replica(FIRST):
                await until_named(replicas, FIRST, SECOND)
            with town.replica(FIRST, silent=True):
                await until_named(replicas, SECOND)
            with town.replica(FIRST):
                await until_named(replicas, FIRST, SECOND)

    following(replicas, watch)


def test_page_whose_replicas_all_hang_keeps_them(town: Town):
    town.named = [FIRST, SECOND]
    replicas = town.replicas()

    async def watch() -> None:
        with town.replica(FIRST, silent=True), town.replica(SECOND, silent=True):
            await until_named(replicas, FIRST, SECOND)

    following(replicas, watch)


@pytest.mark.parametrize(("said", "afterwards", "state"), [(None, [FIRST], "failing"), ([], [], "gone")])
def test_replica_is_given_for_as_long_as_it_answers_while_no_name_is_known(
    town: Town, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, said, afterwards, state
):
    """And afterwards, where the name server says nothing at all."""
    monkeypatch.setattr(checks, "TIMEOUT_S", WITHIN_S)  # one answer that comes late, on a busy machine, would end it
    caplog.set_level("INFO")
    town.named = [FIRST]
    replicas = town.replicas()

    async def watch() -> None:
        with town.replica(FIRST):
            await until_named(replicas, FIRST)
            town.named = said
            await until_checked(town, more=5)
            await until_named(replicas, FIRST)
        async with asyncio.timeout(WITHIN_S):
            while f"{FIRST}: {state}" not in caplog.text:
                await asyncio.sleep(LOOKS)
        await until_named(replicas, *afterwards)

    following(replicas, watch)


def test_address_that_another_page_has_taken_over_is_not_given(town: Town):
    town.named = [FIRST, SECOND]
    replicas = town.replicas()

    async def watch() -> None:
        with town.replica(FIRST, page="other"):
            with town.replica(SECOND):
                await until_named(replicas, SECOND)
            with town.replica(SECOND, status=500):
                await until_named(replicas, SECOND)  # it fails, and is this page's still

    following(replicas, watch)


def test_addresses_of_a_name_are_looked_up():
    assert run(look_up("localhost")) == ["127.0.0.1"]
