"""The frame: the HTML around every page, the same for charts, errors and what the gateway says itself."""

from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from portico.content_policy import PRERENDER
from portico.registry import Page, Registry
from portico.shared_assets import SharedAssets

# What a visitor is told, by status: a heading, then what to do about it.
ERROR_TEXTS = {
    HTTPStatus.BAD_REQUEST: ("Request not understood", "Something in the request is malformed."),
    HTTPStatus.FORBIDDEN: ("Not allowed", "This address is not for visitors."),
    HTTPStatus.NOT_FOUND: ("Page not found", "There is no page at this address. The site's pages are listed above."),
    HTTPStatus.METHOD_NOT_ALLOWED: ("Method not allowed", "This address does not answer that kind of request."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("Too much data", "The request is larger than this page accepts."),
    HTTPStatus.REQUEST_URI_TOO_LONG: ("Address too long", "Open the page without its settings and choose them again."),
    HTTPStatus.TOO_MANY_REQUESTS: ("Too many requests", "Wait a moment, then try again."),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "Something went wrong",
        "The fault is ours and was logged. Try again, or open another page.",
    ),
    HTTPStatus.BAD_GATEWAY: (
        "No proper answer",
        "The page's service gave an answer that makes no sense. Try again in a moment.",
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: ("Not available right now", "The rest of the site is up."),
    HTTPStatus.GATEWAY_TIMEOUT: (
        "No answer in time",
        "The page's service took too long. Try again, or ask for less at once.",
    ),
}
# These pass by themselves: the page tries again until the service is back.
PASSING = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT})


@dataclass(frozen=True)
class Frame:
    """Renders the site's frame around a page or an error."""

    registry: Registry
    assets: SharedAssets

    def page(self, page: Page, **slots: str) -> str:
        """Render a page: `slots` are the HTML that Dash made, which the template names."""
        safe = {name: Markup(html) for name, html in slots.items()}  # noqa: S704 - Dash's own HTML
        return self._render("page.html", page=page, current=page, **safe)

    def error(self, status: HTTPStatus, page: Page | None = None) -> str:
        """Render an error, of one page or (without it) of the site."""
        heading, advice = ERROR_TEXTS.get(status, (status.phrase, status.description))
        if page and status is HTTPStatus.SERVICE_UNAVAILABLE:
            heading = f"{page.title} is not available right now"
        retry = page if status in PASSING else None
        return self._render("error.html", status=status, heading=heading, advice=advice, current=page, retry=retry)

    def _render(self, name: str, **values: Any) -> str:
        template = _templates().get_template(name)
        return template.render(site=self.registry, asset=self.assets.own, prerender=json_for_html(PRERENDER), **values)


def json_for_html(text: str) -> Markup:
    """Escape JSON so that it can stand inside a script element, whatever texts are in it."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped just above


@cache
def _templates() -> Environment:
    loader = PackageLoader("portico", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
