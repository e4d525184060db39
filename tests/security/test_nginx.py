"""Hostile requests to the nginx gateway: the answer that each must get."""

import pytest

from tests.containers.stack import Stack
from tests.security.answers import ANSWERS
from tests.security.checks import BY_NAME, assert_answered, assert_has_security_headers
from tests.security.exchange import NO_HEAD, exchange

pytestmark = pytest.mark.containers


@pytest.mark.parametrize("name", ANSWERS)
def test_hostile_request_gets_its_answer(stack: Stack, name: str):
    status = ANSWERS[name].nginx
    reply = exchange(stack.url, BY_NAME[name].data)
    assert_answered(BY_NAME[name], reply, status)
    if status != NO_HEAD:
        assert reply.headers["Server"] == "nginx"
        assert_has_security_headers(reply)
