"""A real Chromium, and pages in it that fail their test when they log an error."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from tests.conftest import CHROMIUM

# No network but the site's; no sandbox, which a container has no rights for.
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = (1280, 900)
PHONE = (360, 740)
WAIT_LIMIT_MS = 20_000  # two shared cores that other suites use too

expect.set_options(timeout=WAIT_LIMIT_MS)

OpenPage = Callable[..., Page]
OpenProfile = Callable[[], AbstractContextManager[BrowserContext]]


@pytest.fixture(scope="session")
def open_profile(tmp_path_factory) -> Iterator[OpenProfile]:
    """Open a browser with a profile on disk, which keeps compiled scripts: a page opens in a third of the time.

    It is to end before the site that it looks at, which would wait for its connections.
    """
    with sync_playwright() as playwright:

        @contextmanager
        def opened() -> Iterator[BrowserContext]:
            profile = playwright.chromium.launch_persistent_context(
                tmp_path_factory.mktemp("profile"),
                executable_path=CHROMIUM,
                args=FLAGS,
                ignore_default_args=["--disable-back-forward-cache"],  # readers have it
            )
            profile.set_default_timeout(WAIT_LIMIT_MS)
            yield profile
            profile.close()

        yield opened


@pytest.fixture(scope="session")
def profile(embedded, open_profile) -> Iterator[BrowserContext]:
    """The browser of most tests."""
    with open_profile() as profile:
        yield profile


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What the test's tabs logged as errors; a test that expects some takes them out."""
    logged = []
    yield logged
    assert logged == []


@pytest.fixture
def open_page(profile, faults) -> Iterator[OpenPage]:
    """Open a new tab for a kind of reader; every tab is closed after the test."""
    with ExitStack() as opened:
        yield lambda **reader: opened.enter_context(tab(profile, faults, **reader))


@pytest.fixture
def page(open_page) -> Page:
    """A tab of a desktop's reader who prefers light."""
    return open_page()


@pytest.fixture
def lone_page(profile, faults) -> Iterator[Page]:
    """A tab with a profile of its own: closed, it holds no connection to a site that has to stop."""
    with profile.browser.new_context() as context, tab(context, faults) as page:
        yield page


@contextmanager
def tab(
    context: BrowserContext,
    faults: list[str],
    size: tuple[int, int] = DESKTOP,
    scheme: str = "light",
    motion: str = "no-preference",
) -> Iterator[Page]:
    """A tab of a kind of reader; its errors are written down."""
    page = context.new_page()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.emulate_media(color_scheme=scheme, reduced_motion=motion)
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    page.close()
