"""One client at its limits, and what another client of the same page waits: `make bench-fair`.

A site in default containers over a table of three million rows. One client keeps 190 requests under way, each for another view.
Another asks for one view after another, before and meanwhile. Both are named by X-Forwarded-For, which the gateway is told to believe.
"""

import json
import statistics
import time
from collections import Counter
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

import duckdb
import requests

from bench.memory_matrix import TABLE, VariedStack
from tests.containers.load import Visitors
from tests.processes import free_port
from tests.site.visitor import open_page

ROWS = 3_000_000
UNDER_WAY = 190
VIEWS = 60  # of the other client, before and meanwhile
GOAL = 3  # times the quiet one
TIMEOUT_S = 75
PAUSE_S = 0.5  # of a request that was refused
AGGREGATES = ("sum", "mean", "min", "max", "count")


def ask(session: requests.Session, url: str, body: dict, number: int) -> requests.Response:
    """Ask for a view that nobody else asks for."""
    query = {"table": "large.parquet", "x": "region", "measure": "amount", "aggregate": AGGREGATES[number % 5]}
    value = body["inputs"][0]["value"] | {"query": urlencode(query | {"from.amount": str(number)})}
    asked = body | {"inputs": [{**body["inputs"][0], "value": value}]}
    return session.post(f"{url}/barchart/_dash-update-component", json=asked, timeout=TIMEOUT_S)


def client(address: str) -> requests.Session:
    session = requests.Session()
    session.headers["X-Forwarded-For"] = address
    return session


def waits(url: str, body: dict, first: int) -> list[float]:
    """The seconds that each view of the quiet client took; each must be a chart."""
    session, seconds = client("192.0.2.2"), []
    for number in range(first, first + VIEWS):
        begin = time.monotonic()
        answer = ask(session, url, body, number)
        seconds.append(time.monotonic() - begin)
        drawn = answer.ok and json.loads(answer.text)["response"]["chart"]["figure"]["data"]
        assert drawn, (answer.status_code, answer.text[:200])
    return seconds


class Crowd(Visitors):
    """One client with many requests under way, until the block ends."""

    def __init__(self, url: str, body: dict) -> None:
        self.answers: Counter[int] = Counter()
        self._url, self._body, self._numbers = url, body, count(100_000)
        super().__init__(UNDER_WAY)

    def _stay(self, _number: int) -> None:
        session = client("192.0.2.1")
        while not self._over.is_set():
            answer = ask(session, self._url, self._body, next(self._numbers))
            self.answers[answer.status_code] += 1
            if not answer.ok:
                self._over.wait(PAUSE_S)


def p99(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=100, method="inclusive")[98]


def main() -> None:
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        duckdb.sql(f"COPY ({TABLE.format(rows=ROWS)}) TO '{folder}/large.parquet' (FORMAT parquet)")
        variables = {"PORTICO_DATA_FOLDER": folder, "GATEWAY_TRUSTED_PROXY": "0.0.0.0/0", "GATEWAY_CLIENT_LIMITS": "on"}
        stack = VariedStack("portico-bench-fair", free_port(), variables=variables)
        try:
            stack.compose("up", "--build", "--detach", "--wait")
            body = open_page(stack.url, "/barchart/").asking("")
            waits(stack.url, body, 0)  # the first views read the table
            quiet = waits(stack.url, body, 1000)
            with Crowd(stack.url, body) as crowd:
                time.sleep(5)  # until all of it is under way
                crowded = waits(stack.url, body, 2000)
        finally:
            stack.compose("down", "--volumes", "--timeout", "5")
    print("| | quiet | one client at its limits |\n|---|---|---|")
    print(f"| median (s) | {statistics.median(quiet):.3f} | {statistics.median(crowded):.3f} |")
    print(f"| p99 (s) | {p99(quiet):.3f} | {p99(crowded):.3f} |")
    ratio = p99(crowded) / p99(quiet)
    print(f"\np99 {ratio:.2f} times the quiet one (goal ≤ {GOAL}): {'met' if ratio <= GOAL else 'MISSED'}")
    print(f"answers to the crowd by status: {dict(crowd.answers)}")


if __name__ == "__main__":
    main()
