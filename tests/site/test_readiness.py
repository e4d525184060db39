"""A page without its data is unready, not dead: it says so, answers still, and is ready by itself when the data is back."""

import json
import time

import pytest

from tests.processes import running
from tests.site.visitor import ask, open_page
from tests.tries import READINESS_LIMIT_S, TRIES, seconds_of

NOTICED_WITHIN_S = 10
POLL_S = 0.1


@pytest.fixture
def folder(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "shop.csv").write_text("name,sold\na,1\nb,2\n")
    return data


@pytest.fixture
def service(folder):
    """All pages in one process, the charts with a folder of their own."""
    with running("portico", PORTICO_DATA=str(folder)) as address:
        yield address


def readiness(service):
    answer = ask(service, "/readyz")
    found = json.loads(answer.body)
    assert (answer.status == 200) == found["ready"]
    return found["pages"]


def wait_for(service, pages):
    deadline = time.monotonic() + READINESS_LIMIT_S
    while readiness(service) != pages:
        assert time.monotonic() < deadline, readiness(service)
        time.sleep(POLL_S)


def test_pages_are_unready_while_their_folder_is_away_and_ready_when_it_is_back(service, folder):
    ready = {"home": True, "barchart": True, "linechart": True}
    aside = folder.with_name("aside")

    def go_away() -> None:
        wait_for(service, ready)
        folder.rename(aside)
        wait_for(service, {"home": True, "barchart": False, "linechart": False})

    def go_away_and_come_back() -> None:
        go_away()
        aside.rename(folder)
        wait_for(service, ready)

    assert readiness(service) == ready
    assert any(seconds_of(go_away_and_come_back) < NOTICED_WITHIN_S for _ in range(TRIES))
    go_away()
    assert ask(service, "/barchart/_status").json()["ready"] is False
    assert ask(service, "/healthz").status == 200
    assert "The data folder cannot be read" in open_page(service, "/barchart/").answer.text
    aside.rename(folder)
    wait_for(service, ready)
    assert ask(service, "/barchart/_status").json()["ready"] is True
    assert open_page(service, "/barchart/").figures()[0]["data"]


def test_table_that_cannot_be_read_is_no_reason_to_be_unready(tmp_path):
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 and no more")
    with running("portico", PORTICO_DATA=str(tmp_path)) as service:
        assert readiness(service)["barchart"]
        assert "broken" in open_page(service, "/barchart/").answer.text
