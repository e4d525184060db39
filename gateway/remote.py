"""The remote mount: a WSGI application that passes requests on to a page running elsewhere."""

import http.client
import logging
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from threading import BoundedSemaphore
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from urllib3 import HTTPResponse
from urllib3.connection import HTTPConnection
from urllib3.exceptions import HTTPError, ReadTimeoutError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response
from werkzeug.wsgi import ClosingIterator, get_content_length

from gateway.hop_headers import (
    check_framing,
    has_chunked_body,
    request_headers,
    request_target,
    response_headers,
)
from gateway.remote_connections import AnsweredEarlyError, Connections
from portico.data.client_connection import client_socket, wait_for_answer
from portico.page.errors import RETRY_AFTER_S

logger = logging.getLogger(__name__)
# gunicorn's input waits for a whole block: this is how much of a slow upload is held back, at most. It also
# copies what it has read ahead at each call, so that 16 KiB would halve the throughput.
BLOCK_BYTES = 64 * 1024
ROOM_TIMEOUT_S = 3  # a page that frees no place for so long has hung; one that is only busy frees many
# What may be sent twice: https://www.rfc-editor.org/rfc/rfc9110#section-9.2.1
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

ErrorPage = Callable[[HTTPStatus, WSGIEnvironment], Response]


class NotPassedOnError(Exception):
    """A request has no answer of the page's own; `status` is what the gateway answers instead."""

    def __init__(self, status: HTTPStatus, reason: object) -> None:
        super().__init__(f"{status.value}: {reason}")
        self.status = status


