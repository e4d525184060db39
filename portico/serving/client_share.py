"""Limit on the threads of a process that one client may hold, so that others find a free one."""

import threading
from collections import Counter
from collections.abc import Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request
from werkzeug.wsgi import ClosingIterator

from portico.config.page_paths import page_at
from portico.data.clients import client_of
from portico.page.errors import error_answer
from portico.page.shell import Frame
from portico.page.site import Site

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def with_client_share(app: "WSGIApplication", site: Site, at_once: int) -> "WSGIApplication":
    """Answer 429 at once to requests above a client's limit of concurrent requests.

    Requests for a page's status do not count: the gateway sends them on behalf of a client, and they take no time.

    Args:
        at_once: concurrent requests of one client in this process.
    """
    frame, lock = Frame(site.registry, site.assets), threading.Lock()
    under_way: Counter[str] = Counter()
    uncounted = {page.status_path for page in site.registry}

    def take(client: str) -> bool:
        with lock:
            taken = under_way[client] < at_once
            under_way[client] += taken
            return taken

    def give_back(client: str) -> None:
        with lock:
            under_way[client] -= 1
            if not under_way[client]:
                del under_way[client]

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ.get("PATH_INFO") in uncounted:
            return app(environ, start_response)
        client = client_of(environ)
        if not take(client):
            asked = Request(environ)
            page = page_at(site.registry, asked.path)
            return error_answer(frame, HTTPStatus.TOO_MANY_REQUESTS, asked, page)(environ, start_response)
        try:
            return ClosingIterator(app(environ, start_response), lambda: give_back(client))
        except BaseException:
            give_back(client)
            raise

    return application
