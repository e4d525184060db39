"""Pages that failed while the site started: a 503 in the site's frame, beside pages that run."""

import logging
from http import HTTPStatus

from flask import Flask, Response, abort, request

from portico.assets import SHARED_PREFIX
from portico.config.errors import ConfigError
from portico.config.page_paths import page_at
from portico.config.registry import Page
from portico.page.health import status_answer
from portico.page.site import Site

logger = logging.getLogger(__name__)
FAILED = "portico_failed"


def failed_pages(server: Flask) -> dict[str, ConfigError]:
    """Return the failed pages of a server by name, each with its error."""
    failed: dict[str, ConfigError] = server.extensions.setdefault(FAILED, {})
    return failed


def fail_page(server: Flask, page: Page, error: ConfigError) -> None:
    """Answer 503 for a page from now on, and log the reason in one line."""
    failed_pages(server)[page.name] = error
    logger.error("the page %s is not served: %s", page.name, error)


def answer_for_failed_pages(server: Flask, site: Site) -> None:
    """Answer every request to a page that failed, before any hook of another page on the server."""

    def answer() -> Response | None:
        if request.path.startswith(SHARED_PREFIX):
            return None  # of all pages, though home owns what begins so
        page = page_at(site.registry, request.path)
        if page is None or page.name not in failed_pages(server):
            return None
        if request.path != page.status_path:
            abort(HTTPStatus.SERVICE_UNAVAILABLE)
        return status_answer(page, ready=False, build=site.build_of(page), status=HTTPStatus.SERVICE_UNAVAILABLE)

    server.before_request(answer)
