"""Visitors at work who cost little themselves: thousands of answers a minute, each compared with what it must be."""

import hashlib
import http.client
import json
import time
from collections import Counter
from contextlib import closing
from urllib.parse import urlsplit

from tests.containers.load import ANSWER_LIMIT_S, Visitors
from tests.site.visitor import open_page, without_pace

POLL_S = 0.02
SHARES = [0] * 9 + [0.05, 0.5, 1]  # of the longest time that the page takes for an answer
JSON = {"Content-Type": "application/json"}


class LeanLoad(Visitors):
    """Visitors of `plain_page.py`, who open it and change its one control: a GET, then a POST for each value.

    While one build follows another, an answer is right if it is, byte for byte, that of a build that `learn` has
    met. So answers are counted while the load is on, and judged when it is over.
    """

    def __init__(self, url: str, page: str, visitors: int) -> None:
        self._address = urlsplit(url).netloc
        self._path = f"/{page}/"
        self._bodies = callback_bodies(url, self._path)
        self._answers: Counter[tuple[int, str]] = Counter()
        self._known: set[tuple[int, str]] = set()
        self._failures: list[str] = []
        super().__init__(visitors)

    @property
    def answered(self) -> int:
        """How many requests had an answer, or failed."""
        return sum(self._answers.values()) + len(self._failures)

    def learn(self) -> None:
        """Ask for everything once: what is answered now is right."""
        with closing(self._connection()) as connection:
            self._known |= {(number, self._ask(connection, number)) for number in range(len(self._bodies) + 1)}

    def wait_for(self, answers: int) -> None:
        """Return when so many requests have had an answer since the load began."""
        while self.answered < answers:
            time.sleep(POLL_S)

    def wrong(self) -> list[str]:
        """What was no right answer; to be asked when the load is over."""
        unknown = [f"{count} × {ask}" for ask, count in self._answers.items() if ask not in self._known]
        return [*self._failures, *unknown]

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._address, timeout=ANSWER_LIMIT_S)

    def _stay(self, _number: int) -> None:
        with closing(self._connection()) as connection:
            while not self._over.is_set():
                for number in range(len(self._bodies) + 1):
                    self._count(connection, number)

    def _count(self, connection: http.client.HTTPConnection, number: int) -> None:
        try:
            answer = self._ask(connection, number)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            with self._counting:
                self._failures.append(f"request {number} at {time.time():.3f}: {error!r}")
            return
        with self._counting:
            self._answers[number, answer] += 1

    def _ask(self, connection: http.client.HTTPConnection, number: int) -> str:
        """The answer's status and a digest of its body; a failure's body as it is."""
        if number == 0:
            connection.request("GET", self._path)
        else:
            connection.request("POST", f"{self._path}_dash-update-component", self._bodies[number - 1], JSON)
        response = connection.getresponse()
        body = without_pace(response.read().decode())
        if response.status != http.HTTPStatus.OK:
            return f"{response.status} at {time.time():.3f}: {body[:200]}"
        return f"200 {hashlib.sha256(body.encode()).hexdigest()[:12]}"


def lean_load_on(url: str, page: str = "barchart", visitors: int = 4) -> LeanLoad:
    """Visitors who know what a page answers now, and work on it until the block ends."""
    load = LeanLoad(url, page, visitors)
    load.learn()
    return load


def callback_bodies(site: str, path: str) -> list[bytes]:
    """What the browser sends when the page's control is changed, for each value."""
    (body,) = open_page(site, path).callbacks()
    return [json.dumps({**body, "inputs": [{**body["inputs"][0], "value": share}]}).encode() for share in SHARES]
