"""Readers who use a keyboard, or hear the page: everything has a name, and can be reached and seen to be."""

import pytest
from playwright.sync_api import expect

from tests.browser.charts import caption, open_chart, option
from tests.browser.test_every_view import grave

pytestmark = pytest.mark.browser

MOST_STOPS = 40  # more would be a tour, not a page
OUTLINE = "(({ outlineWidth, outlineStyle }) => outlineStyle === 'none' ? 0 : parseFloat(outlineWidth))"


def stops(page):
    """Press Tab through the page, once around; yield at each stop."""
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement === document.body"):
            return
        yield
    raise AssertionError(f"Tab stops more than {MOST_STOPS} times")


def tab_to(page, selector):
    """Press Tab until an element has the focus."""
    for _ in stops(page):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"Tab does not reach {selector}")


def test_skip_link_leads_past_the_navigation(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    page.keyboard.press("Tab")
    link = page.locator(".skip-link")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('.controls').contains(document.activeElement)")


def test_choice_is_made_with_the_keyboard_alone(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    tab_to(page, "#by input")
    page.keyboard.press("ArrowRight")
    expect(option(page, "by", "continent")).to_be_checked()
    expect(caption(page)).to_have_text("Population by continent (total) in 2007")


def test_arrow_key_moves_a_slider_by_one_mark(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    tab_to(page, "#year [role=slider]")
    page.keyboard.press("ArrowLeft")
    expect(caption(page)).to_have_text("Population by country in 2002, the 20 largest of 142")


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


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_focus_is_visible_at_every_stop(open_page, embedded, scheme):
    page = open_page(scheme=scheme)
    open_chart(page, f"{embedded}/barchart/")
    unseen = [
        page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        for _ in stops(page)
        if page.evaluate(f"{OUTLINE}(getComputedStyle(document.activeElement))") < 1
    ]
    assert unseen == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_grave_in_open_lists(open_page, embedded, scheme):
    page = open_page(scheme=scheme)
    open_chart(page, f"{embedded}/barchart/")
    for control in ("measure", "country"):
        page.locator(f"#{control}").click()
        expect(page.locator(".dash-dropdown-option").first).to_be_visible()
        assert grave(page) == []
        page.keyboard.press("Escape")
        expect(page.locator(".dash-dropdown-option")).to_have_count(0)


def test_controls_are_found_by_their_names(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    expect(page.get_by_role("group", name="Bars").get_by_role("radio", name="Countries")).to_be_checked()
    expect(page.get_by_role("button", name="Measure Population")).to_be_visible()
    expect(page.get_by_role("slider", name="Year")).to_be_visible()
    page.locator("#country").click()
    popover = page.get_by_role("dialog", name="Countries")
    popover.get_by_role("checkbox", name="Afghanistan").check()
    expect(popover.get_by_role("checkbox", name="Afghanistan")).to_be_checked()


def test_ends_of_a_span_are_told_apart(page, embedded):
    open_chart(page, f"{embedded}/linechart/")
    years = page.get_by_role("group", name="Years")
    expect(years.get_by_role("slider", name="Minimum")).to_have_attribute("aria-valuenow", "1952")
    expect(years.get_by_role("slider", name="Maximum")).to_have_attribute("aria-valuenow", "2007")
