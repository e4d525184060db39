"""A page whose database is stopped or hangs: unready for that time, alive and answering, and ready again by itself."""

import time

import pytest

from tests.database import Server
from tests.processes import running
from tests.site.visitor import ask, open_page
from tests.tries import READINESS_LIMIT_S, TRIES

pytestmark = pytest.mark.containers
HEALTH_CHECK_S = 4  # in docker-compose.yml
POLL_S = 0.2


@pytest.fixture(scope="module")
def page(server: Server):
    server.execute("CREATE TABLE sold (name text, sold int)", "INSERT INTO sold VALUES ('a', 1), ('b', 2)")
    with running("portico", PORTICO_PAGES="barchart", PORTICO_DATA=server.address()) as address:
        yield address
    server.execute("DROP TABLE sold")


def wait_until(page: str, status: int) -> float:
    """Wait until the page is ready (200) or not (503); return how long the slowest answer took (seconds)."""
    deadline, slowest = time.monotonic() + READINESS_LIMIT_S, 0.0
    while True:
        begin = time.monotonic()
        found = ask(page, "/readyz").status
        slowest = max(slowest, time.monotonic() - begin)
        if found == status:
            return slowest
        assert time.monotonic() < deadline
        time.sleep(POLL_S)


@pytest.mark.parametrize(("away", "back"), [("stop", "start"), ("pause", "unpause")])
def test_page_is_unready_for_as_long_as_its_database_does_not_answer(page: str, server: Server, away: str, back: str):
    def slowest_answer() -> float:
        slowest = wait_until(page, 200)
        server.docker(away)
        try:
            slowest = max(slowest, wait_until(page, 503))
            assert ask(page, "/healthz").status == 200
            assert ask(page, "/barchart/_status").json()["ready"] is False
            opened = ask(page, "/barchart/", accept="text/html")
            assert (opened.status, opened.media_type) == (200, "text/html")
        finally:
            server.docker(back)
            server.wait_until_ready()
        return max(slowest, wait_until(page, 200))

    assert any(slowest_answer() < HEALTH_CHECK_S for _ in range(TRIES))
    assert open_page(page, "/barchart/").figures()[0]["data"]
