"""A real Chromium, and pages in it that fail their test when they log an error."""

from collections.abc import Callable, Iterator
from functools import cache, partial

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

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


@pytest.fixture(scope="session")
def browser(embedded) -> Iterator[Browser]:
    """Chromium; it ends before the site, which would wait for its connections."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=FLAGS,
            ignore_default_args=["--disable-back-forward-cache"],  # readers have it
        )
        yield chromium
        chromium.close()


def new_context(
    browser: Browser, size: tuple[int, int] = DESKTOP, scheme: str = "light", motion: str = "no-preference", script=True
) -> BrowserContext:
    """A profile of a kind of reader."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,
        reduced_motion=motion,
        java_script_enabled=script,
    )
    context.set_default_timeout(WAIT_LIMIT_MS)
    return context


@pytest.fixture(scope="session")
def context_for(browser) -> Callable[..., BrowserContext]:
    """Give the profile of a kind of reader, the same each time: scripts are loaded once."""
    return cache(partial(new_context, browser))


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What the test's tabs logged as errors; a test that expects some takes them out."""
    logged = []
    yield logged
    assert logged == []


@pytest.fixture
def open_page(context_for, faults) -> Iterator[OpenPage]:
    """Open a new tab for a kind of reader; every tab is closed after the test."""
    opened = []

    def open_page(**reader) -> Page:
        opened.append(watched(context_for(**reader).new_page(), faults))
        return opened[-1]

    yield open_page
    for page in opened:
        page.close()


@pytest.fixture
def page(open_page) -> Page:
    """A tab of a desktop's reader who prefers light."""
    return open_page()


@pytest.fixture
def lone_page(browser, faults) -> Iterator[Page]:
    """A tab with a profile of its own: closed, it holds no connection to a site that has to stop."""
    context = new_context(browser)
    yield watched(context.new_page(), faults)
    context.close()


def watched(page: Page, faults: list[str]) -> Page:
    """Write down every error of a tab."""
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    return page
