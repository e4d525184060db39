"""The client's connection: what ends a wait for a page."""

import select
import socket
import struct
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from portico.data.client_connection import wait_for_answer

TIMEOUT_S = 5
LINUX, OTHERS = "Linux", "others"


@pytest.fixture(params=[LINUX, OTHERS])
def connections(request, monkeypatch) -> Iterator[list[socket.socket]]:
    """A gateway's connections to a page and to a client, and the other ends of both; macOS has no POLLRDHUP."""
    if request.param == OTHERS:
        monkeypatch.delattr(select, "POLLRDHUP", raising=False)
    (page, to_page), (client, to_client) = socket.socketpair(), socket.socketpair()
    with ExitStack() as opened:
        yield [opened.enter_context(closing(each)) for each in (to_page, to_client, page, client)]


def test_answer_of_the_page_ends_the_wait(connections):
    to_page, to_client, page, _ = connections
    page.send(b"HTTP/1.1 200 OK")
    assert wait_for_answer(to_page, to_client, TIMEOUT_S) is True


def test_client_who_leaves_ends_the_wait(connections):
    to_page, to_client, _, client = connections
    client.close()
    assert wait_for_answer(to_page, to_client, TIMEOUT_S) is False


def test_client_who_sends_more_is_still_there(connections):
    to_page, to_client, page, client = connections
    client.send(b"GET / HTTP/1.1")
    with pytest.raises(TimeoutError):
        wait_for_answer(to_page, to_client, timeout=0.05)
    page.send(b"HTTP/1.1 200 OK")
    assert wait_for_answer(to_page, to_client, TIMEOUT_S) is True


def test_client_who_resets_the_connection_behind_a_second_request_has_left():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        to_client, _ = listener.accept()
    page, to_page = socket.socketpair()
    with closing(page), closing(to_page), closing(to_client):
        client.send(b"GET / HTTP/1.1")
        assert to_client.recv(1, socket.MSG_PEEK) == b"G"
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close with a reset
        client.close()
        assert wait_for_answer(to_page, to_client, TIMEOUT_S) is False
