"""What a page shows, as a reader would find it."""

from playwright.sync_api import Locator, Page, expect

DRAWN = "#chart .ytick text"  # an axis has its numbers when all else is drawn
DRAWN_HOME = ".page-state[data-state=up]"


def open_chart(page: Page, address: str) -> None:
    """Open a page and wait until its chart is drawn."""
    page.goto(address)
    expect(page.locator(DRAWN).first).to_be_visible()


def drawn(path: str) -> str:
    """What is there when a page is."""
    return DRAWN if "chart" in path else DRAWN_HOME if path == "/" else "h1"


def back(page: Page, steps: int = 1) -> None:
    """Press Back. (Playwright's `go_back` waits for a load that the back-forward cache spares the reader.)"""
    page.evaluate("steps => history.go(-steps)", steps)


def bars(page: Page) -> Locator:
    return page.locator("#chart .barlayer .point path")


def lines(page: Page) -> Locator:
    return page.locator("#chart .scatterlayer .js-line")


def caption(page: Page) -> Locator:
    return page.locator("#caption")


def option(page: Page, control: str, value: str) -> Locator:
    """The radio button of one option."""
    return page.locator(f"#{control} input[value='{value}']")


def pick(page: Page, control: str, label: str) -> None:
    """Choose an option of a list and close it."""
    page.locator(f"#{control}").click()
    search = page.locator(".dash-dropdown-search")
    options = page.locator(".dash-dropdown-content .dash-dropdown-option")
    expect(options.first).to_be_visible()
    if search.count():
        search.fill(label)  # only what is near the top of a long list is there
        expect(options).to_have_count(1)
    options.filter(has_text=label).click()
    page.keyboard.press("Escape")


def values_at_bars(page: Page) -> list[str]:
    """The numbers beside the bars, from top to bottom."""
    texts = page.locator("#chart .barlayer .bartext")
    expect(texts.first).to_be_visible()
    placed = texts.evaluate_all("all => all.map((text) => [text.getBoundingClientRect().y, text.textContent])")
    return [text for _, text in sorted(placed)]


def chosen(page: Page, control: str) -> Locator:
    """What a list shows as chosen."""
    return page.locator(f"#{control} .dash-dropdown-value-item")
