"""What the suites share: the modes that a site runs in, and what this machine must be able to test.

PORTICO_TEST_REQUIRE=containers,browser makes the absence of an engine or of Chromium a failure.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from tests.processes import running

CHROMIUM = "/usr/bin/chromium"


def pytest_addoption(parser):
    parser.addoption("--url", help="run the site suite against this running site, and nothing else")


def pytest_collection_modifyitems(config, items):
    missing = {"containers": engine_is_missing(), "browser": chromium_is_missing()}
    required = os.environ.get("PORTICO_TEST_REQUIRE", "").split(",")
    for item in items:
        for need, reason in missing.items():
            if reason and item.get_closest_marker(need) and need not in required:
                item.add_marker(pytest.mark.skip(reason=reason))


def engine_is_missing() -> str:
    """Say why containers cannot be tested here; empty if they can."""
    if not shutil.which("docker"):
        return "no docker command"
    answers = subprocess.run(["docker", "compose", "ls"], capture_output=True, check=False).returncode == 0
    return "" if answers else "no Docker engine with Compose answers"


def chromium_is_missing() -> str:
    return "" if shutil.which(CHROMIUM) else f"no {CHROMIUM}"


@pytest.fixture(scope="session")
def embedded() -> Iterator[str]:
    """The address of a site of which every page is local to the gateway."""
    with running("gateway") as address:
        yield address


@pytest.fixture(scope="session")
def one_server() -> Iterator[str]:
    """The address of a site with every page on one Flask server."""
    with running("portico") as address:
        yield address


@pytest.fixture(scope="session")
def mixed() -> Iterator[str]:
    """The address of a site whose bar chart runs in a process of its own."""
    with running("portico", PORTICO_PAGES="barchart") as barchart:
        with running("gateway", PORTICO_REMOTE=f"barchart={barchart}") as address:
            yield address


@pytest.fixture(scope="session")
def stack():
    """The compose stack (a `tests.containers.stack.Stack`), built and healthy."""
    from tests.containers.stack import running_stack

    with running_stack() as stack:
        yield stack


def mode(name: str):
    """A parameter of the `site` fixture, marked with what it needs."""
    return pytest.param(name, marks=[pytest.mark.containers] if name == "containers" else [])


@pytest.fixture(params=[mode(name) for name in ("embedded", "one_server", "mixed", "containers")])
def site(request) -> str:
    """The address of a running site, in each mode; or of the one given with --url."""
    given = request.config.getoption("--url")
    if given:
        if request.param != "embedded":
            pytest.skip("--url gives one site, tested once")
        return given.rstrip("/")
    if request.param == "containers":
        return request.getfixturevalue("stack").url
    return request.getfixturevalue(request.param)
