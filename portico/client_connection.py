"""The connection of the client who asks, where the server tells: gunicorn does. It shows when nobody waits any more."""

import select
import socket
import struct
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MILLISECONDS = 1000


def client_socket(environ: "WSGIEnvironment") -> socket.socket | None:
    """The socket on which a request came in; None where the server does not say."""
    found = environ.get("gunicorn.socket")
    return found if isinstance(found, socket.socket) else None


def has_left(client: socket.socket) -> bool:
    """Say whether a client has closed the connection."""
    try:
        return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False  # nothing more was sent, as is usual while an answer is waited for
    except (OSError, ValueError):
        return True


def give_up_on_silence(client: socket.socket, seconds: int) -> None:
    """Let sending fail once a client has taken nothing for so long; a slow one that takes some is waited for.

    The time-out is the system's (SO_SNDTIMEO, https://man7.org/linux/man-pages/man7/socket.7.html), for each time
    that something is taken: one of Python's would be for all of what is sent at once.
    """
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", seconds, 0))


def wait_for_answer(page: socket.socket, client: socket.socket | None, timeout: float) -> bool:
    """Wait until a page has something to say; return False if the client has left before.

    Raises:
        TimeoutError: the page is silent for longer than the timeout (seconds).
    """
    if client is None:
        return True  # whoever reads next waits
    poll, until = select.poll(), time.monotonic() + timeout
    poll.register(page, select.POLLIN)
    poll.register(client, select.POLLIN | select.POLLRDHUP)
    while (left := until - time.monotonic()) > 0:
        ready = {number for number, _ in poll.poll(left * MILLISECONDS)}
        if page.fileno() in ready:
            return True
        if client.fileno() in ready:
            if has_left(client):
                return False
            poll.unregister(client)  # it sends its next request already
    raise TimeoutError("the page is silent")
