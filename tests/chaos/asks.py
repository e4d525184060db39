"""What visitors ask, and what is right: every answer is compared, byte for byte, with what a page says itself."""

import hashlib
import http.client
import json
import re
import uuid
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus

from tests.chaos.site import IMPURE, PURE, ChaosSite
from tests.containers.load import callback_bodies, first_difference
from tests.site.visitor import LATE, Document, open_page, properties_of, without_pace

JSON = (("Content-Type", "application/json"), ("Accept", "application/json"))
HTML = (("Accept", "text/html"),)
OWN = (("Cache-Control", "no-store"),)  # of a replica, and not of those that the gateway keeps
MARK = "ENTRY"  # in a body, where each request has words of its own
RIGHT, WRONG, TOO_BUSY = "right", "WRONG", "too busy"
# Of a chart page's index, what depends on the chart: the page's first paint and the data from which a browser makes the same.
CHART = re.compile(
    r'(<div class="first-paint">).*?(?=</div>\s*</div>\s*<noscript>)|(id="_portico-first"[^>]*>).*?(?=</script>)',
    re.DOTALL,
)
TEXTS: dict[str, str] = {}  # what was answered, by its digest: of right answers there are few


@dataclass(frozen=True)
class Ask:
    """A request that can be made again and again."""

    page: str
    method: str
    target: str
    body: str = ""
    headers: tuple[tuple[str, str], ...] = HTML

    @property
    def writes(self) -> bool:
        """Whether it has an effect."""
        return MARK in self.body


@dataclass(frozen=True)
class Answer:
    """What came back: the digest of a 200, or in a few words why there is none."""

    digest: str = ""
    failure: str = ""


def send(address: str, ask: Ask, entry: str, patience: float) -> Answer:
    """Ask, on a connection of its own."""
    with closing(http.client.HTTPConnection(address, timeout=patience)) as connection:
        try:
            body = ask.body.replace(MARK, entry).encode() or None
            connection.request(ask.method, ask.target, body, dict(ask.headers))
            response = connection.getresponse()
            return answer_of(response.status, response.read(), entry)
        except TimeoutError:
            return Answer(failure="silent")
        except ConnectionRefusedError:
            return Answer(failure="refused")
        except (OSError, http.client.HTTPException):
            return Answer(failure="cut")


def answer_of(status: int, body: bytes, entry: str) -> Answer:
    """Name an answer. Two answers to a question that differ in the entry alone have one digest."""
    if status != HTTPStatus.OK:
        framed = b"<nav" in body or body.strip() == HTTPStatus(status).phrase.encode()
        return Answer(failure=f"{status}" if framed else f"{status} bare")
    text = without_pace(body.decode("utf-8", "replace"))
    own = text.replace(entry, MARK) if entry else text
    digest = hashlib.sha256(own.encode()).hexdigest()[:16]
    TEXTS.setdefault(digest, own)
    return Answer(digest)


class Known:
    """What each page answers, as its replicas say themselves, of every build that was met."""

    def __init__(self, site: ChaosSite) -> None:
        self._site = site
        self._digests: dict[Ask, set[str]] = defaultdict(set)

    def learn(self, asks: dict[str, list[Ask]]) -> None:
        """Ask each replica directly, without a gateway between."""
        for page, of_page in asks.items():
            for address in map(self._site.address, self._site.replicas(page)):
                for ask in set(of_page):
                    answer = send(address, ask, new_entry(ask), patience=20)
                    assert not answer.failure, f"{page} answers {answer.failure} to {ask}"
                    self.add(ask, answer)

    def add(self, ask: Ask, answer: Answer) -> None:
        """Let an answer be right from now on."""
        self._digests[ask].add(answer.digest)

    def verdict(self, ask: Ask, answer: Answer) -> str:
        """`RIGHT`, `WRONG`, or how it failed."""
        known = self._digests[ask]
        if answer.failure or answer.digest in known:
            return answer.failure or RIGHT
        return of_a_late_chart(answer.digest, known) if LATE in TEXTS[answer.digest] else WRONG

    def difference(self, ask: Ask, answer: Answer) -> str:
        """Where a wrong answer is no longer what it should be."""
        text = TEXTS[answer.digest]
        differences = [first_difference(text, TEXTS[each]) for each in self._digests[ask]]
        return max(differences, key=lambda each: text.rfind(each[1:]))  # from the answer that it is most like


def of_a_late_chart(digest: str, known: set[str]) -> str:
    """What to say of a page that opened without its chart, for which the browser is to ask then: so it does where a chart takes long.

    Where not even its controls could be found out in time, it is too busy, which is a failure.
    """
    given, right = parts_of(TEXTS[digest]), {parts_of(TEXTS[each]) for each in known}
    if given in right:
        return RIGHT
    return TOO_BUSY if given[0] in {frame for frame, _ in right} else WRONG


@cache
def parts_of(text: str) -> tuple[str, str]:
    """The frame of a chart page's index, and what stands in it: without the chart, and without the word that it comes later."""
    first = Document(text).first
    for properties in properties_of(first["layout"]):
        properties.pop("figure", None)
        if properties.get("id") == "figure":
            del properties["style"]  # its height
            properties.pop("data-late", None)
        if properties.get("id") in ("caption", "facts"):
            del properties["children"]
        if properties.get("id") == "shown":
            properties["data"] = {**properties["data"], "late": False, "slow": False}
    return CHART.sub(r"\1\2", text), json.dumps(first)


def new_entry(ask: Ask) -> str:
    return uuid.uuid4().hex if ask.writes else ""


def asks_of(site: ChaosSite) -> dict[str, list[Ask]]:
    """What is asked of each page, in turns: of every page that has callbacks, they are half and more."""
    return {
        PURE: chart_asks(site, PURE, kept=True),
        IMPURE: ledger_asks(site),
        "linechart": chart_asks(site, "linechart", kept=False),
        "home": [Ask("home", "GET", "/")],
    }


def chart_asks(site: ChaosSite, page: str, *, kept: bool) -> list[Ask]:
    """Of a chart: its index, its callbacks, and if wanted some that the gateway may answer from what it keeps."""
    target, asks = f"/{page}/_dash-update-component", []
    for number, body in enumerate(map(json.dumps, callback_bodies(site.stack.url, f"/{page}/"))):
        asks.append(Ask(page, "GET", f"/{page}/?scale=linear&visit={number % 4}"))
        asks += [Ask(page, "POST", target, body, JSON + OWN)] * 2
        asks += [Ask(page, "POST", target, body, JSON)] * kept
    return asks


def ledger_asks(site: ChaosSite) -> list[Ask]:
    """Of the page with effects: its index, and three entries."""
    body, _ = open_page(site.stack.url, f"/{IMPURE}/").callbacks(waiting=True)
    written = json.dumps({**body, "inputs": [{**body["inputs"][0], "value": MARK}]})
    return [
        Ask(IMPURE, "GET", f"/{IMPURE}/"),
        *[Ask(IMPURE, "POST", f"/{IMPURE}/_dash-update-component", written, JSON)] * 3,
    ]
