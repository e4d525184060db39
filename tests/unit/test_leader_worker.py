"""When a thread of a worker stays with the connection that it answered, and when it takes what waits."""

import io
import socket
import threading
from contextlib import ExitStack
from queue import SimpleQueue
from types import SimpleNamespace

import pytest
from gunicorn.config import Config
from gunicorn.http.errors import InvalidChunkSize
from gunicorn.http.parser import RequestParser
from gunicorn.workers.gthread import ThreadWorker

from portico.leader_worker import LeaderWorker


class Client:
    """A kept-alive connection, and what a worker was given of it; each answer is followed by another request."""

    def __init__(self, requests=1):
        self.sock, self.other = socket.socketpair()
        self.parser = SimpleNamespace(unreader=SimpleNamespace(buf=io.BytesIO()))
        self.left = requests
        self.send()

    def send(self):
        if self.left:
            self.other.sendall(b"r")
            self.left -= 1


@pytest.fixture
def connect():
    """Makes a connection that is closed when the test is over."""
    with ExitStack() as opened:

        def connect(requests=1):
            client = Client(requests)
            for end in (client.sock, client.other):
                opened.enter_context(end)
            return client

        yield connect


@pytest.fixture
def worker(monkeypatch):
    made = object.__new__(LeaderWorker)
    made.alive = True
    made.tpool = SimpleNamespace(_work_queue=SimpleQueue())
    made._staying = threading.Semaphore(1)
    made._may_lead, made._own = True, threading.local()
    made.answered = 0

    def answer(worker, client):
        read = client.sock.recv(1)
        worker.answered += len(read)
        if read:
            client.send()
        return bool(read)

    monkeypatch.setattr(ThreadWorker, "handle", answer)
    return made


def test_requests_that_follow_at_once_are_answered_by_the_same_thread(worker, connect):
    assert worker.handle(connect(requests=5)) is True  # the connection goes back, open
    assert worker.answered == 5


def test_connection_that_was_closed_ends(worker, connect):
    client = connect()
    client.other.shutdown(socket.SHUT_WR)
    assert worker.handle(client) is False
    assert worker.answered == 1


def stops(worker, _client):
    worker.alive = False


def somebody_waits(worker, _client):
    worker.tpool._work_queue.put("a connection")


def others_stay(worker, _client):
    worker._staying.acquire()


def has_read_ahead(_worker, client):
    client.parser.unreader.buf = io.BytesIO(b"r")  # what the main thread looks for


@pytest.mark.parametrize("happens", [stops, somebody_waits, others_stay, has_read_ahead])
def test_connection_goes_back_to_the_others(worker, connect, happens):
    client = connect(requests=5)
    happens(worker, client)
    assert worker.handle(client) is True
    assert worker.answered == 1


def test_seat_of_a_thread_that_stayed_is_free_again(worker, connect):
    for _ in range(3):
        worker.handle(connect(requests=2))
    assert worker.answered == 6


def connection(head, body):
    """A connection of a client who sent a request, and who is there still."""
    client, server = socket.socketpair()
    client.sendall(head + body)
    parser = RequestParser(Config(), server, ("127.0.0.1", 1))
    next(parser)
    return client, SimpleNamespace(sock=server, parser=parser)


@pytest.mark.parametrize("taken", [0, 3, 10])
@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n", b"0123456789"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"a\r\n0123456789\r\n0\r\n\r\n"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b""),
    ],
)
def test_next_request_begins_behind_the_body_however_much_of_it_was_read(worker, head, body, taken):
    client, asked = connection(head, body)
    with client, asked.sock:
        asked.parser.mesg.body.read(taken)
        assert worker._keepalive_after(asked, True) is True
        client.sendall(b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
        assert next(asked.parser).path == "/next"


def test_connection_whose_body_broke_off_is_not_used_again(worker):
    client, asked = connection(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"zz\r\n")
    with client, asked.sock:
        with pytest.raises(InvalidChunkSize):
            asked.parser.mesg.body.read()
        assert worker._keepalive_after(asked, True) is False


def test_connection_that_is_to_end_is_not_used_again(worker):
    client, asked = connection(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"")
    with client, asked.sock:
        assert worker._keepalive_after(asked, False) is False
