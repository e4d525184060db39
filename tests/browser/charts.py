"""What a page shows, as a reader would find it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from playwright.sync_api import Error, Locator, Page, Route, expect

DRAWN = "#chart .ytick text"  # an axis has its numbers when all else is drawn
LOOK_MS, WAIT_LIMIT_MS = 100, 20_000
DRAWN_HOME = ".page-state[data-state=up]"
CALLBACKS = "**/_dash-update-component*"
SETTLES_MS = 50  # between an answer that is seen and the address that is written for it


def open_chart(page: Page, address: str) -> None:
    """Open a page and wait until its chart is drawn."""
    page.goto(address)
    expect(page.locator(DRAWN).first).to_be_visible()


def drawn(path: str) -> str:
    """What is there when a page is."""
    return DRAWN if "chart" in path else DRAWN_HOME if path == "/" else "h1"


def back(page: Page, steps: int = 1) -> None:
    """Press Back. (Playwright's `go_back` waits for a load that the back-forward cache spares the reader.)"""
    page.wait_for_timeout(SETTLES_MS)  # a step that is taken while the address is written is lost in Chromium
    page.evaluate("steps => history.go(-steps)", steps)


def bars(page: Page) -> Locator:
    return page.locator("#chart .barlayer .point path")


def lines(page: Page) -> Locator:
    return page.locator("#chart .scatterlayer .js-line")


def caption(page: Page) -> Locator:
    return page.locator("#caption")


def control(page: Page, name: str) -> Locator:
    """A control with its label, by its name in the address."""
    return page.locator(f'[id=\'{{"field":"{name}"}}\']')


def option(page: Page, name: str, value: str) -> Locator:
    """The radio button of one option."""
    return control(page, name).locator(f"input[value='{value}']")


def sliders(page: Page, name: str) -> Locator:
    """The thumbs of a slider."""
    return control(page, name).locator("[role=slider]")


def write(page: Page, name: str, text: str) -> None:
    """Write into a field, as a reader does who then presses Enter."""
    control(page, name).locator("input").fill(text)
    control(page, name).locator("input").press("Enter")


def unfold(page: Page, *groups: str) -> None:
    """Open groups of controls."""
    for group in groups:
        page.locator(f"#summary-{group}").click()
        expect(page.locator(f"#panel-{group}")).to_have_attribute("open", "")


def options(page: Page) -> Locator:
    """The options of the list that is open."""
    return page.locator(".dash-dropdown-content .dash-dropdown-option")


def unroll(page: Page, name: str) -> None:
    """Open a list."""
    control(page, name).locator("button.dash-dropdown").click()
    expect(options(page).first).to_be_visible()


def pick(page: Page, name: str, label: str) -> None:
    """Choose an option of a list and close it."""
    unroll(page, name)
    search = page.locator(".dash-dropdown-search")
    if search.count():
        search.fill(label)  # only what is near the top of a long list is there
    options(page).filter(has_text=re.compile(f"^{re.escape(label)}$")).click()
    for _ in range(2):  # the first may only leave the search
        if options(page).count():
            page.keyboard.press("Escape")
    expect(options(page)).to_have_count(0)


def values_at_bars(page: Page) -> list[str]:
    """The numbers beside the bars, from top to bottom."""
    texts = page.locator("#chart .barlayer .bartext")
    expect(texts.first).to_be_visible()
    placed = texts.evaluate_all("all => all.map((text) => [text.getBoundingClientRect().y, text.textContent])")
    return [text for _, text in sorted(placed)]


def expect_values(page: Page, *first: str) -> None:
    """Wait until the topmost bars have these numbers beside them."""
    for _ in range(WAIT_LIMIT_MS // LOOK_MS):
        if values_at_bars(page)[: len(first)] == list(first):
            return
        page.wait_for_timeout(LOOK_MS)
    raise AssertionError(values_at_bars(page)[: len(first)])


def names_of_bars(page: Page) -> list[str]:
    """The names beside the bars, from top to bottom."""
    texts = page.locator("#chart .ytick text")
    placed = texts.evaluate_all("all => all.map((text) => [text.getBoundingClientRect().y, text.textContent])")
    return [text for _, text in sorted(placed)]


def chosen(page: Page, name: str) -> Locator:
    """What a list shows as chosen."""
    return control(page, name).locator(".dash-dropdown-value-item")


def points(page: Page) -> Locator:
    return page.locator("#chart .scatterlayer .point")


def drag(page: Page, first: float, last: float) -> None:
    """Draw up a stretch of the chart, its ends as shares of its width."""
    box = page.locator("#chart .nsewdrag").first.bounding_box()
    height = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + first * box["width"], height)
    page.mouse.down()
    page.mouse.move(box["x"] + last * box["width"], height, steps=5)
    page.mouse.up()


def double_click(page: Page, address: str) -> None:
    """Double-click the chart, which leads to this address."""
    # On a busy machine the second click comes late.
    page.locator("#chart .js-plotly-plot").evaluate("chart => { chart._context.doubleClickDelay = 10_000; }")
    box = page.locator("#chart .nsewdrag").first.bounding_box()
    page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page).to_have_url(address)


@contextmanager
def unanswered(page: Page) -> Iterator[None]:
    """Hold the answers to a page's callbacks until the block ends, which sees for as long as it likes what is shown meanwhile."""
    held = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(CALLBACKS, hold)
    yield
    page.unroute(CALLBACKS)
    for route in held:
        with suppress(Error):  # nobody waits for it any more
            route.continue_()


def without_room(page: Page, selector: str) -> list[str]:
    """The texts that a reader sees and that stand over the one before, from left to right."""
    return page.locator(selector).evaluate_all(
        """all => all.filter((text) => getComputedStyle(text).visibility !== "hidden")
            .map((text) => [text.getBoundingClientRect(), text.textContent])
            .sort(([one], [other]) => one.left - other.left)
            .filter(([box], index, sorted) => index && box.left < sorted[index - 1][0].right)
            .map(([, text]) => text)"""
    )
