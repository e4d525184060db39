"""A gunicorn process that has answered its share is replaced: the next one serves before it stops."""

import signal

from gunicorn.arbiter import Arbiter


class ReplacingArbiter(Arbiter):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's master, which would fork the next process only when the last has answered everybody and ended.

    Until then, as long as the slowest answer takes, whoever connects would wait. Here a worker says that
    it is to be replaced and goes on; the master forks its successor, and then tells it to stop. The
    listening socket is the master's too, so that nobody is refused meanwhile.
    """

    def manage_workers(self) -> None:
        """Replace workers that ask for it, and keep up the number of the others."""
        due = {pid: worker for pid, worker in self.WORKERS.items() if worker.is_due}
        for pid, worker in due.items():
            self.spawn_worker()
            worker.replace()
            self.kill_worker(pid, signal.SIGTERM)
        leaving = sum(worker.is_replaced for worker in self.WORKERS.values())
        self._num_workers += leaving
        super().manage_workers()
        self._num_workers -= leaving
