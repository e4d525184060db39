"""A new build of a page takes the place of the old one while visitors are at work, and none of them notices."""

import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.containers.lean_load import lean_load_on
from tests.containers.site_copy import PageSource, copy_site, make_impure, start_rollout
from tests.containers.stack import Stack, inspect, run
from tests.processes import free_port

pytestmark = pytest.mark.containers

PAGE = "barchart"
REPLICAS = 3
LIMIT_S = 300
FIRST_REQUESTS = 15  # after a rollout
LEAST_ANSWERS = 300  # of a short load
ANSWERS_A_ROLLOUT = 5000  # in the long form
QUERY_SECONDS = "17"  # a variable of the shell that the site was started from, and of no other


@dataclass
class Copy:
    """A copy of the site whose page is changed, and its compose project."""

    folder: Path
    stack: Stack
    source: PageSource

    def change(self, code: str = "") -> None:
        """Give the page another build, with this code at its end."""
        self.source.change(code)

    def up(self, replicas: int = REPLICAS) -> None:
        """Run that many replicas, as the shell would that the site was started from."""
        with pytest.MonkeyPatch.context() as shell:
            shell.setenv("PORTICO_QUERY_SECONDS", QUERY_SECONDS)
            shell.setenv("GATEWAY_START_SECONDS", "0")  # the other pages do not run here
            scale = ("--scale", f"{PAGE}={replicas}")
            self.stack.compose("up", "--detach", "--no-build", "--wait", *scale, "discovery", "gateway", PAGE)
        # A gateway that was told not to wait for its pages hears of this one a moment after it is healthy.
        self.stack.wait_for(f"/{PAGE}/_status", 200, within=60)

    def start_rollout(self, *arguments: str) -> subprocess.Popen:
        return start_rollout(self.stack, *arguments)

    def rollout(self, *arguments: str) -> tuple[int, str]:
        """Roll out, and return the exit code and all that was said."""
        process = self.start_rollout(*arguments)
        said, _ = process.communicate(timeout=LIMIT_S)
        print(said)
        return process.returncode, said

    def build_served(self) -> str:
        return requests.get(f"{self.stack.url}/{PAGE}/_status", timeout=10).json()["build"]

    def replicas(self) -> list[dict]:
        """What the engine knows of each of the page's containers, those that stopped as well."""
        return [inspect(each) for each in self.stack.compose("ps", "--all", "--quiet", PAGE).split()]

    def images(self) -> list[str]:
        return sorted(each["Image"] for each in self.replicas())

    def tagged(self) -> str:
        """The image that `docker compose up` would start."""
        return run("docker", "image", "inspect", "--format", "{{.Id}}", f"{self.stack.project}-{PAGE}").strip()


@pytest.fixture(scope="module")
def copy(tmp_path_factory) -> Iterator[Copy]:
    """Gateway, discovery and three replicas of a plain page whose callbacks are neither kept nor sent again: a cut is a failure."""
    folder = tmp_path_factory.mktemp("site")
    copy_site(folder)
    make_impure(folder, PAGE)
    shutil.copy(Path(__file__).with_name("plain_page.py"), folder / "services" / PAGE / "page.py")
    stack = Stack(f"portico-rollout-{uuid.uuid4().hex[:8]}", free_port(), folder)
    try:
        stack.compose("build", "discovery", "gateway", PAGE)
        copy = Copy(folder, stack, PageSource(folder, PAGE))
        copy.up()
        yield copy
    finally:
        stack.compose("down", "--volumes", "--remove-orphans", "--rmi", "local", "--timeout", "5")
        run("docker", "image", "prune", "--force", f"--filter=label=com.docker.compose.project={stack.project}")


@pytest.fixture
def one_replica(copy: Copy) -> Iterator[Copy]:
    copy.up(1)
    yield copy
    copy.up()


def assert_served_by_one_image(copy: Copy, image: str, replicas: int = REPLICAS) -> None:
    assert copy.images() == [image] * replicas
    assert copy.tagged() == image
    assert {each["State"]["Health"]["Status"] for each in copy.replicas()} == {"healthy"}


def test_rollouts_under_load_fail_no_request(copy: Copy, pytestconfig: pytest.Config):
    rollouts = pytestconfig.getoption("--rollouts")
    answers = LEAST_ANSWERS if rollouts == 1 else ANSWERS_A_ROLLOUT
    with lean_load_on(copy.stack.url, PAGE, visitors=8) as load:
        for number in range(1, rollouts + 1):
            before, image = copy.build_served(), copy.tagged()
            copy.change()
            code, _ = copy.rollout(PAGE)
            load.learn()
            assert code == 0
            assert copy.build_served() != before
            assert copy.tagged() != image
            assert_served_by_one_image(copy, copy.tagged())
            load.wait_for(number * answers)
            print(f"rollout {number}: {load.answered} requests, {load.wrong()}")
    assert load.wrong() == []


def test_page_of_one_replica_is_never_without_one(one_replica: Copy):
    image = one_replica.tagged()
    one_replica.change()
    with lean_load_on(one_replica.stack.url, PAGE, visitors=2) as load:
        code, _ = one_replica.rollout(PAGE)
        first = {
            requests.get(f"{one_replica.stack.url}/{PAGE}/", timeout=10).status_code for _ in range(FIRST_REQUESTS)
        }
        load.learn()
    assert (code, first) == (0, {200})
    assert one_replica.tagged() != image
    assert_served_by_one_image(one_replica, one_replica.tagged(), replicas=1)
    assert load.wrong() == []


