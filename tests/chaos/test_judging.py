"""What the faults are judged by can tell right from wrong: answers, seconds in which all is well, entries of the ledger."""

import json
from collections import Counter
from types import SimpleNamespace

import pytest

from tests.chaos.asks import RIGHT, TOO_BUSY, WRONG, Answer, Ask, Known, answer_of
from tests.chaos.experiment import Outcome, count
from tests.chaos.load import ConstantLoad, Record
from tests.chaos.site import IMPURE, PURE, tries

READ = Ask(PURE, "GET", f"/{PURE}/")
WRITE = Ask(IMPURE, "POST", f"/{IMPURE}/_dash-update-component", '{"value": "ENTRY"}')
PAGE = b"<nav></nav> the page"


def learned(**answers: bytes) -> Known:
    """What is known of a page that answers so."""
    known = Known(site=None)
    known.add(READ, answer_of(200, answers.get("read", PAGE), ""))
    known.add(WRITE, answer_of(200, answers.get("write", b"a1 is written"), "a1"))
    return known


@pytest.mark.parametrize(
    ("ask", "entry", "status", "body", "verdict"),
    [
        (READ, "", 200, PAGE, RIGHT),
        (READ, "", 200, PAGE[:-1], WRONG),  # cut, and whole to all appearance
        (READ, "", 200, b"<nav></nav> another page", WRONG),
        (READ, "", 200, b"", WRONG),
        (WRITE, "b2", 200, b"b2 is written", RIGHT),
        (WRITE, "b2", 200, b"a1 is written", WRONG),  # what another visitor was told
        (READ, "", 503, b"<nav></nav> not available", "503"),
        (READ, "", 504, b"Gateway Timeout\n", "504"),
        (READ, "", 502, b"<h1>nginx</h1>", "502 bare"),
    ],
)
def test_answer_is_named(ask: Ask, entry: str, status: int, body: bytes, verdict: str):
    assert learned().verdict(ask, answer_of(status, body, entry)) == verdict


def index(**shown: object) -> bytes:
    """A chart page's index, with this in its store."""
    late = {"data-late": "height"} if shown.get("late") else {}
    figure = {"props": {"id": "figure", "style": {"--chart-height": "450px"}, **late}}
    store = {"props": {"id": "shown", "data": {"query": "x=1", **shown}}}
    text = json.dumps({"layout": {"props": {"children": [store, figure]}}}, separators=(",", ":"))
    paint = f"<div><figure>{'' if late else 'a bar of each'}</figure></div>"
    return (
        f'<nav></nav><div class="stage"><div class="first-paint">{paint}</div>\n</div>\n<noscript></noscript>'
        f'<script id="_portico-first" type="application/json">{text}</script>'
    ).encode()


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        (index(late=True, slow=True), RIGHT),
        (index(late=True, slow=True, query=""), TOO_BUSY),
        (index(late=True) + b"another page", WRONG),
        (index(query=""), WRONG),
    ],
)
def test_page_may_open_without_its_chart(body: bytes, verdict: str):
    assert learned(read=index()).verdict(READ, answer_of(200, body, "")) == verdict


def load_of(*moments: float, bad: tuple[float, ...] = (), waiting: tuple[float, ...] = ()) -> ConstantLoad:
    """A load whose requests were sent at these moments."""
    load = ConstantLoad("", {}, learned())
    right = answer_of(200, PAGE, "")
    load.records += [Record(READ, "", each, 0.1, Answer(failure="cut") if each in bad else right) for each in moments]
    load.waiting.update({number: (PURE, each) for number, each in enumerate(waiting)})
    return load


@pytest.mark.parametrize(
    ("load", "found"),
    [
        (load_of(10.2, 10.7, 11.5), 10.0),
        (load_of(10.2, 10.7, 11.5, bad=(10.7,)), 10.7),
        (load_of(10.2, 10.7, 11.5, 11.9, bad=(10.2, 11.5)), 10.2),  # a whole second lies between
        (load_of(10.2, 10.7, 11.5, bad=(10.7, 11.5)), None),
        (load_of(10.2, 10.7, waiting=(11.5,)), 10.0),
        (load_of(10.2, 10.7, waiting=(10.9, 11.5)), None),  # whoever waits has no right answer yet
    ],
)
def test_first_second_in_which_all_is_well(load: ConstantLoad, found: float | None):
    assert load.steady_from(10.0, 12.0, [PURE]) == found


def test_entries_are_counted():
    load, outcome = load_of(), Outcome(fault=None)
    right, cut = answer_of(200, b"a1 is written", "a1"), Answer(failure="cut")
    answers = {"once": right, "twice": cut, "never": cut, "confirmed": right}
    records = [Record(WRITE, entry, 1, 0.1, answer) for entry, answer in answers.items()]
    site = SimpleNamespace(executions=lambda: Counter(once=1, twice=2))
    count(outcome, load, site, records)
    assert (outcome.executed_again, outcome.missing, outcome.wrong) == (1, 1, 1)
    assert outcome.failed(IMPURE) == {"cut": 2}


def test_log_of_the_gateway_names_each_replica_that_was_tried():
    record = {"upstream": "172.18.0.3:8000, 172.18.0.4:8000 : 172.18.0.5:8000", "upstream_status": "502, 504 : 200"}
    assert tries(record) == [("172.18.0.3:8000", "502"), ("172.18.0.4:8000", "504"), ("172.18.0.5:8000", "200")]
