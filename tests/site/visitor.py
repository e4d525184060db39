"""A visitor of a site: asks over HTTP exactly what it is told to, and reads what comes back."""

import http.client
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from tests.tries import TRIES

PATIENCE_S = 30
CHART_WIDTH_PX = 1000  # for which a page is drawn before a browser has said how wide it is
TEXT_LIMIT = 4000  # bytes of an error that is short
LATE = '"late":true'  # in a page that opens without its chart
LOOKS = 5  # for a chart that was late


@dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def media_type(self) -> str:
        return self.headers.get_content_type()


def ask(site: str, target: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
    """Send one request, its target byte for byte, and follow nothing; `x_y="z"` is a header `X-Y: z`."""
    parts = urlsplit(site)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=PATIENCE_S)
    try:
        named = {"Accept": "*/*"} | {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, target, body, named)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def with_its_chart(send: Callable[[], Any]) -> Any:
    """What is answered, with its `text`, once a page has its chart: on a busy machine it may open without. One that is late each time is so for good."""
    for _ in range(LOOKS):
        answer = send()
        if LATE not in answer.text:
            break
    return answer


def wrong_at_every_start(start: Callable[[], list[tuple[Any, Any]]]) -> list[tuple[Any, Any]]:
    """What a site that starts was asked and answered wrongly, each answer with its `text`.

    A machine that stands still lets a chart be late, and the site is started again; where it is not warm, one is late at every start.
    """
    for _ in range(TRIES):
        wrong = start()
        if not wrong or not all(LATE in answer.text for _, answer in wrong):
            break
    return wrong


def without_pace(text: str) -> str:
    """A page's answer without its word that the chart took long, as it may on a busy machine."""
    return text.replace(',"slow":true', "")


def without_hashes(policy: str) -> str:
    """A Content-Security-Policy without the inline scripts that a page names beside the frame's own."""
    return re.sub(r"(script-src 'self' \S+ \S+)( 'sha256-[A-Za-z0-9+/]{43}=')+", r"\1", policy)


def post(site: str, path: str, body: bytes | object, content_type: str = "application/json", **headers: str) -> Answer:
    """Send a body as the page's renderer sends a callback; anything but bytes as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return ask(site, f"{path}_dash-update-component", "POST", content, content_type=content_type, **headers)


class Document(HTMLParser):
    """What a browser would find in a page of the site."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.painted: list[str] = []  # the tags of what is shown until scripts have run
        self.links: dict[str, bool] = {}  # of the navigation: address to whether it is the current page
        self.link_texts: dict[str, str] = {}  # of the navigation: address to what the link says
        self.scripts: list[str] = []
        self.styles: list[str] = []
        self.preloads: list[str] = []
        self.texts: dict[str, str] = {}  # title, h1, h2: the text of the last one
        self.first: Any = None
        self.has_footer = False
        self._open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        is_painted = any("first-paint" in (each.get("class") or "").split() for _, each in self._open)
        (self.painted if is_painted else self.tags).append(tag)
        self._open.append((tag, given))
        if tag == "a" and any(each == "nav" for each, _ in self._open):
            self.links[given["href"] or ""] = given.get("aria-current") == "page"
        elif tag == "script" and given.get("src"):
            self.scripts.append(given["src"] or "")
        elif tag == "link" and given.get("rel") == "stylesheet":
            self.styles.append(given["href"] or "")
        elif tag == "link" and given.get("rel") == "preload":
            self.preloads.append(given["href"] or "")
        self.has_footer = self.has_footer or tag == "footer"

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        tag, given = self._open[-1] if self._open else ("", {})
        if tag in ("title", "h1", "h2"):
            self.texts[tag] = data
        if given.get("href") in self.links and data.strip() and any(each == "nav" for each, _ in self._open):
            self.link_texts[given["href"] or ""] = data.strip()
        if given.get("id") == "_portico-first":
            self.first = json.loads(data)


