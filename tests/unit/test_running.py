"""Queries under way: stopped when their time is over or their reader has left, a few at once, also after a fork."""

import contextlib
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import duckdb
import pytest
from flask import Flask

from portico.data import client_connection
from portico.data import scheduler as running
from portico.data.engines.duckdb.duckdb_engine import DuckDBEngine
from portico.data.errors import Busy, Cancelled, TookTooLong
from portico.data.scheduler import Patience, Watch, with_patience
from portico.data.slots import Turns
from tests.processes import ROOT

ENDLESS = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = -1"
SOON_S = 6  # far less than the endless query, far more than a look

AFTER_A_FORK = """
import os, signal
from portico.data.engines.duckdb.duckdb_engine import DuckDBEngine
from portico.data.errors import TookTooLong
from portico.data.scheduler import Watch
signal.alarm(20)  # ends either of the two
engine = DuckDBEngine([], Watch(0.2, 2), "128MB")
def stopped():
    try:
        engine.rows("SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = -1")
    except TookTooLong:
        return True
assert stopped()
child = os.fork()
assert stopped() and engine.rows("SELECT 1") == [(1,)]
if child:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


def engine(seconds=0.2, at_once=4):
    return DuckDBEngine([], Watch(seconds, at_once), "128MB")


@pytest.fixture
def reader():
    """A request whose reader's end of the connection is what the test gets."""
    ours, theirs = socket.socketpair()
    with ours, theirs, Flask("test").test_request_context(environ_overrides={"gunicorn.socket": ours}):
        yield theirs


def test_query_is_stopped_when_its_time_is_over():
    begun = time.monotonic()
    asked = engine()
    with pytest.raises(
        TookTooLong,
        match=r"longer than 0\.2 seconds .* Whoever runs this site can allow more \(PORTICO_QUERY_SECONDS\)\.",
    ):
        asked.rows(ENDLESS)
    assert time.monotonic() - begun < SOON_S
    assert asked.rows("SELECT 1") == [(1,)]


def test_download_that_is_left_ends_its_query():
    asked = engine(seconds=20, at_once=1)
    rows = asked.batches("FROM range(1000000000)")
    assert next(rows)[0] == (0,)
    rows.close()
    assert asked.rows("SELECT 1") == [(1,)]


def test_download_has_more_time_and_ends_too():
    begun = time.monotonic()
    with pytest.raises(TookTooLong, match="longer than 1 seconds"):
        list(engine(seconds=0.1).batches(ENDLESS))
    assert 0.9 < time.monotonic() - begun < SOON_S


def test_downloads_keep_no_query_waiting():
    asked = engine(seconds=5, at_once=1)
    downloads = [asked.batches("FROM range(1000000000)") for _ in range(2)]
    assert [next(rows)[0] for rows in downloads] == [(0,), (0,)]
    assert asked.rows("SELECT 1") == [(1,)]
    for rows in downloads:
        rows.close()


def test_download_beyond_those_at_once_waits_shortly(monkeypatch):
    monkeypatch.setattr(running, "DOWNLOAD_WAITS_S", 0.1)
    watch, release = Watch(60, 4).for_downloads(), threading.Event()
    with ThreadPoolExecutor(2) as threads:
        holding_a_turn(threads, watch, release)
        holding_a_turn(threads, watch, release)
        with pytest.raises(Busy), watch.running(lambda: None):
            pass
        release.set()


