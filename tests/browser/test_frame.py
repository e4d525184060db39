"""The frame around every page: navigation, narrow screens, keyboards, and nothing that moves."""

import pytest
from playwright.sync_api import expect

from tests.browser.charts import DRAWN, caption, open_chart, option
from tests.browser.conftest import DESKTOP, PHONE

pytestmark = pytest.mark.browser

PATHS = ["/", "/barchart/", "/linechart/"]
SHIFTED = """() => new Promise((resolve) => {
    let sum = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => { sum += entry.value; }))
        .observe({ type: "layout-shift", buffered: true });
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(sum), 0)));
})"""


def wait_until_drawn(page, path):
    drawn = DRAWN if "chart" in path else ".page-state[data-state=up]"
    expect(page.locator(drawn).first).to_be_visible()


def test_navigation_goes_from_page_to_page_and_marks_the_current_one(page, embedded):
    page.goto(f"{embedded}/")
    marked = page.locator("nav [aria-current=page]")
    for title, path in (("Bar chart", "/barchart/"), ("Line chart", "/linechart/"), ("Home", "/")):
        page.get_by_role("navigation").get_by_role("link", name=title).click()
        expect(page).to_have_url(f"{embedded}{path}")
        expect(marked).to_have_text([title])
        wait_until_drawn(page, path)


def test_card_of_home_opens_its_page(page, embedded):
    page.goto(f"{embedded}/")
    page.locator(".card").filter(has_text="Line chart").click()
    expect(page).to_have_url(f"{embedded}/linechart/")


def test_unknown_address_is_said_in_the_frame(page, embedded, faults):
    page.goto(f"{embedded}/nowhere")
    expect(page.locator("h1")).to_have_text("Page not found")
    expect(page.locator("nav [aria-current]")).to_have_count(0)
    page.get_by_role("navigation").get_by_text("Bar chart").click()
    expect(page.locator(DRAWN).first).to_be_visible()
    assert [fault for fault in faults if "404" not in fault] == []
    faults.clear()


@pytest.mark.parametrize("path", [*PATHS, "/barchart/?top=all&" + "&".join(["country=Bosnia and Herzegovina"] * 3)])
def test_phone_scrolls_in_one_direction_only(open_page, embedded, path):
    page = open_page(size=PHONE)
    page.goto(f"{embedded}{path}")
    wait_until_drawn(page, path)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE[0]


def test_chart_begins_on_the_first_screen_of_a_phone(open_page, embedded):
    page = open_page(size=PHONE)
    open_chart(page, f"{embedded}/barchart/")
    assert caption(page).bounding_box()["y"] < PHONE[1] * 0.9


def test_nothing_at_the_bars_is_cut_off_on_a_phone(open_page, embedded):
    page = open_page(size=PHONE)
    open_chart(page, f"{embedded}/barchart/")
    svg = page.locator("#chart .main-svg").first.bounding_box()
    for texts in (".bartext", ".ytick text", ".xtitle"):
        for text in page.locator(f"#chart {texts}").all():
            box = text.bounding_box()
            assert svg["x"] <= box["x"], text.text_content()
            assert box["x"] + box["width"] <= svg["x"] + svg["width"], text.text_content()


@pytest.mark.parametrize("path", [*PATHS, "/barchart/?year=1", "/linechart/?by=country&country=Chad&country=Norway"])
@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nothing_moves_while_a_page_opens(open_page, embedded, size, path):
    page = open_page(size=size)
    page.goto(f"{embedded}{path}")
    wait_until_drawn(page, path)
    assert page.evaluate(SHIFTED) < 0.001  # 0.1 is what is called good: web.dev/articles/cls


def test_skip_link_leads_past_the_navigation(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    page.keyboard.press("Tab")
    link = page.locator(".skip-link")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.getElementById('main').contains(document.activeElement)")


def tab_to(page, selector, limit=30):
    """Press Tab until an element has the focus."""
    for _ in range(limit):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{limit} times Tab did not reach {selector}")


def test_choice_is_made_with_the_keyboard_alone(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    tab_to(page, "#by input")
    page.keyboard.press("ArrowRight")
    expect(option(page, "by", "continent")).to_be_checked()
    expect(caption(page)).to_have_text("Population by continent (total) in 2007")


def test_list_is_used_with_the_keyboard_alone(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    tab_to(page, "#country")
    page.keyboard.press("Enter")
    expect(page.locator(".dash-dropdown-search")).to_be_focused()
    page.keyboard.type("Norw")
    expect(page.locator(".dash-dropdown-option")).to_have_count(1)
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(caption(page)).to_have_text("Population by country in 2007")
    expect(page.locator("#country")).to_be_focused()


@pytest.mark.parametrize("selector", ["nav a", "#measure", "#by input", "#year [role=slider]"])
def test_focus_is_visible(page, embedded, selector):
    open_chart(page, f"{embedded}/barchart/")
    tab_to(page, selector)
    width, style = page.evaluate(
        "(({ outlineWidth, outlineStyle }) => [parseFloat(outlineWidth), outlineStyle])(getComputedStyle(document.activeElement))"
    )
    assert width >= 1
    assert style != "none"


def test_nothing_is_animated_for_readers_who_prefer_so(open_page, embedded):
    page = open_page(motion="reduce")
    open_chart(page, f"{embedded}/barchart/")
    slow = page.evaluate(
        """[...document.querySelectorAll("*")].filter((element) => {
            const { transitionDuration, transitionProperty, animationName } = getComputedStyle(element);
            return animationName !== "none" || (transitionProperty !== "none" && parseFloat(transitionDuration) > 0);
        }).map((element) => element.className)"""
    )
    assert slow == []


@pytest.mark.parametrize("path", PATHS)
def test_frame_stands_without_javascript(open_page, embedded, path):
    page = open_page(script=False)
    page.goto(f"{embedded}{path}")
    expect(page.locator("noscript .notice")).to_be_visible()
    expect(page.locator("nav a")).to_have_text(["Home", "Bar chart", "Line chart"])
    expect(page.locator(".site-footer")).to_be_visible()
    expect(page.locator("._dash-loading")).to_be_hidden()
