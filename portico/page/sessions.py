"""Flask's sessions, with a cookie for each page: pages of one domain would overwrite each other's."""

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface

from portico.config.page_paths import page_at
from portico.config.registry import Page, Registry

FLASKS_NAME = "session"  # https://flask.palletsprojects.com/en/stable/config/#SESSION_COOKIE_NAME


class PageSessions(SecureCookieSessionInterface):
    """Flask's sessions with a cookie whose name and path depend on the requested page.

    An author who sets SESSION_COOKIE_NAME or SESSION_COOKIE_PATH wins.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def get_cookie_name(self, app: Flask) -> str:
        """The name of the session's cookie, such as `session_barchart`."""
        name, page = super().get_cookie_name(app), self._page()
        return f"{name}_{page.name}" if page and name == FLASKS_NAME else name

    def get_cookie_path(self, app: Flask) -> str:
        """The path below which browsers send the cookie: the page's."""
        page = self._page()
        return page.path if page and not app.config["SESSION_COOKIE_PATH"] else super().get_cookie_path(app)

    def get_cookie_secure(self, app: Flask) -> bool:
        """Return True if the request came by HTTPS, according to the connection or a trusted proxy."""
        return request.is_secure or super().get_cookie_secure(app)

    def _page(self) -> Page | None:
        return page_at(self._registry, request.path)
