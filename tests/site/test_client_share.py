"""One client holds a part of a process's threads, over real connections from two addresses of loopback."""

import http.client
from contextlib import ExitStack, closing
from http import HTTPStatus

import pytest

from tests.processes import running

THREADS, OF_ONE = 6, 4
UPLOAD = 1000


@pytest.fixture(scope="module")
def site():
    with running("portico", PORTICO_THREADS=str(THREADS)) as address:
        yield address


def connection(site: str, client: str) -> http.client.HTTPConnection:
    host, _, port = site.removeprefix("http://").partition(":")
    return http.client.HTTPConnection(host, int(port), timeout=20, source_address=(client, 0))


def status(site: str, client: str, path: str = "/nope", **headers: str) -> int:
    with closing(connection(site, client)) as asking:
        asking.request("GET", path, headers=headers)
        return asking.getresponse().status


def hold_a_thread(site: str, client: str) -> http.client.HTTPConnection:
    """Send all of an upload but its last byte: a thread waits for it."""
    asking = connection(site, client)
    asking.putrequest("POST", "/barchart/_dash-update-component")
    asking.putheader("Content-Type", "application/json")
    asking.putheader("Content-Length", str(UPLOAD))
    asking.endheaders(b" " * (UPLOAD - 1))
    return asking


def test_client_beyond_its_share_is_refused_and_another_is_not(site: str):
    with ExitStack() as entered:
        held = [entered.enter_context(closing(hold_a_thread(site, "127.0.0.2"))) for _ in range(OF_ONE)]
        while status(site, "127.0.0.2") != HTTPStatus.TOO_MANY_REQUESTS:
            pass  # until all of them have a thread
        with closing(connection(site, "127.0.0.2")) as asking:
            asking.request("GET", "/barchart/", headers={"Accept": "text/html", "X-Forwarded-For": "192.0.2.1"})
            refused = asking.getresponse()
            assert (refused.status, refused.headers["Retry-After"]) == (HTTPStatus.TOO_MANY_REQUESTS, "2")
            assert b"Too many requests" in refused.read()
        assert status(site, "127.0.0.2", "/barchart/_status") == HTTPStatus.OK
        assert status(site, "127.0.0.3") == HTTPStatus.NOT_FOUND
        held[0].send(b" ")
        held[0].getresponse().read()
        assert status(site, "127.0.0.2") == HTTPStatus.NOT_FOUND
