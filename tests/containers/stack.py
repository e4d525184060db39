"""The site in containers, for tests: a compose project of its own on a free port, gone at the end."""

import json
import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import requests

from portico.config.registry import read_registry
from tests.processes import ROOT, free_port
from tests.reference_site import write_reference_site

COMMAND_LIMIT_S = 600  # a first build downloads every package
KNOWN_WITHIN_S = 30
POLL_S = 0.02
FREEZE_TRIES = 5
# Load comes from one address, and is to meet the site and not the limits of a client; whoever tests those says so.
WITHOUT_LIMITS = {"GATEWAY_CLIENT_LIMITS": "off"}
FILES = ("Dockerfile", ".dockerignore", "Makefile")
FOLDERS = ("requirements", "portico", "gateway", "deploy")
STAND_IN = Path(__file__).parent / "stand_in_page.py"


@dataclass(frozen=True)
class Stack:
    """A running compose project of the site.

    A test that stops, scales or kills something puts it back: the stack is shared by the whole session.
    """

    project: str
    port: int
    folder: Path = ROOT  # with the docker-compose.yml

    @property
    def url(self) -> str:
        """The site's address, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that its commands are run with."""
        return {**WITHOUT_LIMITS, **os.environ, "PORT": str(self.port)}

    def compose(self, *arguments: str) -> str:
        """Run `docker compose` on this project and return what it printed; fail with it if it fails."""
        command = ("docker", "compose", "--project-name", self.project, *arguments)
        return run(*command, environment=self.environment, folder=self.folder)

    def network(self, name: str) -> str:
        """What the engine calls a network of docker-compose.yml; each page has one of its own name."""
        return f"{self.project}_{name}"

    def containers(self, service: str) -> list[str]:
        """The ids of a service's running containers."""
        return self.compose("ps", "--quiet", service).split()

    def scale(self, service: str, replicas: int) -> None:
        """Run that many replicas, as a user would; each is healthy when this returns."""
        self.compose("up", "--detach", "--no-build", "--wait", "--scale", f"{service}={replicas}")

    def kill(self, *services: str) -> None:
        """End every replica of these services at once, as a crash of their machine would."""
        self.compose("kill", *services)

    def stop(self, *services: str) -> None:
        self.compose("stop", *services)

    def start(self, *services: str) -> None:
        self.compose("start", *services)

    def up(self) -> None:
        """Start what does not run, and wait until it is healthy."""
        self.compose("up", "--detach", "--no-build", "--wait")

    def healthy(self) -> None:
        """Put everything back: one healthy replica of each service, each known to the gateway."""
        self.up()
        self.until_known()

    def until_known(self) -> None:
        """Return when a gateway that ran before answers for every page: it learns once a second who is back."""
        for page in read_registry(self.folder).pages:
            self.wait_for(page.status_path, 200, within=KNOWN_WITHIN_S)

    def wait_for(self, path: str, status: int, within: float) -> requests.Response:
        """Ask for a path until it is answered with this status; fail after so many seconds."""
        deadline = time.monotonic() + within
        while True:
            response = requests.get(self.url + path, timeout=within, headers={"Accept": "text/html"})
            if response.status_code == status:
                return response
            assert time.monotonic() < deadline, f"{path} still answers {response.status_code} after {within} s"
            time.sleep(POLL_S)

    @contextmanager
    def stand_in(self, service: str) -> Iterator[None]:
        """Let `stand_in_page.py` answer instead of a page until the block ends: it tells what reached it."""
        name = f"{self.project}-stand-in"
        network = ["--network", self.network(service), "--network-alias", service]
        program = ["python", "-c", STAND_IN.read_text()]
        try:
            self.stop(service)
            run("docker", "run", "--detach", "--name", name, *network, f"{self.project}-{service}", *program)
            self.wait_for(f"/{service}/echo", 200, within=10)
            yield
        finally:
            run("docker", "rm", "--force", name)
            self.start(service)
            self.healthy()