@pytest.fixture
def slow_reader():
    """A request on a connection of TCP whose other end is full: nothing is taken of what is sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as theirs:
        ours, _ = listener.accept()
        with ours, Flask("test").test_request_context(environ_overrides={"gunicorn.socket": ours}):
            yield ours, theirs


def fill(connection):
    connection.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while connection.send(b"x" * 2**20):
            pass
    connection.setblocking(True)


def test_slow_download_gives_way_to_one_that_waits(monkeypatch, slow_reader):
    monkeypatch.setattr(running, "SLOW_FOR_S", 0.1)
    watch, (ours, _theirs) = Watch(60, 4).for_downloads(), slow_reader
    fill(ours)
    stopped, waiting = threading.Event(), threading.Event()

    def wait_for_a_turn():
        with watch.running(lambda: None):
            waiting.set()

    with ThreadPoolExecutor(2) as threads, watch.running(stopped.set):
        release = threading.Event()
        threads.submit(hold_a_turn, watch, release)
        assert not stopped.wait(0.5)  # nobody waits
        asking = threads.submit(wait_for_a_turn)
        assert stopped.wait(SOON_S)
        with pytest.raises(BrokenPipeError):
            ours.sendall(b"x" * 2**20)  # which would wait for the reader
        release.set()
        asking.result()


def test_download_that_is_taken_or_has_nothing_to_take_keeps_its_turn(monkeypatch, slow_reader):
    monkeypatch.setattr(running, "SLOW_FOR_S", 0.1)
    monkeypatch.setattr(running, "DOWNLOAD_WAITS_S", 60)
    now, looked = 0.0, threading.Event()

    def look() -> float:
        looked.set()
        return now

    # What was taken by then decides, and not how busy the machine is.
    monkeypatch.setattr(client_connection, "time", SimpleNamespace(monotonic=look))
    watch, (ours, theirs) = Watch(60, 4).for_downloads(), slow_reader
    stopped, release = threading.Event(), threading.Event()
    with ThreadPoolExecutor(2) as threads, watch.running(stopped.set):
        threads.submit(hold_a_turn, watch, release)
        asking = threads.submit(hold_a_turn, watch, release)
        for sent in [b""] * 5 + [b"x" * 2**20] * 20:
            ours.sendall(sent)
            now += 0.2
            looked.clear()
            assert looked.wait(SOON_S)
            assert not stopped.wait(0.02)
            for _ in range(len(sent) // 2**16):
                theirs.recv(2**16, socket.MSG_WAITALL)
        release.set()
    asking.result()


def test_download_whose_time_is_over_is_cut_where_its_reader_takes_nothing(monkeypatch, slow_reader):
    monkeypatch.setattr(running, "DOWNLOAD_LONGER", 1)
    watch, (ours, _theirs) = Watch(0.2, 4).for_downloads(), slow_reader
    fill(ours)
    stopped = threading.Event()
    with watch.running(stopped.set):
        assert stopped.wait(SOON_S)
        with pytest.raises(BrokenPipeError):
            ours.sendall(b"x" * 2**20)


def hold_a_turn(watch, release, has_it=None):
    with watch.running(lambda: None):
        if has_it:
            has_it.set()
        release.wait(20)


def holding_a_turn(threads, watch, release):
    """Let a thread hold a turn, and return once it has it."""
    has_it = threading.Event()
    threads.submit(hold_a_turn, watch, release, has_it)
    assert has_it.wait(SOON_S)


def test_query_of_a_reader_who_left_is_stopped(reader):
    threading.Timer(0.2, reader.close).start()
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        engine(seconds=60).rows(ENDLESS)
    assert time.monotonic() - begun < SOON_S


def test_query_of_a_reader_who_stays_is_answered(reader):
    reader.send(b"GET /next HTTP/1.1\r\n")  # a browser may ask for more on the same connection
    assert engine().rows("SELECT 1") == [(1,)]


def test_queries_wait_for_their_turn():
    asked, most, now = engine(seconds=20, at_once=2), [], set()
    watch = Watch(20, 2)

    def ask(number):
        with watch.running(lambda: None):
            now.add(number)
            most.append(len(now))
            time.sleep(0.02)
            now.discard(number)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(20)))
    assert max(most) == 2
    assert asked.rows("SELECT 1") == [(1,)]


def test_query_that_waits_too_long_for_its_turn_is_refused():
    watch, release = Watch(0.1, 1), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        holding_a_turn(threads, watch, release)
        with pytest.raises(Busy), watch.running(lambda: None):
            pass
        release.set()


def test_reader_who_leaves_while_waiting_is_noticed(reader):
    watch, release = Watch(60, 1), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        holding_a_turn(threads, watch, release)
        reader.close()
        with pytest.raises(Cancelled), watch.running(lambda: None):
            pass
        release.set()


def test_error_of_a_query_that_was_not_stopped_is_its_own():
    with pytest.raises(duckdb.ConversionException):
        engine().rows("SELECT 'x'::INTEGER")


def test_queries_are_stopped_after_a_fork():
    subprocess.run([sys.executable, "-c", AFTER_A_FORK], cwd=ROOT, check=True)


def test_queries_of_one_turn_share_its_time():
    watch, stopped = Watch(seconds=0.5, at_once=1), threading.Event()

    def ask_five():
        with watch.turn():
            for _ in range(5):
                with watch.running(stopped.set):
                    assert not stopped.wait(0.2), "stopped"

    with pytest.raises(TookTooLong):
        ask_five()


def test_wait_for_a_lock_ends_with_the_turn():
    watch, lock = Watch(0.2, 1), threading.Lock()
    with lock, pytest.raises(TookTooLong), watch.turn(), watch.holding(lock):
        pass
    with watch.turn(), watch.holding(lock):
        assert lock.locked()
    assert not lock.locked()


def test_wait_for_a_lock_ends_with_the_patience_of_a_first_paint():
    watch, lock, begun = Watch(20, 1), threading.Lock(), time.monotonic()
    with lock, with_patience(Patience(query=0.2)), pytest.raises(TookTooLong), watch.turn(), watch.holding(lock):
        pass
    assert time.monotonic() - begun < SOON_S


@pytest.mark.parametrize("limits", [(0.2, 20), (20, 0.2)], ids=["around", "inside"])
def test_smaller_of_two_patiences_counts(limits):
    around, inside = (with_patience(Patience(query=each)) for each in limits)
    with around, inside, pytest.raises(TookTooLong, match=r"longer than 0\.2 seconds"):
        engine(seconds=20).rows(ENDLESS)


def test_reader_who_leaves_while_waiting_for_a_lock_is_noticed(reader):
    watch, lock = Watch(60, 1), threading.Lock()
    reader.close()
    with lock, pytest.raises(Cancelled), watch.holding(lock):
        pass


def test_turns_are_given_in_the_order_in_which_they_were_asked_for():
    turns, order, waiting = Turns(1), [], []
    turns.take(lambda: None)
    for number in range(5):
        waiting.append(threading.Thread(target=lambda number=number: (turns.take(lambda: None), order.append(number))))
        waiting[-1].start()
        while len(turns._waiting) < number + 1:
            time.sleep(0.001)
    for number in range(5):
        turns.give_back()
        waiting[number].join()
    assert order == [0, 1, 2, 3, 4]


def test_one_who_gives_up_leaves_the_queue():
    turns = Turns(1)
    turns.take(lambda: None)
    with pytest.raises(Busy):
        turns.take(raise_busy)
    turns.give_back()
    turns.take(raise_busy)  # at once, for the turn is free


def raise_busy():
    raise Busy("no more")


def wait_for_waiting(turns, number):
    while len(turns._waiting) < number:
        time.sleep(0.001)


def asking(turns, order, name):
    """A thread that takes a turn and says so."""

    def take():
        turns.take(lambda: None)
        order.append(name)

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    return thread


def test_one_who_has_a_turn_is_left_alone_though_there_are_more():
    turns, order = Turns(4, alone=3600), []
    turns.take(lambda: None)
    first = asking(turns, order, "first")
    wait_for_waiting(turns, 1)
    second = asking(turns, order, "second")
    wait_for_waiting(turns, 2)
    turns.give_back()
    first.join(timeout=10)
    assert order == ["first"]
    turns.give_back()
    second.join(timeout=10)
    assert order == ["first", "second"]
    turns.give_back()
    turns.take(lambda: None)  # nobody has one


def test_others_join_one_whose_time_alone_is_over_as_many_as_may():
    turns, order = Turns(2, alone=0.01), []
    turns.take(lambda: None)
    asking(turns, order, "beside").join(timeout=10)
    assert order == ["beside"]
    last = asking(turns, order, "last")
    wait_for_waiting(turns, 1)
    last.join(timeout=0.1)
    assert order == ["beside"]
    turns.give_back()
    last.join(timeout=10)
    assert order == ["beside", "last"]


def test_turns_are_one_after_another_again_once_those_who_took_long_are_done():
    turns, order = Turns(3, alone=0.01), []
    turns.take(lambda: None)
    asking(turns, order, "beside").join(timeout=10)  # the first takes long
    turns._alone = 3600
    asking(turns, order, "next")
    wait_for_waiting(turns, 1)
    turns.give_back()
    assert order == ["beside"]
    last = asking(turns, order, "last")
    wait_for_waiting(turns, 2)
    turns.give_back()
    while "next" not in order:
        time.sleep(0.001)
    assert order == ["beside", "next"]
    turns.give_back()
    last.join(timeout=10)
    assert order == ["beside", "next", "last"]


def test_one_who_gives_up_beside_one_who_is_alone_leaves_the_queue():
    turns = Turns(2, alone=0.01)
    turns.take(lambda: None)
    turns.take(lambda: None)
    with pytest.raises(Busy):
        turns.take(raise_busy)
    assert not turns.are_waited_for()
    turns.give_back()
    turns.take(raise_busy)