def test_rollout_keeps_the_settings_of_the_site_and_what_compose_knows_of_it(copy: Copy):
    copy.change()
    code, said = copy.rollout(PAGE)
    assert code == 0
    assert "its settings change" not in said
    before = [each["Id"] for each in copy.replicas()]
    assert all(f"PORTICO_QUERY_SECONDS={QUERY_SECONDS}" in each["Config"]["Env"] for each in copy.replicas())
    copy.up()
    assert [each["Id"] for each in copy.replicas()] == before  # it would start them anew, if it found them changed


def test_make_rollout_leaves_alone_what_did_not_change(copy: Copy, monkeypatch):
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", copy.stack.project)
    before = [each["Id"] for each in copy.replicas()]
    command = ["make", "--no-print-directory", "rollout", f"PYTHON={sys.executable}"]
    done = subprocess.run(
        command, cwd=copy.folder, env=copy.stack.environment, capture_output=True, text=True, check=True
    )
    assert f"{PAGE}: nothing changed" in done.stdout
    assert "home: left out: home is not running" in done.stdout
    assert [each["Id"] for each in copy.replicas()] == before


def test_settings_alone_are_not_rolled_out_and_that_is_said(copy: Copy, monkeypatch):
    monkeypatch.setenv("PORTICO_QUERY_SECONDS", "7")
    before = [each["Id"] for each in copy.replicas()]
    code, said = copy.rollout(PAGE)
    assert code == 1
    assert f"`docker compose up --detach --no-deps --scale {PAGE}={REPLICAS} {PAGE}` starts its replicas anew" in said
    assert [each["Id"] for each in copy.replicas()] == before


@pytest.mark.parametrize(
    ("code", "reason", "ready_within"),
    [
        ("raise RuntimeError('no such measure')", "no such measure", "60"),
        ("import time\ntime.sleep(3600)", "was not ready within 5 s", "5"),
    ],
    ids=["raises", "hangs"],
)
def test_build_that_does_not_become_ready_is_taken_back(copy: Copy, code: str, reason: str, ready_within: str):
    image, before = copy.tagged(), [each["Id"] for each in copy.replicas()]
    copy.change(code)
    with lean_load_on(copy.stack.url, PAGE, visitors=2) as load:
        exit_code, said = copy.rollout("--ready-within", ready_within, PAGE)
        load.wait_for(LEAST_ANSWERS)
    assert exit_code == 1
    assert reason in said
    assert [each["Id"] for each in copy.replicas()] == before
    assert_served_by_one_image(copy, image)
    assert load.wrong() == []


@pytest.mark.parametrize(
    ("reached", "name_means"),
    [("beside 3", "old or new"), ("new replicas ready", "old"), ("drained (1 of 3", "new")],
    ids=["while it starts", "before it knows all to be ready", "while it drains"],
)
def test_rollout_that_was_killed_in_the_middle_is_finished_by_the_next(copy: Copy, reached: str, name_means: str):
    image = copy.tagged()
    copy.change()
    with lean_load_on(copy.stack.url, PAGE, visitors=2) as load:
        stop_at(copy.start_rollout(PAGE), reached, signal.SIGKILL)
        assert ("old" if copy.tagged() == image else "new") in name_means
        load.learn()
        exit_code, _ = copy.rollout(PAGE)
        load.learn()
    assert exit_code == 0
    assert copy.tagged() != image
    assert_served_by_one_image(copy, copy.tagged())
    assert load.wrong() == []


def test_rollout_that_is_interrupted_before_all_are_ready_is_taken_back(copy: Copy):
    image, before = copy.tagged(), [each["Id"] for each in copy.replicas()]
    copy.change()
    with lean_load_on(copy.stack.url, PAGE, visitors=2) as load:
        load.wait_for(LEAST_ANSWERS)
        code = stop_at(copy.start_rollout(PAGE), "beside 3", signal.SIGINT)
    assert code == 130
    assert [each["Id"] for each in copy.replicas()] == before
    assert_served_by_one_image(copy, image)
    assert load.wrong() == []


def test_build_of_a_killed_rollout_is_cleared_away_by_one_of_another(copy: Copy):
    image = copy.tagged()
    copy.change("import time\ntime.sleep(3600)")
    rollout = copy.start_rollout(PAGE)
    while len(copy.replicas()) < 2 * REPLICAS:
        assert rollout.poll() is None
    rollout.kill()
    print(rollout.communicate(timeout=LIMIT_S)[0])
    copy.change()
    code, said = copy.rollout(PAGE)
    assert code == 0
    assert "removing what is left of earlier" in said
    assert copy.tagged() != image
    assert_served_by_one_image(copy, copy.tagged())


def test_unknown_page_is_named(copy: Copy):
    code, said = copy.rollout("nosuchpage")
    assert code == 1
    assert "nosuchpage: no page of docker-compose.yml; known: barchart, home, linechart" in said


def stop_at(rollout: subprocess.Popen, line: str, sent: int) -> int:
    """Send a signal to a rollout as soon as it has said this; return its exit code."""
    said = ""
    while line not in said:
        said = rollout.stdout.readline()
        assert said, f"it ended before it said {line!r}"
        print(said, end="")
    rollout.send_signal(sent)
    print(rollout.communicate(timeout=LIMIT_S)[0])
    return rollout.returncode
