"""The gateway's store of answers against a page that can say anything: no wrong answer is ever kept or given."""

import hashlib
import json
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.nginx.render import nginx_config
from portico.config.registry import parse_registry
from tests.containers.stack import Stack, logged, run, without_room
from tests.processes import free_port
from tests.tries import TRIES

pytestmark = pytest.mark.containers
PAGE = Path(__file__).parent / "sharing_page.py"
REGISTRY = {"site": {"title": "T"}, "page": [{"name": "sharing", "pure": True, "fresh": 60, "body_limit": 1_000_000}]}
SHARED = {"Cache-Control": "public, max-age=60", "X-Portico-Version": "1"}
START = ("docker", "run", "--detach", "--name")
KEPT = "/var/cache/portico"
ROOM = "64m"
WITHIN_S = 60  # on a busy machine
VERSION_ASKED_EVERY_S = 1  # by the gateway
BUFFER = 64 * 1024  # bytes of a body that the gateway holds in memory


@dataclass(frozen=True)
class Sharing:
    """A gateway in front of the page, both its own."""

    url: str
    gateway: str

    def ask(self, body: str | bytes | Iterator[bytes], **headers: str) -> dict:
        """A callback's answer."""
        return self.answer(body, **headers).json()

    def answer(self, body: str | bytes | Iterator[bytes], **headers: str) -> requests.Response:
        kind = {"Content-Type": "application/json"}
        return requests.post(
            f"{self.url}/sharing/_dash-update-component", data=body, headers=kind | headers, timeout=20
        )

    def counts(self) -> dict[str, int]:
        """How often the page was asked for answers, for its version (this time included), and for it by one alone."""
        return requests.get(f"{self.url}/sharing/_status", timeout=10).json()

    def page_says(self, **what: object) -> None:
        requests.put(f"{self.url}/sharing/", data=json.dumps(what), timeout=10).raise_for_status()

    def until(self, version: str) -> None:
        """Return when the gateway has heard of a version of the page: it asks once a second."""
        self.page_says(version=version, headers=SHARED | {"X-Portico-Version": version})
        deadline = time.monotonic() + WITHIN_S
        while time.monotonic() < deadline:
            body = uuid.uuid4().hex
            if self.ask(body) == self.ask(body):
                return
        raise AssertionError(f"answers of version {version} are not kept")


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("templates")
    (folder / "nginx.conf.template").write_text(nginx_config(parse_registry(REGISTRY)))
    folder.chmod(0o755)
    return folder


@pytest.fixture(scope="module", params=[ROOM, "256k"], ids=["room", "folder that is full"])
def either(stack: Stack, templates: Path, request: pytest.FixtureRequest) -> Iterator[Sharing]:
    """A gateway with room for what it keeps, and one whose folder is full at once."""
    with running(stack, templates, request.param) as started:
        yield started


@pytest.fixture(scope="module")
def sharing(stack: Stack, templates: Path) -> Iterator[Sharing]:
    with running(stack, templates, ROOM) as started:
        yield started


@contextmanager
def running(stack: Stack, templates: Path, room: str) -> Iterator[Sharing]:
    """Start the page, and a gateway in front of it that has so much room for what it keeps."""
    suffix, port = f"-{uuid.uuid4().hex[:6]}", free_port()
    name, alias = f"{stack.project}{suffix}", f"sharing{suffix}"
    network = ("--network", stack.network("outside"))
    page = ("python", "-c", PAGE.read_text())
    try:
        run(*START, f"{name}-page", *network, "--network-alias", alias, f"{stack.project}-barchart", *page)
        run(
            *START,
            name,
            *network,
            *(
                "--env",
                f"PORTICO_DNS_SUFFIX={suffix}",
                "--env",
                "GATEWAY_DISCOVERY=",
                "--env",
                "GATEWAY_CLIENT_LIMITS=off",
            ),
            *gateway_options(templates, room, port),
            f"{stack.project}-gateway",
        )
        started = Sharing(f"http://127.0.0.1:{port}", name)
        wait_until_up(started)
        yield started
    finally:
        run("docker", "rm", "--force", f"{name}-page", name)


def gateway_options(templates: Path, room: str, port: int) -> list[str]:
    kept = f"{KEPT}:mode=1777,size={room}"
    mounts = ["--tmpfs", "/tmp:mode=1777", "--tmpfs", kept, "--volume", f"{templates}:/etc/nginx/templates:ro"]
    return ["--read-only", "--publish", f"127.0.0.1:{port}:8080", *mounts]


