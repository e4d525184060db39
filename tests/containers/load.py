"""Visitors of a page, at work until told to stop, who know what every answer must be."""

import threading
import time
from typing import Self

import requests

from tests.site.visitor import LATE, open_page, with_its_chart, without_pace

YEARS = range(1952, 2008, 5)
ANSWER_LIMIT_S = 20
EXCUSED = 3  # pages that open without their chart, as they may on a machine that stands still; a replica that is not warm has more


class Visitors:
    """Visitors at work for as long as the block lasts, each in a thread of its own, over and over."""

    def __init__(self, number: int) -> None:
        self._over = threading.Event()
        self._counting = threading.Lock()
        self._threads = [threading.Thread(target=self._stay, args=(start,)) for start in range(number)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _stay(self, number: int) -> None:
        """Work until it is over, as the visitor of that number."""
        raise NotImplementedError


class Load(Visitors):
    """Visitors who open a chart page and move its controls, over and over.

    Every answer is compared with the one that the page gave before the load began. `answered` counts the
    right ones; `failures` says what was wrong with the others.
    """

    def __init__(self, url: str, page: str, visitors: int) -> None:
        self.answered = 0
        self.failures: list[str] = []
        self._excused = EXCUSED
        self._index = f"{url}/{page}/"
        self._callback = f"{url}/{page}/_dash-update-component"
        self._bodies = callback_bodies(url, f"/{page}/")
        super().__init__(visitors)
        with requests.Session() as session:
            self._expected = [self._visit(session, number) for number in range(len(self._bodies))]

    def wait_for(self, more: int) -> None:
        """Return after so many more answers, right or wrong."""
        goal = self.answered + len(self.failures) + more
        while self.answered + len(self.failures) < goal:
            time.sleep(0.01)

    def _stay(self, number: int) -> None:
        with requests.Session() as session:
            while not self._over.is_set():
                number = (number + 1) % len(self._bodies)
                self._check(session, number)

    def _check(self, session: requests.Session, number: int) -> None:
        try:
            answer = self._visit(session, number)
            problem = "" if answer == self._expected[number] else describe(answer, self._expected[number])
        except requests.RequestException as error:
            problem = repr(error)
        with self._counting:
            if problem:
                self.failures.append(problem)
            else:
                self.answered += 1

    def _visit(self, session: requests.Session, number: int) -> list[tuple[int, str]]:
        query = {"scale": "linear", "visit": number}
        index = session.get(self._index, params=query, timeout=ANSWER_LIMIT_S)
        if LATE in index.text and self._is_excused():
            index = with_its_chart(lambda: session.get(self._index, params=query, timeout=ANSWER_LIMIT_S))
        own = {"Cache-Control": "no-store"}  # of a replica, and not of those that the gateway keeps
        callback = session.post(self._callback, json=self._bodies[number], headers=own, timeout=ANSWER_LIMIT_S)
        return [(each.status_code, without_pace(each.text)) for each in (index, callback)]

    def _is_excused(self) -> bool:
        """Whether one more page may open without its chart."""
        with self._counting:
            self._excused -= 1
            return self._excused >= 0


def describe(answer: list[tuple[int, str]], expected: list[tuple[int, str]]) -> str:
    """Say what is wrong with an answer: its statuses, and where a body first differs."""
    statuses = [status for status, _ in answer]
    return (
        f"{statuses}: {[first_difference(got, wanted) for (_, got), (_, wanted) in zip(answer, expected, strict=True)]}"
    )


def first_difference(got: str, wanted: str) -> str:
    """What stands in a text where it is no longer as wanted; empty if it is."""
    pairs = enumerate(zip(got, wanted, strict=False))
    start = next((place for place, (one, other) in pairs if one != other), len(wanted))
    return "" if got == wanted else f"…{got[start : start + 60]}"


def load_on(url: str, page: str = "barchart", visitors: int = 6) -> Load:
    """Visitors who work on a chart page until the block ends."""
    return Load(url, page, visitors)


def callback_bodies(site: str, path: str) -> list[dict]:
    """What the browser of a chart page sends when its slider is moved, for every year."""
    opened = open_page(site, path)
    return [opened.asking(f"range.year={YEARS[0]}&range.year={year}") for year in YEARS]
