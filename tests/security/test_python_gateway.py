"""Hostile requests to the Python gateway: the answer that each must get."""

from http.client import BAD_REQUEST

import pytest

from tests.security.answers import ANSWERS
from tests.security.checks import BY_NAME, assert_answered, assert_has_security_headers
from tests.security.exchange import NO_HEAD, Reply, exchange


def test_every_request_has_its_answer_and_there_are_enough():
    assert ANSWERS.keys() == BY_NAME.keys()
    assert len(ANSWERS) >= 150


@pytest.mark.parametrize("name", ANSWERS)
def test_hostile_request_gets_its_answer(embedded, name):
    status = ANSWERS[name].python
    reply = exchange(embedded, BY_NAME[name].data)
    assert_answered(BY_NAME[name], reply, status)
    if is_of_gunicorn(reply):
        assert status >= BAD_REQUEST
        assert reply.headers["Connection"] == "close"
    elif status != NO_HEAD:
        assert reply.headers["Server"] == "gunicorn"
        assert_has_security_headers(reply)
        assert reply.headers["Cache-Control"] == "no-store" or status < BAD_REQUEST


def is_of_gunicorn(reply: Reply) -> bool:
    """Return True for the answer to a request that gunicorn could not parse, so that no application saw it (ADR 30)."""
    return bool(reply.statuses) and "Server" not in reply.headers