def wait_until_up(sharing: Sharing) -> None:
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        try:
            if requests.get(f"{sharing.url}/sharing/", timeout=5).status_code == 200:
                return
        except requests.ConnectionError:
            continue
    raise AssertionError(run("docker", "logs", sharing.gateway))


def digest(body: str | bytes) -> str:
    return hashlib.sha256(body.encode() if isinstance(body, str) else body).hexdigest()


BODIES = st.one_of(
    st.text(min_size=1, max_size=200).map(str.encode),
    st.binary(min_size=1, max_size=300),
    st.sampled_from(
        [b"|", b"||1", b"a|b", b"a\nb", b"\0", b"$request_body", b"{}", b"x" * (BUFFER - 1), b"x" * BUFFER]
    ),
    st.tuples(st.integers(BUFFER - 3, BUFFER + 3), st.sampled_from([b"y", b"z"])).map(lambda pair: pair[1] * pair[0]),
    st.tuples(st.integers(2 * BUFFER, 2 * BUFFER + 2), st.sampled_from([b"y", b"z"])).map(
        lambda pair: pair[1] * pair[0]
    ),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.lists(BODIES, min_size=1, max_size=4))
def test_no_body_ever_gets_the_answer_of_another(either: Sharing, bodies: list[bytes]):
    for body in bodies * 2:
        assert either.ask(body)["digest"] == digest(body)


@pytest.mark.parametrize("size", [BUFFER + 1, 3 * BUFFER])
def test_body_that_fits_no_buffer_is_worked_out_each_time(sharing: Sharing, size: int):
    one, other = b"a" * size, b"b" * size
    answers = [sharing.ask(body) for body in (one, other, one)]
    assert [each["digest"] for each in answers] == [digest(one), digest(other), digest(one)]
    assert len({each["number"] for each in answers}) == 3


def test_body_in_chunks_has_the_key_of_its_bytes(sharing: Sharing):
    body = uuid.uuid4().hex.encode() * 100
    chunks = (body[start : start + 700] for start in range(0, len(body), 700))
    assert sharing.ask(chunks)["digest"] == digest(body)
    assert sharing.ask(body)["digest"] == digest(body)
    assert sharing.ask(body[:-1])["digest"] == digest(body[:-1])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Cache-Control": "no-store", "X-Portico-Version": "1"},
        {"Cache-Control": "private, max-age=60", "X-Portico-Version": "1"},
        {"Cache-Control": "public, max-age=60"},
        {"Cache-Control": "public, max-age=60", "X-Portico-Version": ""},
        {"Cache-Control": "public, max-age=60", "X-Portico-Version": "2"},
        {"Cache-Control": "public, max-age=60", "X-Portico-Version": "11"},
        SHARED | {"Set-Cookie": "session=1"},
        SHARED | {"Vary": "*"},
    ],
)
def test_answer_that_may_not_be_shared_is_not_kept(sharing: Sharing, headers: dict[str, str]):
    sharing.page_says(headers=headers)
    body = uuid.uuid4().hex
    numbers = [sharing.ask(body)["number"] for _ in range(2)]
    sharing.page_says(headers=SHARED)
    assert numbers[0] != numbers[1]


def test_another_version_ends_what_was_kept_of_the_one_before(sharing: Sharing):
    body = uuid.uuid4().hex
    first = sharing.ask(body)
    sharing.until("2")
    second = sharing.ask(body)
    assert second["number"] > first["number"]
    sharing.until("1")
    assert second["digest"] == first["digest"]


def test_nobody_waits_for_the_version_that_another_asks_for_while_none_is_known(stack: Stack, templates: Path):
    def told_and_alone() -> tuple[int, int]:
        with running(stack, templates, ROOM) as sharing, ThreadPoolExecutor(2) as pool:
            before = sharing.counts()
            sharing.page_says(tells_two=True)
            answers = [pool.submit(sharing.answer, uuid.uuid4().hex) for _ in range(2)]
            assert [each.result().status_code for each in answers] == [200, 200]
            sharing.page_says(tells_two=False)
            after = sharing.counts()
            return after["told"] - before["told"] - 1, after["alone"]

    assert (2, 0) in (told_and_alone() for _ in range(TRIES))


