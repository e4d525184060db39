"""The navigation of a site of many pages: groups in a row, a menu where that has no room, and pages in neither."""

from contextlib import ExitStack

import pytest
from playwright.sync_api import expect

from tests.browser.charts import open_chart
from tests.browser.conftest import DESKTOP, PHONE, tab
from tests.processes import ROOT, running
from tests.small_sites import PAGE, write_site

pytestmark = pytest.mark.browser
WIDE = (1920, 1000)
MOST_PX = 64  # of the header with the menu closed
TITLES = {
    "Sales": ["Revenue by region", "Orders", "Customers", "Returns"],
    "Logistics": ["Stock levels", "Deliveries", "Suppliers"],
    "People": ["Headcount", "Absence", "Hiring"],
    "": ["Uptime", "Incidents", "Forecast"],
}
PAGES = [
    (f"page{index}", title, group)
    for index, (title, group) in enumerate((title, group) for group, titles in TITLES.items() for title in titles)
]
REGISTRY = """
[site]
title = "Example"
[[page]]
name = "home"
path = "/"
[[page]]
name = "secret"
hidden = true
""" + "".join(
    f'[[page]]\nname = "{name}"\ntitle = "{title}"\n' + (f'group = "{group}"\n' if group else "")
    for name, title, group in PAGES
)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    home = (ROOT / "services" / "home" / "page.py").read_text(encoding="utf-8")
    sources = {"home": home, "secret": PAGE} | {name: PAGE for name, _, _ in PAGES}
    folder = write_site(tmp_path_factory.mktemp("many"), sources, REGISTRY)
    with running("gateway", PORTICO_SITE=str(folder)) as site:
        yield site


@pytest.fixture
def opened(profile, faults, many):
    def open_tab(size):
        page = tabs.enter_context(tab(profile, faults, size))
        page.goto(f"{many}/page1/")
        expect(page.locator("#echo")).to_have_text("seen")
        return page

    with ExitStack() as tabs:
        yield open_tab


@pytest.mark.parametrize("size", [PHONE, (768, 900), DESKTOP, WIDE])
def test_fourteen_pages_take_one_row_at_any_width(opened, size):
    page = opened(size)
    assert page.locator(".site-header").bounding_box()["height"] <= MOST_PX
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]


def test_group_opens_by_keyboard_and_escape_gives_the_focus_back(opened):
    page = opened(DESKTOP)
    summary = page.locator("summary", has_text="Sales")
    summary.press("Enter")
    link = page.get_by_role("link", name="Customers")
    expect(link).to_be_in_viewport()
    link.focus()
    link.press("Escape")
    expect(link).to_be_hidden()
    expect(summary).to_be_focused()


def test_one_group_is_open_until_a_click_elsewhere(opened):
    page = opened(DESKTOP)
    page.locator("summary", has_text="Sales").click()
    page.locator("summary", has_text="People").click()
    expect(page.locator("details[open] summary")).to_have_text(["People"])
    page.locator("h1").click()
    expect(page.locator("details[open]")).to_have_count(0)


def test_menu_of_a_phone_opens_at_the_group_of_the_page_and_escape_closes_it(opened):
    page = opened(PHONE)
    button = page.get_by_role("button", name="Pages")
    expect(page.get_by_role("link", name="Uptime")).to_be_hidden()
    button.press("Enter")
    expect(page.get_by_role("link", name="Orders")).to_be_visible()
    expect(page.get_by_role("link", name="Uptime")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Uptime")).to_be_hidden()
    expect(button).to_be_focused()


def test_link_of_a_menu_opens_its_page_in_the_same_document_and_closes_the_menu(opened):
    page = opened(PHONE)
    page.evaluate("window.same = true")
    page.get_by_role("button", name="Pages").click()
    page.get_by_role("link", name="Uptime").click()
    expect(page.locator("h1")).to_have_text("Uptime")
    expect(page.get_by_role("link", name="Uptime")).to_be_hidden()
    assert page.evaluate("window.same")


@pytest.mark.parametrize("size", [PHONE, DESKTOP])
def test_navigation_is_usable_without_scripts(profile, many, size):
    with profile.browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto(f"{many}/page0/")
        if size == PHONE:
            page.get_by_role("button", name="Pages").click()
        page.locator("summary", has_text="Logistics").click()
        page.get_by_role("link", name="Suppliers").click()
        expect(page.locator("h1")).to_have_text("Suppliers")
        expect(page.get_by_label("Theme")).to_be_hidden()  # it needs a script


def test_home_lists_pages_by_group_and_no_hidden_one(opened, many):
    page = opened(DESKTOP)
    page.goto(f"{many}/")
    expect(page.locator(".card")).to_have_count(len(PAGES))
    expect(page.locator(".group-title")).to_have_text(["Sales", "Logistics", "People"])
    expect(page.locator("section:has(> h2:text-is('People')) h3")).to_have_text(TITLES["People"])


def test_hidden_page_opens_by_its_address_and_back_leads_to_it(opened, many):
    page = opened(DESKTOP)
    page.goto(f"{many}/secret/")
    expect(page.locator("#echo")).to_have_text("seen")
    expect(page.locator("nav [aria-current]")).to_have_count(0)
    page.get_by_role("navigation").get_by_role("link", name="Uptime").click()
    expect(page.locator("h1")).to_have_text("Uptime")
    page.evaluate("history.back()")
    expect(page.locator("h1")).to_have_text("Secret")


def test_chart_uses_the_screen_and_text_stays_at_a_readable_measure(open_page, embedded):
    page = open_page(size=WIDE)
    open_chart(page, f"{embedded}/barchart/")
    assert page.locator("#chart").bounding_box()["width"] >= 0.9 * WIDE[0]
    widest = page.evaluate("Math.max(...[...document.querySelectorAll('main p')].map(each => each.clientWidth))")
    assert widest <= 45 * 16
