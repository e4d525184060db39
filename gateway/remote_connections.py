"""Connections to a remote page: kept alive between requests, and careful about what they send and take."""

import http.client
import weakref
from email.errors import MissingHeaderBodySeparatorDefect
from queue import Empty, Full, LifoQueue
from typing import Any
from urllib.parse import urlsplit

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError
from urllib3.util.wait import wait_for_socket, wait_for_write

INTERIM_STATUS = range(100, 200)


class Connections:
    """The connections of one remote mount.

    Not urllib3's own pool: `HTTPConnectionPool.urlopen` rewrites the target (`%7e` to `%7E`, `|` to `%7C`),
    sends under the connect time-out, does not say whether a connection was fresh or a kept one that the
    page may have closed, and warns in the log of every connection beyond its size. There is no upper
    bound: a request beyond `max_idle` gets a connection for itself, since waiting for another request's
    connection is how one slow answer holds up the others.
    """

    def __init__(self, address: str, connect_timeout: float, max_idle: int) -> None:
        parts = urlsplit(address)
        self._connection_class = HTTPSConnection if parts.scheme == "https" else PlainConnection
        self._host, self._port = parts.hostname or "", parts.port
        self._connect_timeout = connect_timeout
        # Last in, first out: what is not needed falls idle and is closed by the page.
        self._idle: LifoQueue[HTTPConnection] = LifoQueue(max_idle)
        weakref.finalize(self, _close_all, self._idle)

    def idle(self) -> HTTPConnection | None:
        """Take a connection that was kept and that the page has not closed meanwhile, if there is one."""
        while True:
            try:
                connection = self._idle.get_nowait()
            except Empty:
                return None
            if connection.is_connected:
                return connection
            connection.close()

    def fresh(self) -> HTTPConnection:
        """Open a connection, and try twice if that fails at once: nothing has been sent yet.

        Raises:
            OSError, HTTPError: no connection, or the page's certificate is not to be trusted.
        """
        try:
            return self._open()
        except NewConnectionError:
            return self._open()

    def _open(self) -> HTTPConnection:
        connection = self._connection_class(self._host, self._port, timeout=self._connect_timeout)
        connection.response_class = FinalResponse
        try:
            connection.connect()
        except BaseException:
            connection.close()
            raise
        return connection

    def keep(self, connection: HTTPConnection) -> None:
        """Keep a connection for a later request, unless it is closed or enough are kept."""
        if connection.is_closed:
            return
        try:
            self._idle.put_nowait(connection)
        except Full:
            connection.close()


def _close_all(connections: LifoQueue[HTTPConnection]) -> None:
    while not connections.empty():
        connections.get_nowait().close()


class AnsweredEarlyError(Exception):
    """The page has answered and takes no more of the request."""


class PlainConnection(HTTPConnection):
    """A connection that stops sending to a page which answers instead of reading.

    Not for TLS: there a session ticket makes a socket readable while no answer is there.
    """

    def send(self, data: Any) -> None:
        """Send bytes, as `http.client` does, while the page takes them.

        Raises:
            AnsweredEarlyError: the page takes no more and has something to say.
            TimeoutError: it takes no more and is silent.
        """
        rest = memoryview(data)
        while rest:
            self._wait_until_it_takes_more()
            rest = rest[self.sock.send(rest) :]

    def _wait_until_it_takes_more(self) -> None:
        if wait_for_write(self.sock, 0):
            return
        if not wait_for_socket(self.sock, read=True, write=True, timeout=self.timeout):
            raise TimeoutError("the page does not take the request")
        if not wait_for_write(self.sock, 0):
            raise AnsweredEarlyError


class FinalResponse(http.client.HTTPResponse):
    """An answer that is final: `http.client` skips 100 Continue, and takes 103 Early Hints for the answer."""

    def begin(self) -> None:
        """Read head after head until one is final; a 101 is, and nobody asked for it.

        Raises:
            HTTPException: a line is no header; all after it would be missing, the length perhaps.
        """
        super().begin()
        while self.status in INTERIM_STATUS and self.status != http.client.SWITCHING_PROTOCOLS:
            self.headers = None  # type: ignore[assignment]  # how begin() knows that it has work to do
            super().begin()
        if any(isinstance(defect, MissingHeaderBodySeparatorDefect) for defect in self.headers.defects):
            raise http.client.HTTPException("a line in the head is no header")
