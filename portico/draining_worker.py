"""The gunicorn worker of a service: told to stop, it takes nobody new and answers whoever is there."""

import select
import sys
import threading
from mmap import mmap
from typing import TYPE_CHECKING, Any

from gunicorn.http.body import LengthReader
from gunicorn.workers.gthread import ThreadWorker

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import ThreadPoolExecutor
    from types import FrameType

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DRAINING = "portico.draining"  # in the environment of a request: whether the service is about to end
# Above what any page gives an answer: who is replaced keeps nobody waiting, and cuts nobody off.
REPLACED_GRACE_S = 3600
# How long a thread stays with a connection that it answered: the next request of a gateway under load is there by then, though
# others are answered before it.
STAYS_MS = 50
DUE, REPLACED = 0, 1  # the places of the bytes that a worker writes for the master, and the master for the worker


class DrainingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's thread worker, which would let the kernel take connections on while it stops.

    The stock worker no longer accepts, but keeps the listening socket open until its kept-alive
    connections have ended, two seconds later. A gateway that connects meanwhile waits for nothing
    and is cut off; refused at once, it asks the next replica. A request on a kept-alive connection
    is answered, and the connection closed behind the answer.

    One that has answered as many requests as it is to says so to the master, and goes on until it is told to stop
    (portico/replacement.py). The stock worker would stop by itself, with nobody in its place.
    """

    wsgi: "WSGIApplication"
    tpool: "ThreadPoolExecutor"
    nr: int  # requests that it has taken
    max_requests: int

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._share, self.max_requests = self.max_requests, sys.maxsize
        self._told = mmap(-1, 2)  # shared by the master and the worker
        self._staying = threading.Semaphore(self.cfg.threads // 2)

    @property
    def is_due(self) -> bool:
        """Whether it has answered its share of requests, and goes on until there is another in its place."""
        return bool(self._told[DUE]) and not self.is_replaced

    @property
    def is_replaced(self) -> bool:
        """Whether there is another in its place: it ends, and the service does not."""
        return bool(self._told[REPLACED])

    def replace(self) -> None:
        """Say, as the master, that another is there."""
        self._told[REPLACED] = True

    def load_wsgi(self) -> None:
        """Load the application, and tell it with each request whether this worker is to go on."""
        super().load_wsgi()
        application = self.wsgi

        def told(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
            if self.nr >= self._share:
                self._told[DUE] = True
            environ[DRAINING] = not self.alive and not self.is_replaced
            return application(environ, start_response)

        self.wsgi = told

    def handle(self, conn: Any) -> Any:
        """Answer what a connection asks, and what it asks next, if that comes at once and nobody else waits for a thread.

        The stock worker hands a connection back to its main thread after each answer, which then finds a thread for the
        next request: a fifth of what a small answer takes.
        """
        handled = super().handle(conn)
        while handled is True and self._asks_again(conn):
            handled = super().handle(conn)
        return handled

    def _keepalive_after(self, conn: Any, keepalive: Any) -> bool:
        """Whether the connection can be used again; one whose request was read to its end needs not be asked for more.

        The stock worker sets a limit of time to the socket and takes it away, twice, to find nothing.
        """
        body = conn.parser.mesg.body
        if keepalive and isinstance(body.reader, LengthReader) and not body.reader.length and not body.failed:
            conn.parser.mesg = None
            return True
        return bool(super()._keepalive_after(conn, keepalive))

    def _asks_again(self, conn: Any) -> bool:
        """Wait for the next request for a moment; half of the threads never do, so that somebody new finds one."""
        if not self._goes_on(conn) or not self._staying.acquire(blocking=False):
            return False
        try:
            waiting = select.poll()
            waiting.register(conn.sock, select.POLLIN)
            return bool(waiting.poll(STAYS_MS)) and self._goes_on(conn)
        finally:
            self._staying.release()

    def _goes_on(self, conn: Any) -> bool:
        """Whether the worker takes more, nobody waits for a thread, and the connection has nothing that was read already."""
        return self.alive and self.tpool._work_queue.empty() and not conn.parser.unreader.buf.getvalue()

    def handle_exit(self, sig: int, frame: "FrameType | None") -> None:
        """Stop; where another is in its place, with as much time as its last requests take."""
        if self.is_replaced:
            self.cfg.set("graceful_timeout", REPLACED_GRACE_S)
        super().handle_exit(sig, frame)

    def set_accept_enabled(self, enabled: bool) -> None:
        """Start or stop accepting; a worker that was told to stop takes who is waiting, and closes the door."""
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                self._accept_waiting(listener)
                listener.close()

    def _accept_waiting(self, listener: Any) -> None:
        if listener.sock is None:  # closed at an earlier call
            return
        before = -1
        while self.nr_conns != before:
            before = self.nr_conns
            self.accept(listener)
