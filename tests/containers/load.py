"""Visitors of a page, at work until told to stop, who know what every answer must be."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import requests

YEARS = range(1952, 2008, 5)
ANSWER_LIMIT_S = 20
RANDOM = re.compile(r'"end_id":"[^"]*"')  # Dash makes it anew for every index


class Load:
    """Visitors who open a chart page and move its controls, over and over.

    Every answer is compared with the one that the page gave before the load began. `answered` counts the
    right ones; `failures` says what was wrong with the others.
    """

    def __init__(self, url: str, page: str, control: str, visitors: int) -> None:
        self.answered = 0
        self.failures: list[str] = []
        self._index = f"{url}/{page}/"
        self._callback = f"{url}/{page}/_dash-update-component"
        self._bodies = callback_bodies(self._index, control)
        with requests.Session() as session:
            self._expected = [self._visit(session, number) for number in range(len(self._bodies))]
        self._over = threading.Event()
        self._counting = threading.Lock()
        self._visitors = [threading.Thread(target=self._stay, args=(start,)) for start in range(visitors)]

    def start(self) -> None:
        for visitor in self._visitors:
            visitor.start()

    def stop(self) -> None:
        self._over.set()
        for visitor in self._visitors:
            visitor.join()

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
        index = session.get(self._index, params={"scale": "linear", "visit": number}, timeout=ANSWER_LIMIT_S)
        callback = session.post(self._callback, json=self._bodies[number], timeout=ANSWER_LIMIT_S)
        return [(each.status_code, without_random(each.text)) for each in (index, callback)]


def without_random(text: str) -> str:
    """A page's answer without what differs from one time to the next."""
    return RANDOM.sub("", text)


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


@contextmanager
def load_on(url: str, page: str = "barchart", control: str = "year", visitors: int = 6) -> Iterator[Load]:
    """Let visitors work on a chart page until the block ends."""
    load = Load(url, page, control, visitors)
    load.start()
    try:
        yield load
    finally:
        load.stop()


def callback_bodies(index: str, control: str) -> list[dict]:
    """What the browser sends when a control of a chart page is moved, for every year."""
    return [callback_body(index, control, year) for year in YEARS]


def callback_body(index: str, control: str, year: int) -> dict:
    """What the browser sends when a control is moved to a year: the one of the bar chart, both ends of the line chart."""
    dependencies = requests.get(f"{index}_dash-dependencies", timeout=ANSWER_LIMIT_S).json()
    values = values_of(requests.get(f"{index}_dash-layout", timeout=ANSWER_LIMIT_S).json())
    callback = next(each for each in dependencies if "chart.figure" in each["output"])
    values[control] = [YEARS[0], year] if isinstance(values[control], list) else year
    outputs = [output.rpartition(".") for output in callback["output"].strip(".").split("...")]
    return {
        "output": callback["output"],
        "outputs": [{"id": name, "property": part} for name, _, part in outputs],
        "inputs": [{**each, "value": values[each["id"]]} for each in callback["inputs"]],
        "changedPropIds": [f"{control}.value"],
    }


def values_of(layout: object) -> dict[str, object]:
    """The value of every control in a layout, by id."""
    if isinstance(layout, list):
        return {name: value for item in layout for name, value in values_of(item).items()}
    if not isinstance(layout, dict) or "props" not in layout:
        return {}
    props = layout["props"]
    own = {props["id"]: props["value"]} if "value" in props and "id" in props else {}
    return own | values_of(props.get("children"))
