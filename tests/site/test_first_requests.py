"""A site that has just opened its socket answers its first visitors, all at once, as it answers ever after.

A stock Dash site does not: it sets itself up at the first request, while the second is answered from what
is there by then. `--starts 20` is the long form.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.processes import MODES
from tests.reference_site import reference_registry
from tests.site.visitor import ask, open_page, post, with_its_chart, without_pace, wrong_at_every_start

FIRST_REQUESTS = 200
ASKED_EACH = 5  # first requests to each page, in 20 starts 300


@pytest.fixture(scope="module")
def first_requests(embedded):
    """What first visitors ask, as functions of a site, each with the answer of a site that is long up."""
    asked = [send for page in reference_registry() for send in asked_first(embedded, page.path)]
    answered = [(send, seen(with_its_chart(partial(send, embedded)))) for send in asked]
    assert {status for _, (status, *_) in answered} == {200}
    return answered


def asked_first(site, path):
    opened = open_page(site, path)
    smallest = min(opened.document.scripts, key=lambda address: len(ask(site, address).body))
    targets = [path, f"{path}_dash-layout", f"{path}_dash-dependencies", smallest]
    callbacks = [partial(post, path=path, body=body) for body in opened.callbacks()]
    return [*(partial(ask, target=target) for target in targets), *callbacks]


@pytest.mark.parametrize("mode", MODES)
def test_first_requests_at_once_are_all_answered_as_ever(mode, nth_start, first_requests):
    wrong = wrong_at_every_start(lambda: answered_wrongly_at_first(mode, first_requests))
    assert [(asked.keywords, answer.status, answer.text[:200]) for asked, answer in wrong] == []


@pytest.mark.parametrize("mode", MODES)
def test_first_requests_are_answered_as_soon_as_the_socket_opens(mode, nth_start):
    paths = [page.path for page in reference_registry()] * ASKED_EACH
    with MODES[mode]() as address, ThreadPoolExecutor(len(paths)) as visitors:
        answers = visitors.map(lambda path: ask(address, path, accept="text/html").status, paths)
        assert {*answers} == {200}


def answered_wrongly_at_first(mode, first_requests):
    """What was asked and answered, wherever the answer is not right."""
    opened = threading.Event()

    def visit(number):
        send, expected = first_requests[number % len(first_requests)]
        opened.wait()
        return send, expected, send(address)

    with ThreadPoolExecutor(FIRST_REQUESTS) as visitors:
        visits = [visitors.submit(visit, number) for number in range(FIRST_REQUESTS)]
        try:
            with MODES[mode]() as address:
                opened.set()
                answered = [visit.result() for visit in visits]
        finally:
            opened.set()  # nobody waits for a site that did not start
    return [(send, answer) for send, expected, answer in answered if seen(answer) != expected]


def seen(answer):
    """What of an answer is the same at every start."""
    return answer.status, answer.media_type, without_pace(answer.text)
