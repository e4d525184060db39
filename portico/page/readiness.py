"""Readiness: whether a page can answer a visitor now, by the check that its author names.

Liveness is separate: a page without its data still answers, with a message in the chart's place,
and a restart would not bring the data back.
"""

import logging
import threading
import time
from collections.abc import Callable

from portico.data.errors import Busy
from portico.data.scheduler import Patience, with_patience
from portico.page.app import PageApp

logger = logging.getLogger(__name__)
TIME_BOX_S = 3  # of a check; the health check in docker-compose.yml waits a second longer
LASTS_S = 2  # what a check found
SHARE = 20  # a passed check is cached for this many times its duration, so that checks cost little
PATIENCE = Patience(turn=1, query=1)  # of a check with the data: a chart that takes longer opens without it too

Check = Callable[[], None]


class Attempt:
    """One run of a check, in a thread of its own."""

    def __init__(self, check: Check, name: str, before: bool) -> None:
        self.begin = time.monotonic()
        self.took = 0.0
        self.doubted = False
        self.passed = before  # of the attempt before this one; a page that is busy is as it was
        self.over = threading.Event()
        threading.Thread(target=self._run, args=(check, name), name=f"readiness of {name}", daemon=True).start()

    def _run(self, check: Check, name: str) -> None:
        before, reason = self.passed, ""
        try:
            check()
        except Busy:
            pass
        except Exception as error:
            reason = f"{type(error).__name__}: {error}"
        else:
            self.passed = True
        self.took = time.monotonic() - self.begin
        if self.took > TIME_BOX_S:
            reason = reason or f"its check took {self.took:.1f} s"
        self.passed = self.passed and not reason
        if self.passed != before:
            logger.warning("%s is %s", name, "ready again" if self.passed else f"not ready: {reason}")
        self.over.set()

    def is_recent(self) -> bool:
        """Return True while the last result is valid; a running check keeps it valid, however long it hangs."""
        if not self.over.is_set():
            return True
        lasts = max(LASTS_S, SHARE * self.took) if self.passed else LASTS_S
        return not self.doubted and time.monotonic() < self.begin + self.took + lasts

    def found(self) -> bool:
        """Wait for what it finds, up to the end of its time box."""
        self.over.wait(max(0.0, self.begin + TIME_BOX_S - time.monotonic()))
        return self.over.is_set() and self.passed


class Readiness:
    """Asks one check, never twice at the same time, and remembers for a while what it found."""

    def __init__(self, check: Check, name: str) -> None:
        self._check, self._name = check, name
        self._lock = threading.Lock()
        self._latest: Attempt | None = None

    def is_ready(self) -> bool:
        """Return True if the check passes before its deadline."""
        with self._lock:
            latest = self._latest
            if latest is None or not latest.is_recent():
                self._latest = latest = Attempt(self._check, self._name, latest is None or latest.passed)
        return latest.found()

    def doubt(self) -> None:
        """Forget what was found: a visitor has met an error since, perhaps the page's own, perhaps of the whole service."""
        with self._lock:
            if self._latest is not None:
                self._latest.doubted = True


def readiness_of(app: PageApp) -> Readiness:
    """The readiness of a page."""
    return Readiness(lambda: check_page(app), app.page.name)


def check_page(app: PageApp) -> None:
    """Call the page's `check_ready` function, and nothing else: any other call might have an effect.

    Raises:
        Exception: the page cannot answer a visitor.
    """
    with with_patience(PATIENCE):
        app.check_ready()
