"""The frame around every page: navigation, phones, and readers without scripts or motion."""

import pytest
from playwright.sync_api import expect

from tests.browser.charts import DRAWN, caption, drawn, open_chart, without_room
from tests.browser.conftest import PHONE

pytestmark = pytest.mark.browser

PATHS = ["/", "/barchart/", "/linechart/"]


def test_navigation_goes_from_page_to_page_and_marks_the_current_one(page, embedded):
    page.goto(f"{embedded}/")
    marked = page.locator("nav [aria-current=page]")
    for title, path in (("Bar chart", "/barchart/"), ("Line chart", "/linechart/"), ("Home", "/")):
        page.get_by_role("navigation").get_by_role("link", name=title).click()
        expect(page).to_have_url(f"{embedded}{path}")
        expect(marked).to_have_text([title])
        expect(page.locator(drawn(path)).first).to_be_visible()


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


@pytest.mark.parametrize("path", ["/barchart/", "/barchart/?x=continent&split=country", "/linechart/?split=country"])
def test_everything_has_its_place_on_a_phone(open_page, embedded, path):
    page = open_page(size=PHONE)
    open_chart(page, f"{embedded}{path}")
    assert caption(page).bounding_box()["y"] < PHONE[1] * 0.9, "the chart begins below the first screen"
    svg = page.locator("#chart .main-svg").first.bounding_box()
    for text in page.locator("#chart :is(.bartext, .ytick text, .xtitle, .legendtext)").all():
        box = text.bounding_box()
        assert svg["x"] <= box["x"] + 1, text.text_content()  # parts of a pixel
        assert box["x"] + box["width"] <= svg["x"] + svg["width"] + 1, text.text_content()
    assert without_room(page, "#chart .xtick text") == []
    key, plot = page.locator("#chart .legend"), page.locator("#chart .nsewdrag").first.bounding_box()
    if key.count():
        box = key.bounding_box()
        assert box["y"] + box["height"] <= plot["y"], "the key stands over the chart"


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
def test_frame_stands_without_javascript(profile, embedded, path):
    with profile.browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{embedded}{path}")
        expect(page.locator("noscript .notice")).to_be_visible()
        expect(page.locator("nav a")).to_have_text(["Home", "Bar chart", "Line chart"])
        expect(page.locator(".site-footer")).to_be_visible()
        expect(page.locator("._dash-loading")).to_be_hidden()
