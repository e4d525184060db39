"""The gunicorn worker of a service: told to stop, it takes nobody new and answers whoever is there."""

from typing import TYPE_CHECKING, Any

from gunicorn.workers.gthread import ThreadWorker

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

DRAINING = "portico.draining"  # in the environment of a request: whether the service is about to end


class DrainingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's thread worker, which would let the kernel take connections on while it stops.

    The stock worker no longer accepts, but keeps the listening socket open until its kept-alive
    connections have ended, two seconds later. A gateway that connects meanwhile waits for nothing
    and is cut off; refused at once, it asks the next replica. A request on a kept-alive connection
    is answered, and the connection closed behind the answer.
    """

    wsgi: "WSGIApplication"

    def load_wsgi(self) -> None:
        """Load the application, and tell it with each request whether this worker is to go on."""
        super().load_wsgi()
        application = self.wsgi

        def told(environ: "WSGIEnvironment", start_response: "StartResponse") -> "Iterable[bytes]":
            environ[DRAINING] = not self.alive
            return application(environ, start_response)

        self.wsgi = told

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
