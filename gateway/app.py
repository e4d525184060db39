"""The Python gateway: local mounts and remote mounts by path.

It serves the embedded mode, development and a machine without nginx. Every path reaches its page whole,
as the page's own service would be asked for it. Not for the open internet: a client that sends its
request by the byte holds a thread, which nginx would not let it.
"""

import json
import uuid
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import Headers
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Request, Response

from gateway.remote import RemoteMount
from portico.content_policy import HEADER as CONTENT_POLICY
from portico.error_pages import error_answer, is_of_home
from portico.frame import Frame
from portico.mounting import bare_server, page_server
from portico.registry import Page
from portico.response_headers import SECURITY_HEADERS
from portico.service import NEVER_CACHED
from portico.settings import THREADS_PER_REMOTE
from portico.shared_assets import SHARED_PREFIX
from portico.site import Site

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# A service that does not have an asset, or is not there to be asked: the next one may have it.
NOT_HERE = ("404", "502", "503", "504")
CONNECT_TIMEOUT_S = 0.5  # a service is one step away: longer means that it is not there


def create_gateway(site: Site) -> "WSGIApplication":
    """Build the site of this process: its own pages, and the way to those that run elsewhere.

    Raises:
        ConfigError: a local page cannot be served as it stands.
    """
    frame = Frame(site.registry, site.assets)
    not_found = error_application(frame, HTTPStatus.NOT_FOUND)
    pages = {page.path: mount_of(site, frame, page) for page in site.registry}
    shared = shared_assets_of(site, [app for app in pages.values() if isinstance(app, RemoteMount)])
    mounts = {path.rstrip("/"): app for path, app in pages.items() if path != "/"}
    mounts["/healthz"] = exactly_at("/healthz", health(), not_found)
    mounts[SHARED_PREFIX.rstrip("/")] = shared
    home = only_of_home(pages.get("/", not_found), not_found)
    return with_gateway_headers(by_path(mounts, home))


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


def by_path(mounts: Mapping[str, "WSGIApplication"], home: "WSGIApplication") -> "WSGIApplication":
    """Pass a request on to the mount with the longest path, which gets the path whole; to home without one.

    Not werkzeug's DispatcherMiddleware, which copies the path once for each slash in it.
    """
    longest_first = sorted(mounts.items(), key=lambda mount: -len(mount[0]))

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = f"{environ.get('PATH_INFO', '')}/"
        app = next((app for mount, app in longest_first if path.startswith(f"{mount}/")), home)
        return app(environ, start_response)

    return application


def only_of_home(home: "WSGIApplication", not_found: "WSGIApplication") -> "WSGIApplication":
    """Pass on what the page at `/` owns, and nothing else: it would get every unknown path otherwise."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        app = home if is_of_home(environ.get("PATH_INFO", "")) else not_found
        return app(environ, start_response)

    return application


def exactly_at(path: str, app: "WSGIApplication", not_found: "WSGIApplication") -> "WSGIApplication":
    """Answer one path, and nothing below it."""

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        return (app if environ.get("PATH_INFO") == path else not_found)(environ, start_response)

    return application


def health() -> Response:
    """The gateway is alive, whatever its pages are."""
    return Response(json.dumps({"alive": True}), content_type="application/json", headers=NEVER_CACHED)


def shared_assets_of(site: Site, remotes: list[RemoteMount]) -> "WSGIApplication":
    """Answer shared assets from here, and those of another build from the first service that has them."""
    own = bare_server(site)

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        body, status, headers = run_wsgi_app(own, environ)
        for remote in remotes:
            if not status.startswith(NOT_HERE):
                break
            close(body)
            body, status, headers = run_wsgi_app(remote, environ)
        start_response(status, list(headers))
        return body

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
