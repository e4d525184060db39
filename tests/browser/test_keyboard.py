"""Readers who use a keyboard, or hear the page: everything has a name, and can be reached and seen to be."""

import pytest
from playwright.sync_api import expect

from tests.browser.charts import caption, control, open_chart, option, options, unfold, unroll
from tests.browser.test_every_view import grave

pytestmark = pytest.mark.browser

MOST_STOPS = 40  # more would be a tour, not a page
FOCUSED = "(document.activeElement.closest('.dash-input-container') ?? document.activeElement)"  # a field's frame
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


def id_of(name):
    return f'[id=\'{{"field":"{name}"}}\']'


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


def test_group_is_opened_and_a_choice_made_with_the_keyboard_alone(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    tab_to(page, "#summary-look")
    page.keyboard.press("Enter")
    tab_to(page, "[type=radio][value=value]")
    page.keyboard.press("ArrowRight")
    expect(option(page, "order", "name")).to_be_checked()
    expect(page).to_have_url(f"{embedded}/barchart/?order=name")
    expect(option(page, "order", "name")).to_be_focused()


def test_arrow_key_moves_a_slider_by_one_mark(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    tab_to(page, "#summary-filter")
    page.keyboard.press("Space")
    tab_to(page, "[role=slider]")
    page.keyboard.press("ArrowLeft")
    expect(caption(page)).to_contain_text("Year 2002 to 2007")


def test_list_is_used_with_the_keyboard_alone(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    tab_to(page, f"{id_of('x')} *")
    page.keyboard.press("Enter")
    expect(options(page).locator("[value=country]")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(options(page).locator("[value=continent]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(caption(page)).to_contain_text("by Continent")
    expect(control(page, "x").locator(":focus")).to_have_count(1)


def test_values_are_searched_and_picked_with_the_keyboard_alone(page, embedded):
    open_chart(page, f"{embedded}/barchart/?filter=year&filter=country")
    tab_to(page, "#summary-filter")
    page.keyboard.press("Enter")
    tab_to(page, f"{id_of('in.country')} *")
    page.keyboard.press("Enter")
    expect(page.locator(".dash-dropdown-search")).to_be_focused()
    page.keyboard.type("Norw")
    expect(options(page)).to_have_text(["Norway"])
    page.keyboard.press("Enter")
    expect(caption(page)).to_have_text("Population by Country · Year 2007; Country: Norway")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(options(page)).to_have_count(0)
    expect(control(page, "in.country").locator(":focus")).to_have_count(1)


def test_bound_is_written_with_the_keyboard_alone(page, embedded):
    open_chart(page, f"{embedded}/barchart/?filter=gdpPercap")
    tab_to(page, "#summary-filter")
    page.keyboard.press("Enter")
    tab_to(page, f"{id_of('from.gdpPercap')} input")
    page.keyboard.type("40000")
    page.keyboard.press("Enter")
    expect(caption(page)).to_contain_text("GDP per person from 40000")
    expect(control(page, "from.gdpPercap").locator("input")).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_focus_is_visible_at_every_stop(open_page, embedded, scheme):
    page = open_page(scheme=scheme)
    open_chart(page, f"{embedded}/barchart/?filter=year&filter=country&filter=gdpPercap")
    unfold(page, "look", "filter")
    page.evaluate("document.activeElement.blur()")
    unseen = [
        page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        for _ in stops(page)
        if page.evaluate(f"{OUTLINE}(getComputedStyle({FOCUSED}))") < 1
    ]
    assert unseen == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_grave_in_open_lists(open_page, embedded, scheme):
    page = open_page(scheme=scheme)
    open_chart(page, f"{embedded}/barchart/?filter=year&filter=country")
    unfold(page, "filter")
    for name in ("measure", "filter", "in.country"):
        unroll(page, name)
        assert grave(page) == []
        page.keyboard.press("Escape")
        expect(options(page)).to_have_count(0)


def test_controls_are_found_by_their_names(page, embedded):
    open_chart(page, f"{embedded}/barchart/?filter=year&filter=country&filter=gdpPercap")
    unfold(page, "look", "filter")
    expect(page.get_by_role("group", name="Order").get_by_role("radio", name="By value")).to_be_checked()
    expect(page.get_by_role("button", name="Measure Population")).to_be_visible()
    expect(page.get_by_role("textbox", name="GDP per person from")).to_be_visible()
    unroll(page, "in.country")
    popover = page.get_by_role("dialog", name="Country")
    popover.get_by_role("checkbox", name="Afghanistan").check()
    expect(popover.get_by_role("checkbox", name="Afghanistan")).to_be_checked()


def test_ends_of_a_span_are_told_apart(page, embedded):
    open_chart(page, f"{embedded}/linechart/")
    unfold(page, "filter")
    years = page.get_by_role("group", name="Year")
    expect(years.get_by_role("slider", name="Minimum")).to_have_attribute("aria-valuenow", "1952")
    expect(years.get_by_role("slider", name="Maximum")).to_have_attribute("aria-valuenow", "2007")


def test_actions_below_the_chart_are_reached_and_named(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    actions = page.get_by_role("group", name="Take away")
    expect(actions.get_by_role("link")).to_have_text(["CSV", "Parquet"])
    expect(actions.get_by_role("button")).to_have_text(["PNG", "SVG", "Copy link"])
    tab_to(page, "#copy-link")
