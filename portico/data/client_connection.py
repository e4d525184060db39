"""The connection of the client who asks, where the server tells: gunicorn does. It shows when nobody waits any more."""

import select
import socket
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MILLISECONDS = 1000
HALF_CLOSED_WITHIN_S = 1  # after a request: a client that half-closes does it at once
GONE = select.POLLERR | select.POLLHUP  # a reset, or both halves closed
# tcpi_bytes_acked and tcpi_notsent_bytes of https://github.com/torvalds/linux/blob/v6.12/include/uapi/linux/tcp.h#L229
TCP_INFO = struct.Struct("=120xQ16xI")


def client_socket(environ: "WSGIEnvironment") -> socket.socket | None:
    """The socket on which a request came in; None where the server does not say."""
    found = environ.get("gunicorn.socket")
    return found if isinstance(found, socket.socket) else None


def has_left(client: socket.socket) -> bool:
    """Return True if a client has closed the connection."""
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


class Pace:
    """How fast a client takes what is sent to it; Linux alone tells, and elsewhere nobody is slow.

    Args:
        least: bytes a second of a client who is not slow.
        window: seconds over which these are counted.
    """

    def __init__(self, client: socket.socket, least: int, window: float) -> None:
        self._client, self._least, self._window = client, least, window
        self._since, self._taken, self._slow = time.monotonic(), 0, False

    def is_slow(self) -> bool:
        """Return True if the client was slow in the last window and had data to take all through it.

        Call it regularly: a window in which nothing waited for the client does not count.
        """
        now, (taken, waiting) = time.monotonic(), _taken_and_waiting(self._client)
        over = now - self._since
        if waiting and over < self._window:
            return self._slow
        self._slow = waiting > 0 and taken - self._taken < self._least * over
        self._since, self._taken = now, taken
        return self._slow

    def cut_if_waited_for(self) -> None:
        """End the connection if data waits for the client: otherwise the sending thread would not notice the end."""
        if _taken_and_waiting(self._client)[1]:
            with suppress(OSError, ValueError):  # it has ended
                self._client.shutdown(socket.SHUT_RDWR)


def _taken_and_waiting(client: socket.socket) -> tuple[int, int]:
    """The bytes that a client has taken so far, and those that wait for it in the system."""
    try:
        found = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO.size)
        taken, waiting = TCP_INFO.unpack(found)
    except (OSError, ValueError, AttributeError, struct.error):
        return 0, 0
    return taken, waiting


def wait_for_answer(page: socket.socket, client: socket.socket | None, timeout: float) -> bool:
    """Wait until a page has something to say; return False if the client has left before.

    A client may half-close its connection after its request and still read the answer. Until something is sent to it,
    this looks like a disconnect. Shortly after the request, an end of input therefore counts as a half-close; later it
    counts as a disconnect.

    Raises:
        TimeoutError: the page is silent for longer than the timeout (seconds).
    """
    if client is None:
        return True  # the next read waits
    poll, begun = select.poll(), time.monotonic()
    poll.register(page, select.POLLIN)
    poll.register(client, select.POLLIN)  # an end is something to be read, too
    while (left := begun + timeout - time.monotonic()) > 0:
        ready = dict(poll.poll(left * MILLISECONDS))
        if page.fileno() in ready:
            return True
        if events := ready.get(client.fileno()):
            if events & GONE:
                return False  # also with bytes left to read: the system would report this without a pause
            if has_left(client) and time.monotonic() - begun >= HALF_CLOSED_WITHIN_S:
                return False
            poll.modify(client, 0)  # it sends its next request already, or nothing more; a reset is still reported
    raise TimeoutError("the page is silent")