@dataclass(frozen=True)
class OpenedPage:
    """A page as its first answer shows it: the frame, and the layout with its values."""

    answer: Answer
    document: Document

    @property
    def shown(self) -> dict[str, Any] | None:
        """The view of a chart page, as the browser keeps it; None on any other page."""
        return next((props["data"] for props in self.properties if props.get("id") == "shown"), None)

    def asking(self, query: str) -> dict[str, Any]:
        """The body with which a chart page's browser asks for a view."""
        (body,) = self.callbacks()
        return with_query(body, query)

    @property
    def note(self) -> str:
        """What the page says it did not understand of the address; empty if it did."""
        notes = (props["children"] for props in self.properties if props.get("className") == "notice")
        return next(notes, "")

    @property
    def properties(self) -> list[dict[str, Any]]:
        """The properties of all components of the layout."""
        return list(properties_of(self.document.first["layout"]))

    def component(self, identity: str) -> dict[str, Any]:
        """The properties of the component with an id."""
        return next(props for props in self.properties if props.get("id") == identity)

    def figures(self) -> list[dict[str, Any]]:
        return [props["figure"] for props in self.properties if "figure" in props]

    def callbacks(self, *, waiting: bool = False) -> list[dict[str, Any]]:
        """The callbacks that a browser calls when it opens the page, as their bodies with the values of the layout.

        A chart's asks for the view that is shown, which a browser does when a control changes. No other callback that waits
        for its reader is among them: it may send a mail. Nor are those of components that come and go or match a pattern.

        Args:
            waiting: also those that wait for their reader, of a page that the test knows.
        """
        return [self._body_of(each) for each in self.document.first["dependencies"] if self._is_called(each, waiting)]

    def _is_called(self, callback: dict[str, Any], waiting: bool) -> bool:
        items = [*callback["inputs"], *callback["state"]]
        known = {json.dumps(props["id"]) for props in self.properties if "id" in props}
        is_asked = waiting or bool(self.shown) or not callback["prevent_initial_call"]
        is_plain = not any(mark in callback["output"] for mark in "{@")
        has_values = bool(callback["inputs"]) and all(json.dumps(item["id"]) in known for item in items)
        return is_asked and is_plain and has_values and not callback["clientside_function"]

    def _body_of(self, callback: dict[str, Any]) -> dict[str, Any]:
        output = callback["output"]
        several = output.startswith("..") and output.endswith("..")
        outputs = [as_property(each) for each in (output[2:-2].split("...") if several else [output])]
        return {
            "output": output,
            "outputs": outputs if several else outputs[0],
            "inputs": [self._with_value(each) for each in callback["inputs"]],
            "state": [self._with_value(each) for each in callback["state"]],
            "changedPropIds": ["{id}.{property}".format_map(callback["inputs"][0])],
        }

    def _with_value(self, item: dict[str, str]) -> dict[str, Any]:
        if self.shown and item["id"] == "address":
            return {**item, "value": asked(self.shown["query"])}
        return {**item, "value": self.component(item["id"]).get(item["property"])}


def asked(query: str) -> dict[str, Any]:
    """What a browser sends to ask for a view: it knows none of the controls yet."""
    return {"query": query, "shape": {}, "width": CHART_WIDTH_PX}


def with_query(body: dict[str, Any], query: str) -> dict[str, Any]:
    """The body of a chart's callback, asking for another view."""
    return body | {"inputs": [body["inputs"][0] | {"value": asked(query)}]}


def open_page(site: str, target: str) -> OpenedPage:
    answer = with_its_chart(lambda: ask(site, target, accept="text/html"))
    assert (answer.status, answer.media_type) == (200, "text/html"), (
        f"{target[:80]}: {answer.status} {answer.text[:300]}"
    )
    return OpenedPage(answer, Document(answer.text))


def properties_of(component: Any) -> Any:
    """Every component's properties in a layout, as Dash writes it in JSON."""
    if isinstance(component, list):
        for each in component:
            yield from properties_of(each)
    elif isinstance(component, dict) and "props" in component:
        yield component["props"]
        yield from properties_of(component["props"].get("children"))


def as_property(text: str) -> dict[str, str]:
    identity, _, name = text.rpartition(".")
    return {"id": identity, "property": name}
