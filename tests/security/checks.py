"""What every answer of a gateway must be, whatever was asked."""

import re

from portico.page.response_headers import SECURITY_HEADERS
from tests.security.exchange import NO_HEAD, Reply
from tests.security.requests import REQUESTS, Hostile
from tests.site.visitor import without_hashes

# Versions, traces, and what only a request that was smuggled, or a file outside, could have brought.
INSIDE = re.compile(
    rb"gunicorn/|werkzeug|flask/|python/\d|nginx/\d|x-powered-by|traceback|site-packages|smuggled|root:x:|\[\[page\]\]",
    re.IGNORECASE,
)
BY_NAME = {hostile.name: hostile for hostile in REQUESTS}


def assert_answered(hostile: Hostile, reply: Reply, status: int) -> None:
    """The answer is the one, and the only one, that the request must get, and tells nothing of the inside."""
    assert reply.statuses == ([] if status == NO_HEAD else [status]), reply.data[:300]
    assert not INSIDE.search(reply.data), hostile.name
    if status != NO_HEAD:
        assert "evil.example" not in str(reply.headers)
        assert "X-Injected" not in reply.headers


def assert_has_security_headers(reply: Reply) -> None:
    headers = {name: [*map(without_hashes, reply.headers.get_all(name, []))] for name in SECURITY_HEADERS}
    assert headers == {name: [value] for name, value in SECURITY_HEADERS.items()}
