"""Two builds of one page side by side, as in a rollout, with tabs of both: no failure and no wrong bytes."""

import hashlib
import os
import subprocess
import threading
import time
from collections import Counter
from contextlib import ExitStack

import pytest

from tests.containers.stack import Stack, run
from tests.site.visitor import open_page, post, with_query, without_pace

pytestmark = pytest.mark.containers
PAGE = "/barchart/"
# The output that a tab of the other build asks for has another name here.
OTHER = """
FROM {image}
USER root
RUN sed -i 's/"caption"/"heading"/g' portico/charts/page.py && rm portico/charts/__pycache__/page.*
USER 10001:10001
"""
SECONDS = float(os.environ.get("PORTICO_TEST_SECONDS", "10"))
BOTH_MET_WITHIN_S = 60
VISITORS = 4
QUERIES = ["", "x=continent", "measure=gdpPercap", "range.year=1952&range.year=1962"]


@pytest.fixture(scope="module")
def two_builds(stack: Stack):
    """The stack with a replica of another build beside the bar chart's own."""
    name, image = f"{stack.project}-build", f"{stack.project}-barchart"
    command = ["docker", "build", "--quiet", "--tag", name, "-"]
    built = subprocess.run(
        command, input=OTHER.format(image=image), capture_output=True, text=True, timeout=300, check=False
    )
    assert built.returncode == 0, built.stderr
    network = ["--network", stack.network("barchart"), "--network-alias", "barchart"]
    try:
        run("docker", "run", "--detach", "--name", name, *network, name)
        yield stack
    finally:
        run("docker", "rm", "--force", name)
        run("docker", "rmi", "--force", name)


def digest(text: str) -> str:
    return hashlib.sha256(without_pace(text).encode()).hexdigest()[:12]


class Tab:
    """A page that was opened, and what its callbacks are answered."""

    def __init__(self, url: str) -> None:
        self._url = url
        opened = open_page(url, PAGE)
        self.build: str = opened.document.first["build"]
        self.index = digest(opened.answer.text)
        (body,) = opened.callbacks()
        self._bodies = [with_query(body, query) for query in QUERIES]
        self.answers: Counter[tuple[int, int, str]] = Counter()

    def stay(self, until: float) -> None:
        while time.monotonic() < until:
            for number, body in enumerate(self._bodies):
                answer = post(self._url, PAGE, body, X_Portico_Build=self.build)
                self.answers[number, answer.status, digest(answer.text)] += 1


def tabs_of_both(url: str) -> dict[str, list[Tab]]:
    """Open the page until each of the two builds has its visitors."""
    tabs: dict[str, list[Tab]] = {}
    deadline = time.monotonic() + BOTH_MET_WITHIN_S
    while len(tabs) < 2 or min(map(len, tabs.values())) < VISITORS // 2:
        assert time.monotonic() < deadline, f"met {list(tabs)}"
        tab = Tab(url)
        tabs.setdefault(tab.build, []).append(tab)
    return {build: each[: VISITORS // 2] for build, each in tabs.items()}


def test_tabs_of_both_builds_get_their_answer_or_are_told(two_builds: Stack):
    tabs = tabs_of_both(two_builds.url)
    assert len({each.index for of_build in tabs.values() for each in of_build}) == 2
    until = time.monotonic() + SECONDS
    with ExitStack() as visits:
        for tab in (each for of_build in tabs.values() for each in of_build):
            visit = threading.Thread(target=tab.stay, args=(until,))
            visit.start()
            visits.callback(visit.join)
    for build, of_build in tabs.items():
        answers = sum((tab.answers for tab in of_build), Counter())
        print(build, sorted(answers.items()))
        assert {status for _, status, _ in answers} == {200, 409}
        right = {(number, text) for number, status, text in answers if status == 200}
        assert len(right) == len(QUERIES)  # one answer to each, whichever replica gave it
        assert len({text for _, status, text in answers if status == 409}) == 1