class RemoteMount:
    """Pass requests on to one remote page, and its answers back, as streams.

    A mount has connections of its own and opens the first one at the first request, so it may be built
    before a server forks. It trusts the page as far as an own service: time-outs are of silence, and an
    answer that trickles in may last. Not for web sockets: an upgrade is not passed on.
    """

    def __init__(
        self,
        address: str,
        *,
        connect_timeout: float,
        read_timeout: float,
        max_in_flight: int = 32,
        max_connections: int = 32,
        error_page: ErrorPage,
    ) -> None:
        """Prepare a mount; nothing is connected yet.

        Args:
            address: scheme, host and port of the page, such as `http://barchart:8000`.
            connect_timeout: seconds that an attempt to connect may take, for each address of the host.
            read_timeout: seconds of silence after which the page is given up, in an event stream too.
            max_in_flight: how many requests may wait for the page at once. One more waits for its turn, and is
                a 503 where the page hangs, so that it does not take the threads of the others.
            max_connections: how many idle connections are kept; more requests at once are served as well.
            error_page: renders the gateway's own answer to a request; a new response at each call.
        """
        self._address = address
        self._connections = Connections(address, connect_timeout, max_connections)
        self._read_timeout = read_timeout
        self._error_page = error_page
        self._places = BoundedSemaphore(max_in_flight)
        self._has_hung = False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not self._take_place():
            return self._own_answer(HTTPStatus.SERVICE_UNAVAILABLE, environ)(environ, start_response)
        try:
            body = self._pass_on(environ, start_response)
        except BaseException:
            self._places.release()
            raise
        return ClosingIterator(body, self._places.release)

    def _take_place(self) -> bool:
        """Wait for a place in turn, but not at a page that has let others wait in vain and not answered since."""
        taken = self._places.acquire(timeout=0 if self._has_hung else ROOM_TIMEOUT_S)
        self._has_hung = self._has_hung or not taken
        return taken

    def _pass_on(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        try:
            answer = self._answer(PassedOnRequest(environ))
        except NotPassedOnError as error:
            where = f"{environ['REQUEST_METHOD']} {request_target(environ).partition('?')[0]}"
            logger.warning("%s not answered by %s: %s", where, self._address, error)
            return self._own_answer(error.status, environ)(environ, start_response)
        self._has_hung = False
        try:
            start_response(answer.status, answer.headers)
        except BaseException:
            answer.close()
            raise
        return answer

    def _own_answer(self, status: HTTPStatus, environ: WSGIEnvironment) -> Response:
        page = self._error_page(status, environ)
        page.headers["Cache-Control"] = "no-store"
        if status is HTTPStatus.SERVICE_UNAVAILABLE:
            page.headers["Retry-After"] = str(RETRY_AFTER_S)
        return page

    def _answer(self, request: "PassedOnRequest") -> "PassedOnAnswer":
        """Return the page's answer.

        Raises:
            NotPassedOnError: there is none, or none that may be passed on.
        """
        try:
            return self._exchange(request)
        except (TimeoutError, ReadTimeoutError) as error:
            raise NotPassedOnError(HTTPStatus.GATEWAY_TIMEOUT, error) from error
        except (OSError, http.client.HTTPException, HTTPError) as error:
            raise NotPassedOnError(HTTPStatus.BAD_GATEWAY, error) from error

    def _exchange(self, request: "PassedOnRequest") -> "PassedOnAnswer":
        idle = self._connections.idle()
        if idle is not None:
            try:
                return self._exchange_on(idle, request)
            except ConnectionError:
                # The page closed it just as we wrote, or it took the request and died of it: we can't tell.
                if not request.may_be_sent_twice:
                    raise
        return self._exchange_on(self._connect(), request)

    def _connect(self) -> HTTPConnection:
        try:
            return self._connections.fresh()
        except (OSError, HTTPError) as error:
            raise NotPassedOnError(HTTPStatus.SERVICE_UNAVAILABLE, error) from error

    def _exchange_on(self, connection: HTTPConnection, request: "PassedOnRequest") -> "PassedOnAnswer":
        connection.timeout = self._read_timeout
        try:
            response = request.send_on(connection)
            check_framing(response)
            # The rest of a request, or a body where none may be, would be taken for the next message.
            overfull = response.chunked and response.length_remaining == 0
            keepable = request.was_sent_whole and not overfull
            leave = self._connections.keep if keepable else HTTPConnection.close
            return PassedOnAnswer(response, connection, leave)
        except BaseException:
            connection.close()
            raise


class PassedOnRequest:
    """A client's request as the remote page gets it."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        """Take a request over.

        Raises:
            NotPassedOnError: where its body ends cannot be known, or what it is.
        """
        self._method: str = environ["REQUEST_METHOD"]
        self._target = request_target(environ)
        self._headers = request_headers(environ)
        self._input = environ["wsgi.input"]
        self._length = get_content_length(environ) or 0
        self._has_chunked_body = has_chunked_body(environ)
        self._client = client_socket(environ)
        self.was_sent_whole = False
        self._check_body(environ)

    def _check_body(self, environ: WSGIEnvironment) -> None:
        coding = environ.get("HTTP_TRANSFER_ENCODING")
        if coding and not self._has_chunked_body:
            # gunicorn takes off the chunks of `gzip, chunked`, and the rest would look like plain bytes.
            raise NotPassedOnError(HTTPStatus.NOT_IMPLEMENTED, f"Transfer-Encoding {coding!r}")
        if self._has_chunked_body and not environ.get("wsgi.input_terminated"):
            raise NotPassedOnError(HTTPStatus.LENGTH_REQUIRED, "the server cannot tell where the body ends")

    @property
    def _has_body(self) -> bool:
        return self._has_chunked_body or self._length > 0

    @property
    def may_be_sent_twice(self) -> bool:
        """Whether a second copy does no harm, and can be made at all."""
        return self._method in SAFE_METHODS and not self._has_body

    def send_on(self, connection: HTTPConnection) -> HTTPResponse:
        """Send the request and return the answer, whose body is still to be read.

        Raises:
            NotPassedOnError: the client did not send the request to its end, or left.
            OSError, HTTPException, HTTPError: the page did not answer, or not in HTTP.
        """
        body = self._blocks() if self._has_body else None
        self.was_sent_whole = not self._has_body
        try:
            connection.request(
                self._method,
                self._target,
                body,
                self._headers,
                chunked=self._has_chunked_body,
                preload_content=False,
                decode_content=False,
            )
        except (AnsweredEarlyError, ConnectionError):
            # A page that refuses an upload answers and hangs up: its answer is still there to be read.
            self.was_sent_whole = False
        if connection.sock and not wait_for_answer(connection.sock, self._client, connection.timeout or 0):
            raise NotPassedOnError(HTTPStatus.BAD_GATEWAY, "the client has left")  # the page hears of it, too
        return connection.getresponse()

    def _blocks(self) -> Iterator[bytes]:
        rest = None if self._has_chunked_body else self._length
        while rest is None or rest > 0:
            block = self._read(BLOCK_BYTES if rest is None else min(rest, BLOCK_BYTES))
            if not block:
                break
            yield block
            rest = None if rest is None else rest - len(block)
        if rest:
            raise NotPassedOnError(HTTPStatus.BAD_REQUEST, f"the client left {rest} bytes out")
        self.was_sent_whole = True

    def _read(self, amount: int) -> bytes:
        """Read from the client what is there, where the server can tell, else a whole block."""
        read: Callable[[int], bytes] = getattr(self._input, "read1", self._input.read)
        try:
            return read(amount)
        except HTTPException as error:  # such as the gateway's own bound on a body
            raise NotPassedOnError(HTTPStatus(error.code or HTTPStatus.BAD_REQUEST), error) from error
        except Exception as error:  # every server has its own for a client that went away
            raise NotPassedOnError(HTTPStatus.BAD_REQUEST, repr(error)) from error


class PassedOnAnswer:
    """A remote page's answer as the client gets it: status, headers, and the body as an iterable."""

    def __init__(
        self, response: HTTPResponse, connection: HTTPConnection, leave: Callable[[HTTPConnection], Any]
    ) -> None:
        """Take an answer over.

        Args:
            leave: what to do with the connection once the answer has been read to its end.
        """
        self.status = f"{response.status} {response.reason or 'Unknown'}"
        self.headers = response_headers(response)
        self._response, self._connection, self._leave = response, connection, leave
        self._is_whole = False
        # A server sends the head with the first block. So a body of unknown length, which may be an event
        # stream, begins with an empty one; for the others the first bytes are awaited, as long as an error
        # page can still take their place.
        self._ahead: bytes | None = b"" if response.length_remaining is None else self._read()

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Return what has arrived.

        Raises:
            HTTPError: the body is cut off; the server then cuts the client's connection, as it must.
        """
        if self._ahead is not None:
            block, self._ahead = self._ahead, None
            return block
        if block := self._read():
            return block
        raise StopIteration

    def _read(self) -> bytes:
        if self._is_whole:
            return b""
        block = b"" if self._response.length_remaining == 0 else self._response.read1(BLOCK_BYTES)
        if not block or self._response.length_remaining == 0:
            self._finish()
        return block

    def _finish(self) -> None:
        # Before the last block is passed on: a client that has it may ask again at once.
        self._is_whole = True
        self._response.close()
        self._leave(self._connection)

    def close(self) -> None:
        """Hang up on the page if its answer was not read to the end, as when the client goes away."""
        if not self._is_whole:
            self._response.close()
            self._connection.close()
