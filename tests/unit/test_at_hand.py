"""One thread that answers all connections at hand, in a worker that serves over real sockets."""

import errno
import http.client
import os
import random
import selectors
import socket
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.workers.gthread import ThreadWorker

from portico import at_hand
from portico.leader_worker import LeaderWorker
from portico.turn_note import NOTE

WITHIN_S = 20  # on a busy machine
NEVER_S = 1000
SLOW_S = 2.5 * at_hand.RELIEVED_AFTER_S


class Log:
    """A log of which nobody reads but the failures."""

    def __init__(self):
        self.failures = []

    def exception(self, *said):
        self.failures.append((said, sys.exc_info()[1]))

    def __getattr__(self, _name):
        return lambda *_said, **_more: None


class Application:
    """Answers each path with itself, and knows how many answers were made at once, and by which threads.

    `/turn` takes its turn, `/waits` waits for it until it is let go, `/works` has it and works until then, `/slow` has it
    and works for a while, `/plain` takes none, and `/meets` neither, but waits for another one.
    """

    def __init__(self):
        self.go_on, self.begun, self.meeting = threading.Event(), threading.Semaphore(0), threading.Barrier(2)
        self.held = {}  # what is waited for in place of `go_on`, by path
        self.now, self.most, self.threads = 0, 0, set()
        self.waiting, self.most_waiting = lambda: 0, 0  # how many works wait for a thread

    def __call__(self, environ, start_response):
        self.now += 1
        self.most = max(self.most, self.now)
        self.most_waiting = max(self.most_waiting, self.waiting())
        self.threads.add(threading.get_ident())
        path, turn = environ["PATH_INFO"], environ[NOTE]
        if not path.startswith(("/plain", "/meets")):
            turn.asked = time.monotonic()
        if path.startswith(("/turn", "/works", "/slow")):
            turn.begun = time.monotonic()
        if path.startswith("/meets"):
            self.meeting.wait(WITHIN_S)
        if path.startswith("/slow"):
            time.sleep(SLOW_S)
        if path.startswith(("/waits", "/works")):
            self.begun.release()
            self.held.get(path, self.go_on).wait(NEVER_S)
            turn.begun = time.monotonic()
        time.sleep(0.001)  # others may come meanwhile
        self.now -= 1
        start_response("200 OK", [("Content-Length", str(len(path)))])
        return [path.encode()]


class Running:
    """A worker that serves in this process, as gunicorn's master would have it."""

    def __init__(self, threads):
        self.application, self.socket = Application(), socket.create_server(("127.0.0.1", 0))
        config = Config()
        for key, value in {"threads": threads, "keepalive": 60, "graceful_timeout": 10}.items():
            config.set(key, value)
        app = SimpleNamespace(wsgi=lambda: self.application)
        self.worker = LeaderWorker(1, os.getppid(), [self.socket], app, 30, config, Log())
        self.worker.tpool, self.worker.poller = self.worker.get_thread_pool(), selectors.DefaultSelector()
        self.application.waiting = self.worker.tpool._work_queue.qsize
        self.worker.method_queue.init()
        self.worker._at_hand = at_hand.AtHand()
        self.worker.load_wsgi()
        self.thread = threading.Thread(target=self.worker.run)

    @contextmanager
    def connection(self):
        with closing(http.client.HTTPConnection(*self.socket.getsockname(), timeout=WITHIN_S)) as opened:
            yield opened

    def stop(self):
        self.worker.handle_exit(15, None)

    def close(self):
        """End it, with all that would end with the worker's process."""
        for each in (self.application.go_on, *self.application.held.values()):
            each.set()
        self.stop()
        self.thread.join()
        self.worker.tpool.shutdown()
        for opened in (self.socket, self.worker.tmp, self.worker._at_hand._selector):
            opened.close()
        assert self.worker.log.failures == []


def ask(connection, path):
    connection.request("GET", path)
    response = connection.getresponse()
    assert response.read() == path.encode()
    return response


def ask_on(connection, paths):
    for path in paths:
        ask(connection, path)


@pytest.fixture
def run():
    """Runs a worker with so many threads."""
    with ExitStack() as running:

        def run(threads=8):
            started = Running(threads)
            started.thread.start()
            running.callback(started.close)
            return started

        yield run


def at_once(*works):
    """Do all at the same time; what fails in one of them is raised."""
    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(work) for work in works]:
            done.result()


