"""Error answers: the site's frame for a reader, a line of text for a script."""

import logging
import re
from http import HTTPStatus

from flask import Flask, request
from gunicorn.http.errors import ParseException
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import HTTPException, NotFound, RequestEntityTooLarge
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Request, Response

from portico.assets import SHARED_PREFIX
from portico.config.page_paths import page_at
from portico.config.registry import Page
from portico.page.app import apps_of
from portico.page.shell import PASSING, Frame
from portico.page.site import Site

logger = logging.getLogger(__name__)
MAX_ADDRESS_LENGTH = 8000  # bytes of path and query; gunicorn reads a request line of 8,190
RETRY_AFTER_S = 2
READ_OF_ACCEPT = 1000  # characters; browsers send some 150, and 16 KB take 10 ms to parse
MOST_REFUSED_BYTES = 1024 * 1024
BLOCK_BYTES = 64 * 1024
# Of these, a page that many were refused does not ask again by itself: that would be more of the same.
WITH_RETRY_AFTER = PASSING | {HTTPStatus.TOO_MANY_REQUESTS}
READ_OTHERWISE = re.compile(r"//|/\.\.?(/|$)")  # by a gateway, which then sends it to another page
# nginx then gives the request to other addresses: https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_ignore_headers
REDIRECT_HEADER, MISDIRECTED = "X-Accel-Redirect", "misdirected"


def error_answer(
    frame: Frame, status: HTTPStatus, asked: Request, page: Page | None = None, detail: str | None = None
) -> Response:
    """Answer an error of a page, or (without one) of the site.

    Args:
        asked: the request; a reader gets the frame, a script `detail` as text.
    """
    if is_of_reader(asked):
        response = Response(frame.error(status, page), status, content_type="text/html; charset=utf-8")
    else:
        response = Response(f"{detail or status.phrase}\n", status, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    if status in WITH_RETRY_AFTER:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def is_of_reader(asked: Request) -> bool:
    """Return True if a person will see the answer: browsers ask for HTML; curl accepts anything."""
    accepted = parse_accept_header(asked.headers.get("Accept", "")[:READ_OF_ACCEPT], MIMEAccept)
    if asked.method in ("GET", "HEAD"):
        return accepted.accept_html
    return "text/html" in list(accepted.values())


def register_error_pages(server: Flask, site: Site) -> None:
    """Answer every error of a Flask server with `error_answer`, and bound addresses and bodies."""
    frame = Frame(site.registry, site.assets)

    def answer(status: HTTPStatus, detail: str | None = None) -> Response:
        return error_answer(frame, status, request, page_at(site.registry, request.path), detail)

    def answer_http_error(error: HTTPException) -> Response:
        if isinstance(error, RequestEntityTooLarge):
            read_rest(request)
        stranger = page_elsewhere(server, site) if isinstance(error, NotFound) else None
        response = answer(HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR), error.description)
        for name, value in error.get_headers():
            if name == "Allow":
                response.headers[name] = value
        if stranger:
            response.headers[REDIRECT_HEADER] = f"@{stranger.name}_{MISDIRECTED}"
        return response

    def answer_exception(error: Exception) -> Response:
        logger.error("%s %s failed", request.method, request.path, exc_info=error)
        return answer(HTTPStatus.INTERNAL_SERVER_ERROR)

    def bound_request() -> Response | None:
        page = page_at(site.registry, request.path)
        if page:
            request.max_content_length = page.body_limit_bytes
        too_long = len(request.query_string) + len(request.path) > MAX_ADDRESS_LENGTH
        return answer(HTTPStatus.REQUEST_URI_TOO_LONG) if too_long else None

    server.register_error_handler(HTTPException, answer_http_error)
    server.register_error_handler(
        ParseException, lambda _: answer(HTTPStatus.BAD_REQUEST)
    )  # such as a chunk whose size is none
    server.register_error_handler(Exception, answer_exception)
    server.before_request(bound_request)


def read_rest(asked: Request) -> None:
    """Read a body that is refused, if it is not much: closed with something unread, a connection may take the answer with it."""
    if 0 < (asked.content_length or 0) <= MOST_REFUSED_BYTES:
        body = asked.environ["wsgi.input"]
        while body.read(BLOCK_BYTES):
            pass


def page_elsewhere(server: Flask, site: Site) -> Page | None:
    """The page that is asked for, if this service is not one of its replicas.

    A gateway asks so for a moment when an address that was one's is given to the next container.
    """
    is_sure = not f"{request.path}/".startswith(SHARED_PREFIX) and not READ_OTHERWISE.search(request.path)
    page = page_at(site.registry, request.path) if is_sure else None
    return page if page and page not in [app.page for app in apps_of(server)] else None
