"""The access log: one JSON object a request, the same keys as the nginx gateway's."""

import atexit
import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from gunicorn.glogging import Logger

from portico.config.log_lines import OneLineFormatter

LATEST_S = 0.2  # how long a line waits for others, as in the nginx gateway
PROBES = ("/healthz", "/readyz")
STATUS = "/_status"  # how the path of a page's status ends
# A page that is not ready says so each time it is asked; portico/page/readiness.py logs when that changes.
ANSWERS_OF_PROBES = (HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE)
PIPE_BYTES = 4096  # what a pipe takes in one piece, so that the lines of two workers do not mix


class JsonAccessLog(Logger):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's logger with access lines as JSON, whatever quotes and escapes an address holds."""

    def __init__(self, cfg: Any) -> None:
        super().__init__(cfg)
        self._lines = SomeLines(_write_out)

    def setup(self, cfg: Any) -> None:
        """Set up the error log with one line for each record; the access log is JSON already."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(OneLineFormatter(self.error_fmt, self.datefmt))

    def access(self, resp: Any, _req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        """Log an answered request, unless it is a probe: probes arrive every second."""
        record = access_record(resp, environ, request_time)
        if self.cfg.accesslog and not is_probe(record):
            self._lines.add(json.dumps(record) + "\n")


class SomeLines:
    """Lines that are written some at a time: each by itself would wait for whoever reads them, and wake them.

    Args:
        write: takes the lines, at most `PIPE_BYTES` of them unless one is longer.
        latest: when a line is written at the latest (seconds).
    """

    def __init__(self, write: Callable[[str], None], latest: float = LATEST_S) -> None:
        self._write = write
        self._latest = latest
        self._reset()
        os.register_at_fork(after_in_child=self._reset)  # the lines are the parent's, and its thread is not here
        atexit.register(self.flush)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._lines: list[str] = []
        self._bytes = 0
        self._has_some = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, line: str) -> None:
        """Take a line, with its end."""
        with self._lock:
            if self._bytes + len(line) > PIPE_BYTES:
                self._write_all()
            self._lines.append(line)
            self._bytes += len(line)
            if self._thread is None:
                self._thread = threading.Thread(target=self._write_now_and_then, name="access log", daemon=True)
                self._thread.start()
        self._has_some.set()

    def flush(self) -> None:
        """Write what there is."""
        with self._lock:
            self._write_all()

    def _write_all(self) -> None:
        lines, self._lines, self._bytes = self._lines, [], 0
        if lines:
            with suppress(OSError, ValueError):  # whoever reads them is gone; the answers go on
                self._write("".join(lines))

    def _write_now_and_then(self) -> None:
        while True:
            self._has_some.wait()
            time.sleep(self._latest)
            self._has_some.clear()
            self.flush()


def _write_out(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def is_probe(record: Mapping[str, Any]) -> bool:
    """Return True if a request is an answered probe."""
    path = record["path"]
    return (path in PROBES or path.endswith(STATUS)) and record["status"] in ANSWERS_OF_PROBES


def access_record(resp: Any, environ: dict[str, Any], request_time: timedelta) -> dict[str, Any]:
    """What is kept of a request: never its query, which may hold what a reader typed."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "request_id": environ.get("HTTP_X_REQUEST_ID", ""),
        "client": environ.get("REMOTE_ADDR", ""),
        "method": environ.get("REQUEST_METHOD", ""),
        "path": environ.get("RAW_URI", "").partition("?")[0],
        "status": int(str(resp.status).split()[0]),
        "bytes": getattr(resp, "sent", 0) or 0,
        "seconds": round(request_time.total_seconds(), 6),
    }