@pytest.fixture
def leads_for_ever(monkeypatch):
    """A leader leads for as long as this fixture's block; it ends by itself when it is asked after that."""

    @contextmanager
    def leads_for_ever(**other):
        with monkeypatch.context() as within:
            for name in ("WAITS_S", "RELIEVED_AFTER_S", "LONGEST_QUEUE_S", "IDLE_S"):
                within.setattr(at_hand, name, other.get(name, NEVER_S))
            yield

    return leads_for_ever


def test_what_takes_turns_is_answered_by_one_thread_for_all_connections(run, leads_for_ever):
    running = run()
    with ExitStack() as opened:
        connections = [opened.enter_context(running.connection()) for _ in range(16)]
        with leads_for_ever():
            for connection in connections:
                ask(connection, "/turn")
            application = running.application
            application.threads.clear()
            application.most = 0
            at_once(*(partial(ask_on, each, ["/turn"] * 30) for each in connections))
            assert len(application.threads) == 1
            assert application.most == 1
        ask(connections[0], "/turn")


def test_what_takes_none_is_answered_side_by_side(run):
    running = run()
    with running.connection() as one, running.connection() as other:
        at_once(*(partial(ask_on, each, ["/plain", "/meets", "/meets"]) for each in (one, other)))


@pytest.mark.parametrize(("how", "real"), [("/works", "RELIEVED_AFTER_S"), ("/waits", "LONGEST_QUEUE_S")])
def test_answer_that_takes_long_keeps_no_other_connection_waiting(run, leads_for_ever, how, real):
    running = run()
    with ExitStack() as opened:
        slow, *others = [opened.enter_context(running.connection()) for _ in range(5)]
        with leads_for_ever(**{real: getattr(at_hand, real)}):
            for connection in (slow, *others):
                ask(connection, "/turn")
            slow.request("GET", how)
            assert running.application.begun.acquire(timeout=WITHIN_S)
            for connection in others:
                ask(connection, "/turn")
        for connection in others * 3:
            ask(connection, "/turn")
        running.application.go_on.set()
        assert slow.getresponse().read() == how.encode()
        ask(slow, "/turn")


@pytest.mark.parametrize("threads", [2, 4])
def test_one_thread_at_most_is_called_to_lead_though_all_others_work(run, threads):
    running = run(threads)
    with ExitStack() as opened:
        connections = [opened.enter_context(running.connection()) for _ in range(threads + 2)]
        working, asking = connections[: threads - 1], connections[threads - 1 :]
        for connection in working:
            connection.request("GET", "/works")
            assert running.application.begun.acquire(timeout=WITHIN_S)
        at_once(*(partial(ask_on, each, ["/slow"] * 10) for each in asking))
        assert running.application.most_waiting <= 1 + len(asking)
        running.application.go_on.set()
        for connection in working:
            assert connection.getresponse().read() == b"/works"


def test_thread_that_was_called_and_relieved_wakes_the_main_thread_for_what_it_leaves(run, leads_for_ever, monkeypatch):
    waits, waited = ThreadWorker.wait_for_and_dispatch_events, []

    def wait(worker, timeout):
        waited.append(timeout)
        waits(worker, timeout if timeout < 1 else NEVER_S)  # after a second it would look by chance

    monkeypatch.setattr(ThreadWorker, "wait_for_and_dispatch_events", wait)
    running = run()
    held = running.application.held
    with ExitStack() as opened:
        connections = [opened.enter_context(running.connection()) for _ in range(3)]
        with leads_for_ever(RELIEVED_AFTER_S=at_hand.RELIEVED_AFTER_S):
            ask_all = [partial(ask, each, "/turn") for each in connections]
            for asked in ask_all:
                asked()
            for number, connection in enumerate(connections):  # each but the last leader is relieved for the next
                held[f"/works/{number}"] = threading.Event()
                connection.request("GET", f"/works/{number}")
                assert running.application.begun.acquire(timeout=WITHIN_S)
            until(lambda: waited[-1] == 1)  # nobody is at hand
            held["/works/1"].set()
            assert connections[1].getresponse().read() == b"/works/1"
            ask_all[1]()
        for number in (0, 2):
            held[f"/works/{number}"].set()
            assert connections[number].getresponse().read() == f"/works/{number}".encode()
        for asked in ask_all:
            asked()


