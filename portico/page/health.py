"""What a page's service says of itself: `_status` to visitors, `/healthz` and `/readyz` to its operators."""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus

from flask import Flask, Response, jsonify, request

from portico.config.page_paths import page_at
from portico.config.registry import Page
from portico.config.settings import Settings
from portico.page.app import PageApp
from portico.page.cache_control import VERSION_ASKED, VERSION_HEADER, VERSION_HOLDS_S, sharing_for, version_of
from portico.page.readiness import Readiness, readiness_of

NEVER_CACHED = {"Cache-Control": "no-store"}


def register_service_routes(server: Flask, apps: Sequence[PageApp], failed: Mapping[str, object]) -> None:
    """Add the health routes of a service that serves these pages, and each page's public status.

    Args:
        failed: failed pages of the service by name; pages may be added later.
    """
    server.add_url_rule("/healthz", "healthz", lambda: _answer({"alive": True}))
    checks = [(app, readiness_of(app)) for app in apps]
    server.after_request(lambda response: _doubting(response, checks))
    server.add_url_rule("/readyz", "readyz", lambda: _readiness(checks, failed))
    for app, readiness in checks:
        server.add_url_rule(app.page.status_path, f"{app.page.name}_status", _status_view(app, readiness))


def _doubting(response: Response, checks: Sequence[tuple[PageApp, Readiness]]) -> Response:
    """Let a page that answers a visitor with a fault of its own be looked at before it is called ready again."""
    if response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR:
        for app, readiness in checks:
            if page_at(app.site.registry, request.path) == app.page:
                readiness.doubt()
    return response


def _status_view(app: PageApp, readiness: Readiness) -> Callable[[], Response]:
    def status() -> Response:
        response = status_answer(app.page, ready=_is_ready(app, readiness), build=app.build)
        if app.page.fresh_s:
            response.headers[VERSION_HEADER] = version_of(app)
            if VERSION_ASKED in request.args:
                response.headers["Cache-Control"] = sharing_for(VERSION_HOLDS_S)
        return response

    return status


def status_answer(page: Page, *, ready: bool, build: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return the public status of a page."""
    response = _answer({"page": page.name, "ready": ready, "build": build})
    response.status_code = status
    return response


def _readiness(checks: Sequence[tuple[PageApp, Readiness]], failed: Mapping[str, object]) -> Response:
    ready = {app.page.name: _is_ready(app, readiness) for app, readiness in checks} | dict.fromkeys(failed, False)
    response = _answer({"ready": all(ready.values()), "pages": ready})
    if not all(ready.values()):
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    return response


def _is_ready(app: PageApp, readiness: Readiness) -> bool:
    return app.warm and not _is_draining(app.site.settings) and readiness.is_ready()


def _is_draining(settings: Settings) -> bool:
    return settings.draining_file is not None and settings.draining_file.exists()


def _answer(value: dict[str, object]) -> Response:
    response = jsonify(value)
    response.headers.update(NEVER_CACHED)
    return response
