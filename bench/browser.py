"""A browser that is driven over DevTools: what went over the wire, and when a chart was drawn."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory

from playwright.sync_api import BrowserContext, CDPSession, Page, Playwright

from tests.browser.conftest import FLAGS
from tests.conftest import CHROMIUM

# Bars or lines of the chart that a path shows; looked for before every frame.
MARKS = {"/barchart": ".barlayer .point path", "/linechart": ".scatterlayer .js-line"}
WATCH = """
(() => {
  const marks = MARKS;
  const now = () => performance.timeOrigin + performance.now();
  window.benchDrawn = {};
  addEventListener("click", () => sessionStorage.setItem("bench-click", now()), true);
  const look = () => {
    const path = location.pathname.replace(/\\/$/, "");
    if (marks[path] && !(path in window.benchDrawn) && document.querySelector(marks[path])?.getAttribute("d"))
      window.benchDrawn[path] = now();
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();
""".replace("MARKS", json.dumps(MARKS))
LIMIT_MS = 60_000
QUIET_MS = 800  # after the chart, for what is still asked for
SETTLE_MS = 1000  # a browser that has just started is busy with itself
SIZE = {"width": 1280, "height": 900}


@dataclass
class Wire:
    """What went over the wire for a page, headers included."""

    requests: dict[str, str] = field(default_factory=dict)  # id to type: Document, Script, …
    bytes: dict[str, float] = field(default_factory=dict)
    cached: set[str] = field(default_factory=set)

    def size(self, *types: str) -> float:
        sent = {each: size for each, size in self.bytes.items() if each not in self.cached}
        return sum(size for each, size in sent.items() if not types or self.requests.get(each) in types)

    def count(self) -> int:
        return len(self.requests.keys() - self.cached)


@dataclass(frozen=True)
class Visit:
    """One page that was opened: bytes on the wire, how much of it script, requests, and ms to a drawn chart."""

    bytes: float
    script: float
    requests: int
    ms: float


@contextmanager
def reader(playwright: Playwright) -> Iterator[BrowserContext]:
    """A browser with a profile of its own and nothing in its cache."""
    with TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, args=FLAGS, ignore_default_args=["--disable-back-forward-cache"]
        )
        context.set_default_timeout(LIMIT_MS)
        context.add_init_script(WATCH)
        context.pages[0].wait_for_timeout(SETTLE_MS)
        yield context
        context.close()


def watched(context: BrowserContext) -> tuple[Page, CDPSession]:
    """A new tab, and the session that tells what it loads."""
    page = context.new_page()
    page.set_viewport_size(SIZE)
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    return page, session


@contextmanager
def wire_of(session: CDPSession) -> Iterator[Wire]:
    """Write down what goes over the wire until the block ends."""
    wire = Wire()
    listeners = {
        "Network.requestWillBeSent": lambda told: _sent(wire, told),
        "Network.requestServedFromCache": lambda told: wire.cached.add(told["requestId"]),
        "Network.responseReceived": lambda told: _received(wire, told),
        "Network.loadingFinished": lambda told: wire.bytes.update({told["requestId"]: told["encodedDataLength"]}),
    }
    for name, listener in listeners.items():
        session.on(name, listener)
    yield wire
    for name, listener in listeners.items():
        session.remove_listener(name, listener)


def _sent(wire: Wire, told: dict) -> None:
    if told["request"]["url"].startswith("http"):
        wire.requests[told["requestId"]] = told.get("type", "Other")


def _received(wire: Wire, told: dict) -> None:
    if told["response"].get("fromDiskCache"):
        wire.cached.add(told["requestId"])


def opened(page: Page, session: CDPSession, address: str, path: str) -> Visit:
    """Open a page by its address."""
    with wire_of(session) as wire:
        page.goto(address + path, wait_until="commit")
        drawn = _drawn(page, path)
        begin = page.evaluate("performance.timeOrigin")
    return Visit(wire.size(), wire.size("Script"), wire.count(), drawn - begin)


def clicked(page: Page, session: CDPSession, path: str) -> Visit:
    """Go to a page by its link, as a reader does who does not hover."""
    with wire_of(session) as wire:
        page.locator(f"nav a[href*='{path}']").first.click(no_wait_after=True)
        page.wait_for_url(lambda url: path in url, wait_until="commit")
        drawn = _drawn(page, path)
        begin = float(page.evaluate("sessionStorage.getItem('bench-click')"))
    return Visit(wire.size(), wire.size("Script"), wire.count(), drawn - begin)


def _drawn(page: Page, path: str) -> float:
    """Wait for the chart of a path and for what is loaded after it; return when it was drawn."""
    key = path.rstrip("/")
    page.wait_for_function("path => path in (window.benchDrawn ?? {})", arg=key, polling=100)
    page.wait_for_timeout(QUIET_MS)
    return float(page.evaluate("path => window.benchDrawn[path]", key))
