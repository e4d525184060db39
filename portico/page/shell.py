"""The frame: the HTML around every page, the same for charts, errors and what the gateway says itself."""

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from http import HTTPStatus
from math import ceil
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from portico.assets import SharedAssets
from portico.config.registry import Page, Registry
from portico.page.csp import PRERENDER, THEME

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
ALIKE = ("metas", "css", "scripts", "renderer")
DIGEST_LENGTH = 12  # hex digits
# What the navigation needs (rem), as static/portico.css draws it. Letters are as wide as the widest usual fonts have them.
PHONE_REM = 20.5  # 360 px without the edges
LINK_REM = 1.75
LETTER_REM = 0.56
GROUP_REM = 4  # the mark of each group, for a few
TITLE_LETTER_REM = 0.64
HEADER_REM = 14  # icon, theme switch and the distances between


@dataclass(frozen=True)
class Frame:
    """Renders the site's frame around a page or an error."""

    registry: Registry
    assets: SharedAssets

    def page(self, page: Page, policy: str, **slots: str) -> str:
        """Render a page: `slots` are the HTML that Dash made, which the template names; `policy` is that of the answer."""
        safe = {name: Markup(html) for name, html in slots.items()}  # noqa: S704 - Dash's own HTML
        digest = self._digest(policy, *(slots[name] for name in ALIKE))
        return self._render("page.html", page=page, current=page, digest=digest, **safe)

    def error(self, status: HTTPStatus, page: Page | None = None) -> str:
        """Render an error, of one page or (without it) of the site."""
        heading, advice = ERROR_TEXTS.get(status, (status.phrase, status.description))
        if page and status is HTTPStatus.SERVICE_UNAVAILABLE:
            heading = f"{page.title} is not available right now"
        retry = page if status in PASSING else None
        return self._render("error.html", status=status, heading=heading, advice=advice, current=page, retry=retry)

    def _digest(self, *parts: str) -> str:
        """Of all that pages must have in common for one to take the place of another in the same document."""
        links = [(group.title, page.path, page.title) for group in self.registry.navigation() for page in group.pages]
        site = [
            self.registry.title,
            self.registry.description,
            *links,
            self.assets.own("portico.css"),
            PRERENDER,
            THEME,
        ]
        return sha256(repr([*site, *parts]).encode()).hexdigest()[:DIGEST_LENGTH]

    def _render(self, name: str, **values: Any) -> str:
        template = _templates().get_template(name)
        values |= {"prerender": json_for_html(PRERENDER), "theme": Markup(THEME)}  # noqa: S704 - a constant
        menu_below = menu_width(self.registry)
        return template.render(site=self.registry, asset=self.assets.own, menu_below=menu_below, **values)


def menu_width(registry: Registry) -> int:
    """Return the window's width (rem) up to which the navigation is a menu; 0 where one row of a phone holds it.

    It is estimated from the titles, so that pages need neither scripts nor a second layout to choose.
    """
    entries = [group.title or group.pages[0].title for group in registry.navigation()]
    links = sum(LINK_REM + LETTER_REM * len(entry) for entry in entries)
    has_groups = any(group.title for group in registry.navigation())
    if links <= PHONE_REM and not has_groups:
        return 0
    return ceil(HEADER_REM + TITLE_LETTER_REM * len(registry.title) + links + has_groups * GROUP_REM)


def json_for_html(text: str) -> Markup:
    """Escape JSON so that it can stand inside a script element, whatever texts are in it."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped just above


@cache
def _templates() -> Environment:
    loader = PackageLoader("portico", "templates")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
