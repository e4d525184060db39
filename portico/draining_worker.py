"""The gunicorn worker of a service: it refuses connections as soon as it is told to stop."""

from typing import Any

from gunicorn.workers.gthread import ThreadWorker


class DrainingWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's thread worker, which would let the kernel take connections on while it stops.

    The stock worker no longer accepts, but keeps the listening socket open until its kept-alive
    connections have ended, two seconds later. A gateway that connects meanwhile waits for nothing
    and is cut off; refused at once, it asks the next replica.
    """

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