def test_who_is_new_finds_a_thread_though_one_answers_without_a_pause_and_all_others_work(run):
    running = run(threads=2)
    with running.connection() as slow, running.connection() as new, ExitStack() as opened:
        slow.request("GET", "/works")
        assert running.application.begun.acquire(timeout=WITHIN_S)
        busy = [opened.enter_context(running.connection()) for _ in range(3)]
        answered = threading.Event()

        def go_on_asking(connection):
            while not answered.is_set():
                ask(connection, "/turn")

        def come():
            time.sleep(0.05)  # the others are at it by then, most likely
            try:
                ask(new, "/plain")
            finally:
                answered.set()

        at_once(come, *(partial(go_on_asking, each) for each in busy))
        running.application.go_on.set()
        assert slow.getresponse().read() == b"/works"


def test_the_only_thread_leads_nobody(run, leads_for_ever):
    running = run(threads=1)
    with running.connection() as one, running.connection() as other, leads_for_ever():
        for _ in range(3):
            ask(one, "/turn")
            ask(other, "/turn")


@pytest.mark.parametrize("takes_long", [False, True])
def test_worker_that_stops_answers_who_is_at_hand_and_ends(run, takes_long):
    running = run()
    with running.connection() as slow, running.connection() as other:
        for connection in (slow, other):
            ask(connection, "/turn")
        if takes_long:
            slow.request("GET", "/works")
            assert running.application.begun.acquire(timeout=WITHIN_S)
        running.stop()
        assert ask(other, "/turn").headers["Connection"] == "close"
        running.application.go_on.set()
        if takes_long:
            assert slow.getresponse().read() == b"/works"
        running.thread.join(WITHIN_S)
        assert not running.thread.is_alive()


def until(happened):
    deadline = time.monotonic() + WITHIN_S
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_connection_at_hand_that_is_closed_is_forgotten(run):
    running = run()
    with running.connection() as stays:
        ask(stays, "/turn")
        with running.connection() as leaves:
            ask(leaves, "/turn")
            assert running.worker.nr_conns == 2
        until(lambda: running.worker.nr_conns == 1)
        ask(stays, "/turn")


def test_connection_that_asks_nothing_goes_back_to_the_main_thread(run, leads_for_ever):
    running = run()
    with running.connection() as idle, running.connection() as busy:
        with leads_for_ever(IDLE_S=0):
            ask(idle, "/turn")
            until(lambda: not ask(busy, "/turn").will_close and running.worker.keepalived_conns)
        ask(busy, "/turn")
        ask(idle, "/turn")


def test_leader_that_waits_for_its_turn_for_long_leaves_all_to_the_main_thread(run, leads_for_ever):
    running = run()
    with running.connection() as waits, running.connection() as other:
        with leads_for_ever(LONGEST_QUEUE_S=0):
            for connection in (waits, other):
                ask(connection, "/turn")
            waits.request("GET", "/waits")
            until(lambda: len(running.worker.keepalived_conns) == 1)
            ask(other, "/plain")
        running.application.go_on.set()
        assert waits.getresponse().read() == b"/waits"
        ask(waits, "/turn")


def test_leader_that_nobody_asks_leads_no_longer(run):
    running = run()
    with running.connection() as one, running.connection() as other:
        for connection in (one, other):
            ask(connection, "/turn")
        until(lambda: len(running.worker.keepalived_conns) == 2)
        assert not running.worker._at_hand
        ask(one, "/turn")


def test_connection_that_cannot_be_at_hand_is_closed_and_no_other_is(run, monkeypatch):
    running = run()
    with running.connection() as one, running.connection() as other:
        for connection in (one, other):
            ask(connection, "/turn")
        until(lambda: len(running.worker._at_hand._since) + len(running.worker.keepalived_conns) == 2)
        add = at_hand.AtHand.add

        def full_once(*arguments):
            monkeypatch.setattr(at_hand.AtHand, "add", add)
            raise OSError(errno.ENOSPC, "too many files are waited for")

        monkeypatch.setattr(at_hand.AtHand, "add", full_once)
        ask(one, "/turn")
        until(lambda: running.worker.nr_conns == 1)
        for _ in range(3):
            ask(other, "/turn")


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_whatever_is_asked_by_whomever_each_gets_the_answers_to_their_own(run, threads):
    running = run(threads)
    running.application.go_on.set()
    chance = random.Random(threads)

    def visit(paths):
        with running.connection() as connection:
            ask_on(connection, [f"{path}/{id(paths)}/{number}" for number, path in enumerate(paths)])

    kinds = ["/turn", "/turn", "/turn", "/plain", "/works", "/waits"]
    visitors = [chance.choices(kinds, k=60) for _ in range(24)]
    at_once(*(partial(visit, paths) for paths in visitors))
    until(lambda: running.worker.nr_conns == 0)