def test_version_is_asked_for_by_one_of_those_who_come_at_once(sharing: Sharing):
    readers, seconds = 12, 4 * VERSION_ASKED_EVERY_S

    def go_on_asking(until: float) -> int:
        answers = 0
        while time.monotonic() < until:
            sharing.ask(uuid.uuid4().hex)
            answers += 1
        return answers

    def asked_too_often() -> int:
        before = sharing.counts()["told"]
        with ThreadPoolExecutor(readers) as pool:
            answers = list(pool.map(go_on_asking, [time.monotonic() + seconds] * readers))
        assert min(answers) > 0
        # All of those who come after some seconds without anybody; then one a second.
        return sharing.counts()["told"] - before - readers - seconds / VERSION_ASKED_EVERY_S - 1

    sharing.page_says(tells_after=0.3)
    try:
        assert any(asked_too_often() <= 0 for _ in range(TRIES))
    finally:
        sharing.page_says(tells_after=0)


@pytest.mark.parametrize("status", [500, 404])
def test_page_that_fails_to_say_its_version_answers_and_nothing_is_kept(sharing: Sharing, status: int):
    sharing.page_says(status=status)
    try:
        deadline = time.monotonic() + WITHIN_S
        while time.monotonic() < deadline:
            body = uuid.uuid4().hex
            if sharing.ask(body) != sharing.ask(body):
                return
    finally:
        sharing.page_says(status=200)
        sharing.until("1")
    raise AssertionError("the last version is kept for ever")


def test_no_answer_is_cut_for_as_long_as_there_is_no_room(stack: Stack, templates: Path):
    # A gateway of its own: for two seconds more, one of nginx's processes may still know of no room.
    with running(stack, templates, ROOM) as sharing:
        with without_room(sharing.gateway):
            until_noticed(sharing.gateway)
            until = time.monotonic() + 3 * VERSION_ASKED_EVERY_S
            while time.monotonic() < until:
                sharing.ask(uuid.uuid4().hex)
        until = time.monotonic() + WITHIN_S
        while sharing.ask(body := uuid.uuid4().hex) != sharing.ask(body):
            assert time.monotonic() < until, "nothing is kept though there is room again"


def until_noticed(gateway: str) -> None:
    """Return once nginx is told that there is no room."""
    deadline = time.monotonic() + WITHIN_S
    while subprocess.run(["docker", "exec", gateway, "test", "-e", "/tmp/no-room"], check=False).returncode:
        assert time.monotonic() < deadline, "nobody tells it"


def test_answer_that_is_past_its_time_is_given_to_nobody(sharing: Sharing):
    sharing.page_says(headers=SHARED | {"Cache-Control": "public, max-age=1, stale-while-revalidate=1"})
    try:
        body = uuid.uuid4().hex
        first, second = (sharing.ask(body)["number"] for _ in range(2))
        assert second == first
        time.sleep(3)  # nobody asks meanwhile, which would have it renewed
        assert sharing.ask(body)["number"] > first
    finally:
        sharing.page_says(headers=SHARED)


def test_old_answer_is_given_while_the_new_one_is_worked_out(sharing: Sharing):
    sharing.page_says(headers=SHARED | {"Cache-Control": "public, max-age=1, stale-while-revalidate=60"})
    try:
        body = uuid.uuid4().hex
        answers = [sharing.answer(body)]
        deadline = time.monotonic() + WITHIN_S
        while answers[-1].json() == answers[0].json():
            assert time.monotonic() < deadline, "it is never renewed"
            answers.append(sharing.answer(body))
        said = [each["cache"] for each in logged(sharing.gateway, *(each.headers["X-Request-ID"] for each in answers))]
        assert (said[0], said[-1]) == ("MISS", "HIT")
        assert "STALE" in said
        assert "EXPIRED" not in said
    finally:
        sharing.page_says(headers=SHARED)


def test_readers_who_ask_at_once_share_one_flight(sharing: Sharing):
    sharing.page_says(seconds=0.5)
    body, numbers = uuid.uuid4().hex, []
    readers = [threading.Thread(target=lambda: numbers.append(sharing.ask(body)["number"])) for _ in range(20)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    sharing.page_says(seconds=0)
    assert len(numbers) == 20
    assert len(set(numbers)) == 1


def test_folder_that_cannot_be_written_to_is_said_at_the_start(stack: Stack, templates: Path):
    name = f"{stack.project}-read-only"
    mounts = ["--read-only", "--tmpfs", "/tmp:mode=1777", "--volume", f"{templates}:/etc/nginx/templates:ro"]
    done = subprocess.run(
        ["docker", "run", "--rm", "--name", name, *mounts, f"{stack.project}-gateway"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert KEPT in done.stderr
