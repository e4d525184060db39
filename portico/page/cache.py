"""In-process cache of rendered pages, keyed by address and data version, for pages without per-user content.

Rendering takes some milliseconds, mostly for the chart's queries. Only the process that rendered a page caches it, not
a gateway or a browser: a page that is down must not seem up, and new data or a new build is another version.
"""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from http import HTTPStatus

from flask import Response, request

from portico.config.registry import Registry
from portico.page.cache_control import is_for_this_reader
from portico.page.identity import names_its_reader

MOST_BYTES = 4 * 2**20  # of all pages that are kept
# What a browser asks when its reader reloads, and what one says who wants an answer of their own.
ANEW = re.compile(r"no-(store|cache)|max-age=0", re.IGNORECASE)


@dataclass(frozen=True)
class KeptPage:
    """A rendered page, and the `time.monotonic()` until which it is fresh."""

    body: bytes
    headers: list[tuple[str, str]]
    until: float

    def response(self) -> Response:
        return Response(self.body, headers=self.headers)


class KeptPages:
    """Cache of one app's rendered pages; evicts the least recently used."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._pages: OrderedDict[Hashable, KeptPage] = OrderedDict()  # longest unused first
        self._bytes = 0

    def answer(self, key: Hashable, seconds: float, make: Callable[[], Response]) -> Response:
        """Return the cached answer, or render it and cache it for so long.

        Errors and private answers (`for_this_reader`) are not cached.
        """
        kept = self._kept(key)
        if kept is not None:
            return kept.response()
        response = make()
        if response.status_code == HTTPStatus.OK and not is_for_this_reader():
            self._keep(key, KeptPage(response.get_data(), [*response.headers], time.monotonic() + seconds))
        return response

    def _kept(self, key: Hashable) -> KeptPage | None:
        with self._lock:
            kept = self._pages.get(key)
            if kept is None or kept.until < time.monotonic():
                return None
            self._pages.move_to_end(key)
            return kept

    def _keep(self, key: Hashable, page: KeptPage) -> None:
        with self._lock:
            self._let_go(key)
            if len(page.body) > self._most_bytes:
                return
            self._pages[key] = page
            self._bytes += len(page.body)
            while self._bytes > self._most_bytes:
                self._let_go(next(iter(self._pages)))

    def _let_go(self, key: Hashable) -> None:
        gone = self._pages.pop(key, None)
        self._bytes -= len(gone.body) if gone else 0


def is_anybody(registry: Registry) -> bool:
    """Return True if the request does not identify its reader and accepts a cached answer."""
    return not names_its_reader(registry) and not ANEW.search(request.headers.get("Cache-Control", ""))
