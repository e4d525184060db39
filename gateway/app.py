"""The Python gateway: a `DispatcherMiddleware` over local mounts and remote mounts.

It serves the embedded mode, development and a machine without nginx. Every path reaches its page whole,
as the page's own service would be asked for it. Not for the open internet: a client that sends its
request by the byte holds a thread, which nginx would not let it.
"""

import json
import re
import uuid
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

from gateway.remote import RemoteMount
from portico.assets import SHARED_OF_PREFIX, SHARED_PREFIX
from portico.config.page_paths import is_of_home, page_at
from portico.config.registry import Page
from portico.config.settings import THREADS_PER_REMOTE
from portico.page.csp import HEADER as CONTENT_POLICY
from portico.page.errors import error_answer
from portico.page.health import NEVER_CACHED
from portico.page.loader import bare_server, page_server
from portico.page.response_headers import SECURITY_HEADERS
from portico.page.shell import Frame
from portico.page.site import Site

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# A file's address as pages name it: package, digest and file.
SHARED_FILE = re.compile(r"[A-Za-z0-9._@/-]{1,400}")
MAX_SEGMENTS = 100  # of a path
CONNECT_TIMEOUT_S = 0.5  # a service is one step away: longer means that it is not there


def create_gateway(site: Site) -> "WSGIApplication":
    """Build the site of this process: its own pages, and the way to those that run elsewhere.

    Raises:
        ConfigError: the registry or the environment is wrong, or the only page of this process.
    """
    frame, own = Frame(site.registry, site.assets), bare_server(site)
    not_found = error_application(frame, HTTPStatus.NOT_FOUND)
    pages = {page.path: mount_of(site, frame, page) for page in site.registry}
    mounts = {path.rstrip("/"): whole_path(app) for path, app in pages.items() if path != "/"}
    mounts["/healthz"] = exactly_here(health(), not_found)
    mounts[SHARED_PREFIX.rstrip("/")] = whole_path(shared_assets(site, own, not_found))
    for page in site.registry:
        mounts[f"{SHARED_OF_PREFIX}{page.name}"] = shared_of_page(pages[page.path], own)
    home = only_of_home(pages.get("/", not_found), not_found)
    return with_gateway_headers(bounded_path(DispatcherMiddleware(home, mounts), not_found))


def mount_of(site: Site, frame: Frame, page: Page) -> "WSGIApplication":
    """Return the application of a page: its server in this process, the way to its service, or a 503."""
    if page.name in site.settings.pages:
        return page_server(site, page)
    if page.name in site.settings.remotes:
        return RemoteMount(
            site.settings.remotes[page.name],
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=page.timeout_s,
            max_in_flight=THREADS_PER_REMOTE,
            error_page=lambda status, environ: _error(frame, status, environ, page),
        )
    return error_application(frame, HTTPStatus.SERVICE_UNAVAILABLE, page)


def whole_path(app: "WSGIApplication") -> "WSGIApplication":
    """Undo what the dispatcher does to a path: a page owns its full path."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        environ["PATH_INFO"] = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        environ["SCRIPT_NAME"] = ""
        return app(environ, start_response)

    return application


def bounded_path(app: "WSGIApplication", not_found: "WSGIApplication") -> "WSGIApplication":
    """Answer 404 for a path of very many segments: the dispatcher copies a path once for each slash in it."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        is_bounded = environ.get("PATH_INFO", "").count("/") <= MAX_SEGMENTS
        return (app if is_bounded else not_found)(environ, start_response)

    return application


def only_of_home(home: "WSGIApplication", not_found: "WSGIApplication") -> "WSGIApplication":
    """Pass on what the page at `/` owns, and nothing else: it would get every unknown path otherwise."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        app = home if is_of_home(environ.get("PATH_INFO", "")) else not_found
        return app(environ, start_response)

    return application


def exactly_here(app: "WSGIApplication", not_found: "WSGIApplication") -> "WSGIApplication":
    """Answer a mount's own path, and nothing below it."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return (not_found if environ.get("PATH_INFO") else app)(environ, start_response)

    return application


def health() -> Response:
    """The gateway is alive, whatever its pages are."""
    return Response(json.dumps({"alive": True}), content_type="application/json", headers=NEVER_CACHED)


def shared_assets(site: Site, own: "WSGIApplication", not_found: "WSGIApplication") -> "WSGIApplication":
    """Answer shared files of this build; redirect requests for another build's files to the page that names them."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        body, status, headers = run_wsgi_app(own, environ)
        if status.startswith("404"):
            close(body)
            page, file = naming_page(site, environ), environ["PATH_INFO"].removeprefix(SHARED_PREFIX)
            if page and SHARED_FILE.fullmatch(file):
                return _sent_to(f"{SHARED_OF_PREFIX}{page.name}/{file}")(environ, start_response)
            return not_found(environ, start_response)
        start_response(status, list(headers))
        return body

    return application


def naming_page(site: Site, environ: "WSGIEnvironment") -> Page | None:
    """Return the page whose HTML names the requested file, by the request's Referer."""
    try:
        path = urlsplit(environ.get("HTTP_REFERER", "")).path
    except ValueError:  # a bracketed host that is no address
        return None
    return None if path.startswith("/_") else page_at(site.registry, path)


def _sent_to(address: str) -> Response:
    headers = {**NEVER_CACHED, "Location": address, "Vary": "Referer"}
    answer = Response(status=HTTPStatus.TEMPORARY_REDIRECT, headers=headers)
    answer.autocorrect_location_header = False
    return answer


def shared_of_page(page: "WSGIApplication", own: "WSGIApplication") -> "WSGIApplication":
    """Get a shared file from one page's service; other pages never get its answer."""
    app = page if isinstance(page, RemoteMount) else own

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = SHARED_PREFIX + environ.get("PATH_INFO", "").removeprefix("/")
        asked = {**environ, "SCRIPT_NAME": "", "PATH_INFO": path}
        for raw in ("RAW_URI", "REQUEST_URI"):  # as the client sent it: PATH_INFO is taken in its place
            asked.pop(raw, None)
        return app(asked, start_response)

    return application


def error_application(frame: Frame, status: HTTPStatus, page: Page | None = None) -> "WSGIApplication":
    """An application that answers every request with one error."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return _error(frame, status, environ, page)(environ, start_response)

    return application


def with_gateway_headers(app: "WSGIApplication") -> "WSGIApplication":
    """Give each request an id that the outside cannot choose, and each answer the site's headers."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        request_id = uuid.uuid4().hex
        environ["HTTP_X_REQUEST_ID"] = request_id

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            completed = _completed(headers, {**SECURITY_HEADERS, "X-Request-ID": request_id})
            return start_response(status, completed, exc_info)

        return app(environ, start)

    return application


def close(body: Iterable[bytes]) -> None:
    """Close the body of an answer that is not passed on, so that its connection is given back."""
    if hasattr(body, "close"):
        body.close()


def _completed(headers: list[tuple[str, str]], more: Mapping[str, str]) -> list[tuple[str, str]]:
    completed = Headers(headers)
    for name, value in more.items():
        if name != CONTENT_POLICY or name not in completed:  # a page knows the hashes of its scripts
            completed.set(name, value)
    return completed.to_wsgi_list()


def _error(frame: Frame, status: HTTPStatus, environ: "WSGIEnvironment", page: Page | None) -> Response:
    return error_answer(frame, status, Request(environ), page)
