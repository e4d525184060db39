"""The gunicorn worker of a service: told to stop, it takes nobody new and answers whoever is there."""

import sys
from mmap import mmap
from typing import TYPE_CHECKING, Any

from portico.leader_worker import LeaderWorker

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

DRAINING = "portico.draining"  # in the environment of a request: whether the service is about to end
# Above what any page gives an answer: who is replaced keeps nobody waiting, and cuts nobody off.
REPLACED_GRACE_S = 3600
DUE, REPLACED = 0, 1  # the places of the bytes that a worker writes for the master, and the master for the worker


class DrainingWorker(LeaderWorker):
    """gunicorn's thread worker, which would let the kernel take connections on while it stops.

    The stock worker no longer accepts, but keeps the listening socket open until its kept-alive
    connections have ended, two seconds later. A gateway that connects meanwhile waits for nothing
    and is cut off; refused at once, it asks the next replica. A request on a kept-alive connection
    is answered, and the connection closed behind the answer.

    One that has answered as many requests as it is to says so to the master, and goes on until it is told to stop
    (portico/replacement.py). The stock worker would stop by itself, with nobody in its place.
    """

    nr: int  # requests that it has taken
    max_requests: int

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._share, self.max_requests = self.max_requests, sys.maxsize
        self._told = mmap(-1, 2)  # shared by the master and the worker

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
