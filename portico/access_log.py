"""The access log: one JSON object a request, the same keys as the nginx gateway's."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from gunicorn.glogging import Logger


class JsonAccessLog(Logger):  # type: ignore[misc]  # gunicorn ships no types
    """gunicorn's logger with access lines as JSON, whatever quotes and escapes an address holds."""

    def access(self, resp: Any, _req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        """Write the line of a request that was answered."""
        if self.cfg.accesslog:
            self.access_log.info(json.dumps(access_record(resp, environ, request_time)))


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
