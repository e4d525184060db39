"""The pages that this suite visits: those of the reference site, or all that a given site (`--url`) links to.

Of a given site, only what its visitors see is known. What holds for the sample's charts alone is tested where the
sample is shown.
"""

import json

from portico.config.registry import Page, Registry
from tests.reference_site import reference_registry
from tests.site.visitor import Document, OpenedPage, ask

SAMPLE = "gapminder"
ACCEPTED = (200, 204)  # of a callback: 204 says that nothing changes


class Visited:
    """The site of this session; `look_at` replaces it before the tests are collected."""

    registry: Registry = reference_registry()
    is_given = False


def look_at(url: str) -> None:
    """Let the suite visit the pages that a running site's navigation links to."""
    Visited.registry, Visited.is_given = discovered(url), True


def discovered(url: str) -> Registry:
    """Return the pages of a running site, as its frame and their `_status` name them.

    Raises:
        ValueError: the answer is not a page of a site like this one.
    """
    document = Document(ask(url, "/", accept="text/html").text)
    if not document.link_texts:
        raise ValueError("the answer has no navigation; is it a Portico site?")
    pages = tuple(page_at(url, path, title) for path, title in document.link_texts.items())
    return Registry(document.texts["title"].rpartition(" · ")[2], "", pages)


def page_at(url: str, path: str, title: str) -> Page:
    answer = ask(url, f"{path}_status")
    try:
        name = answer.json()["page"]
    except (json.JSONDecodeError, KeyError, TypeError):  # a page that is down: its tests say so
        name = path.strip("/").replace("/", "-") or "home"
    return Page(name=name, path=path, title=title, description="")


def draws(opened: OpenedPage) -> bool:
    """Return True if this is a chart; one of a table that cannot be read offers nothing but other tables."""
    return bool(opened.shown) and set(opened.shown["values"]) > {"table"}


def shows_the_sample(opened: OpenedPage) -> bool:
    """Return True if this is a chart of the sample, whose columns and values are known here."""
    return bool(opened.shown) and opened.shown["values"].get("table") == SAMPLE
