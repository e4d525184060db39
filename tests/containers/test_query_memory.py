"""A query that is too large for its container is answered with a sentence; the container and its neighbours go on."""

import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest
import requests

from tests.containers.stack import Stack, address_of, inspect, run
from tests.processes import START_LIMIT_S
from tests.site.visitor import open_page, post, with_query

pytestmark = pytest.mark.containers

MEMORY = "230m"  # the page itself takes about 130 MB
ROWS = 4_000_000
TABLE = f"""
    SELECT 'customer ' || (hash(n) % 200000)::VARCHAR AS customer, (hash(n + 3) % 100000000) / 1000.0 AS amount
    FROM range({ROWS}) _(n)
"""


@pytest.fixture
def container(stack: Stack, tmp_path: Path) -> Iterator[str]:
    """The bar chart's image over a large table, with little memory."""
    duckdb.sql(f"COPY ({TABLE}) TO '{tmp_path / 'large.parquet'}' (FORMAT parquet)")
    tmp_path.chmod(0o755)
    name = f"{stack.project}-memory-{uuid.uuid4().hex[:6]}"
    options = [f"--memory={MEMORY}", f"--memory-swap={MEMORY}", f"--volume={tmp_path}:/site/data:ro"]
    try:
        run("docker", "run", "--detach", f"--name={name}", *options, f"{stack.project}-barchart")
        yield name
    finally:
        run("docker", "rm", "--force", "--volumes", name)


def test_query_that_is_too_large_is_a_sentence_and_kills_nothing(container: str):
    address = address_of(container)
    url = f"http://{address}:8000"
    wait_until_answering(f"{url}/healthz")
    (body,) = open_page(url, "/barchart/").callbacks()
    captions = []
    for aggregate in ("median", "distinct", "median"):
        query = f"table=large.parquet&x=customer&measure=amount&aggregate={aggregate}&split=-"
        answer = post(url, "/barchart/", with_query(body, query))
        assert answer.status == 200
        response = answer.json()["response"]
        captions.append("" if response["chart"]["figure"]["data"] else response["caption"]["children"])
    assert any(caption.startswith("This needs more memory than a query may use.") for caption in captions)
    assert open_page(url, "/barchart/?table=large.parquet&aggregate=count&measure=*").figures()
    state = inspect(container)["State"]
    assert (state["Running"], state["OOMKilled"]) == (True, False)
    assert "SIGKILL" not in run("docker", "logs", container)


def wait_until_answering(url: str) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        with suppress(requests.ConnectionError):
            requests.get(url, timeout=START_LIMIT_S).raise_for_status()
            return
        assert time.monotonic() < deadline
        time.sleep(0.05)
