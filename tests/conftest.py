"""What the suites share: the modes that a site runs in, and what this machine must be able to test.

PORTICO_TEST_REQUIRE=containers,browser makes the absence of an engine or of Chromium a failure.
"""

import compileall
import os
import shutil
import subprocess
from collections.abc import Iterator

import pytest
import requests
from hypothesis import settings

from tests.processes import MODES, ROOT
from tests.reference_site import write_reference_site
from tests.site.site_pages import look_at

CHROMIUM = "/usr/bin/chromium"
CONTAINERS = "containers"
GIVEN_SITE_TIMEOUT_S = 10
REQUIRED = "PORTICO_TEST_REQUIRE"
WITHOUT_A_GATEWAY = "one_server"
GIVEN = "given"  # the site of --url, behind a gateway of its own


settings.register_profile("busy machine", deadline=None)
settings.load_profile("busy machine")


def pytest_addoption(parser):
    parser.addoption("--url", help="run the site suite against this running site, and nothing else")
    parser.addoption("--starts", type=int, default=2, help="how often each mode is started for its first requests")
    parser.addoption("--rollouts", type=int, default=1, help="how many builds follow each other under load")


def pytest_configure(config):
    """Forget what the caller's environment says of a site; ask a site that was given once, before hundreds of tests do."""
    for name in [each for each in os.environ if each.startswith("PORTICO_") and each != REQUIRED]:
        del os.environ[name]
    url = config.getoption("--url")
    if not url:
        return
    try:
        requests.get(url, timeout=GIVEN_SITE_TIMEOUT_S)
        look_at(url.rstrip("/"))
    except requests.RequestException as error:
        raise pytest.UsageError(f"--url {url}: no site answers there: {error}") from None
    except ValueError as error:
        raise pytest.UsageError(f"--url {url}: {error}") from None


def pytest_sessionstart():
    """Compile what a hundred starts import: where the environment forbids Python to write bytecode, each would do so again."""
    for folder in ("portico", "gateway", "services"):
        compileall.compile_dir(ROOT / folder, quiet=1)


def pytest_generate_tests(metafunc):
    """Run what asks for `site` in each mode, and what asks for `gateway_site` in each that has a gateway."""
    modes = [GIVEN] if metafunc.config.getoption("--url") else [*MODES, CONTAINERS]
    with_gateway = [each for each in modes if each != WITHOUT_A_GATEWAY]
    for fixture, names in {"site": modes, "gateway_site": with_gateway}.items():
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, [mode(name) for name in names], indirect=True)
    if "nth_start" in metafunc.fixturenames:
        metafunc.parametrize("nth_start", range(1, metafunc.config.getoption("--starts") + 1))


def pytest_collection_modifyitems(config, items):
    if config.getoption("--url"):
        others = [item for item in items if not {"site", "gateway_site"} & set(item.fixturenames)]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]
    missing = {"containers": engine_is_missing(), "browser": chromium_is_missing()}
    required = os.environ.get(REQUIRED, "").split(",")
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
    with MODES["embedded"]() as address:
        yield address


@pytest.fixture(scope="session")
def one_server() -> Iterator[str]:
    """The address of a site with every page on one Flask server."""
    with MODES["one_server"]() as address:
        yield address


@pytest.fixture(scope="session")
def mixed() -> Iterator[str]:
    """The address of a site whose bar chart runs in a process of its own."""
    with MODES["mixed"]() as address:
        yield address


@pytest.fixture(scope="session")
def stack():
    """The compose stack (a `tests.containers.stack.Stack`), built and healthy."""
    from tests.containers.stack import running_stack  # noqa: PLC0415 - only where there is an engine

    with running_stack() as stack:
        yield stack


def mode(name: str):
    """A parameter of the `site` fixture, marked with what it needs."""
    return pytest.param(name, marks=[pytest.mark.containers] if name == CONTAINERS else [])


@pytest.fixture
def site(request) -> str:
    """The address of a running site, in each mode; or of the one given with --url."""
    return address_of(request.param, request)


@pytest.fixture
def gateway_site(request) -> str:
    """The address of a running site behind a gateway, in each mode that has one."""
    return address_of(request.param, request)


def address_of(name: str, request) -> str:
    if name == GIVEN:
        return request.config.getoption("--url").rstrip("/")
    return request.getfixturevalue("stack").url if name == CONTAINERS else request.getfixturevalue(name)


@pytest.fixture
def site_copy(tmp_path):
    """A copy of the reference site, to add to."""
    write_reference_site(tmp_path)
    return tmp_path