def copy_site(folder: Path) -> None:
    """Copy what images and rollouts of the reference site are made of; its data folder is empty, so it shows the sample."""
    write_reference_site(folder)
    for name in FILES:
        shutil.copy(ROOT / name, folder)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "data").mkdir()


@contextmanager
def running_stack() -> Iterator[Stack]:
    """Build the reference site's images, start it and wait until it is healthy; remove all of it when the block ends."""
    with TemporaryDirectory(prefix="portico-stack-") as folder:
        copy_site(Path(folder))
        with started_stack(Stack(f"portico-test-{uuid.uuid4().hex[:8]}", free_port(), Path(folder))) as stack:
            yield stack


@contextmanager
def started_stack(stack: Stack) -> Iterator[Stack]:
    """Build and start a stack, and remove it when the block ends; a failure prints the end of its logs."""
    try:
        stack.compose("build")
        stack.up()
        yield stack
    except BaseException:
        print(stack.compose("logs", "--no-color", "--tail", "50"))
        raise
    finally:
        stack.compose("down", "--volumes", "--remove-orphans", "--rmi", "local", "--timeout", "5")


def run(*command: str, environment: dict[str, str] | None = None, folder: Path = ROOT) -> str:
    """Run a command and return what it printed; fail with all of it if it fails."""
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=COMMAND_LIMIT_S, check=False
    )
    assert done.returncode == 0, f"{' '.join(command[:6])} …:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def inspect(container: str) -> dict:
    """What the engine knows of a container."""
    return json.loads(run("docker", "inspect", container))[0]


def address_of(container: str) -> str:
    """Where a container is reached in the first of its networks."""
    network, *_ = inspect(container)["NetworkSettings"]["Networks"].values()
    return network["IPAddress"]


@contextmanager
def without_room(gateway: str) -> Iterator[None]:
    """Let a gateway have no room for what it keeps until the block ends."""
    filler = "/var/cache/portico/filler"
    # More than once: for what is being written at that moment, and gives its room back.
    fills = f"for turn in 1 2 3; do cat /dev/zero >>{filler} 2>/dev/null; sleep 0.1; done"
    try:
        run("docker", "exec", gateway, "sh", "-c", fills)
        yield
    finally:
        run("docker", "exec", gateway, "rm", "-f", filler)


def freeze(container: str) -> None:
    """Pause a container; on a busy machine the kernel does not always come to do so in time."""
    for _ in range(FREEZE_TRIES):
        with suppress(AssertionError):
            run("docker", "pause", container)
            return
    raise AssertionError(f"{container} cannot be paused")


def logged(container: str, *request_ids: str) -> list[dict]:
    """What the access log of a container says of these requests, in their order; nginx and the engine write it down later."""
    deadline = time.monotonic() + KNOWN_WITHIN_S
    while True:
        records = {record["request_id"]: record for record in access_log(container)}
        if missing := {*request_ids} - records.keys():
            assert time.monotonic() < deadline, f"not in the log of {container}: {missing}"
            time.sleep(POLL_S)
        else:
            return [records[each] for each in request_ids]


def access_log(container: str) -> list[dict]:
    """The access log of a container so far, a record for each request; the last may not be there yet."""
    lines = run("docker", "logs", container).splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def whole_access_log(replica: str) -> list[dict]:
    """The access log of a page's container up to now: it writes its lines in their order, some at a time."""
    mark = uuid.uuid4().hex
    url = f"http://{address_of(replica)}:8000/nowhere"  # a probe would not be logged
    requests.get(url, headers={"X-Request-ID": mark}, timeout=KNOWN_WITHIN_S)
    logged(replica, mark)
    return access_log(replica)


def listening_since(container: str) -> float:
    """When a page's container last began to listen, in seconds since the epoch."""
    done = subprocess.run(["docker", "logs", "--timestamps", container], capture_output=True, text=True, check=True)
    stamps = [line.split()[0] for line in (done.stdout + done.stderr).splitlines() if "Listening at" in line]
    return datetime.fromisoformat(f"{max(stamps)[:26]}+00:00").timestamp()  # of nine digits, Python reads six
