"""What axe finds on the pages as they are drawn: nothing serious, nothing critical."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.charts import DRAWN
from tests.browser.conftest import PHONE

pytestmark = pytest.mark.browser

GRAVE = ("serious", "critical")
PAGES = {
    "/": ".page-state[data-state=up]",
    "/barchart/": DRAWN,
    "/linechart/": DRAWN,
    "/nowhere": "h1",
    "/barchart/?year=1&country=Chad&country=Norway": DRAWN,
}


def grave(page) -> list[str]:
    """What axe finds grave, with the elements."""
    found = Axe().run(page).response["violations"]
    return [f"{each['id']}: {node['target']}" for each in found if each["impact"] in GRAVE for node in each["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_grave(open_page, embedded, faults, path, scheme):
    page = open_page(scheme=scheme)
    page.goto(f"{embedded}{path}")
    expect(page.locator(PAGES[path]).first).to_be_visible()
    assert grave(page) == []
    if path == "/nowhere":
        faults.clear()  # its 404 is what was asked for


def test_axe_finds_nothing_grave_on_a_phone(open_page, embedded):
    page = open_page(size=PHONE)
    page.goto(f"{embedded}/barchart/")
    expect(page.locator(DRAWN).first).to_be_visible()
    assert grave(page) == []


@pytest.mark.parametrize("control", ["measure", "country"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_grave_in_an_open_list(open_page, embedded, scheme, control):
    page = open_page(scheme=scheme)
    page.goto(f"{embedded}/barchart/")
    page.locator(f"#{control}").click()
    expect(page.locator(".dash-dropdown-option").first).to_be_visible()
    assert grave(page) == []


def test_controls_are_found_by_their_names(page, embedded):
    page.goto(f"{embedded}/barchart/")
    expect(page.get_by_role("group", name="Bars").get_by_role("radio", name="Countries")).to_be_checked()
    expect(page.get_by_role("button", name="Measure Population")).to_be_visible()
    expect(page.get_by_role("slider", name="Year")).to_be_visible()
    page.goto(f"{embedded}/linechart/")
    years = page.get_by_role("group", name="Years").get_by_role("slider")
    expect(years).to_have_count(2)
    assert [slider.get_attribute("aria-label") for slider in years.all()] == ["Minimum", "Maximum"]
