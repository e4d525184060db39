"""Every control is in the address: it can be kept, shared, reloaded and stepped through.

`test_chart_shell.py` tests what holds for any chart; here the pages' own controls are tried.
"""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.charts import (
    back,
    bars,
    caption,
    chosen,
    control,
    lines,
    open_chart,
    option,
    pick,
    sliders,
    unfold,
    write,
)

pytestmark = pytest.mark.browser


def query(address: str) -> dict[str, list[str]]:
    return parse_qs(urlsplit(address).query, keep_blank_values=True)


def requests_of(page) -> list[str]:
    """Collect what the page asks Dash for from here on, but for scripts."""
    asked = []
    names = re.compile(r"/_dash-(layout|dependencies|update-component)")
    page.on("request", lambda request: asked.append(request.url) if names.search(request.url) else None)
    return asked


def test_control_is_kept_in_the_address(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    pick(page, "x", "Continent")
    expect(page).to_have_url(f"{embedded}/barchart/?x=continent")
    pick(page, "measure", "GDP per person")
    expect(page).to_have_url(f"{embedded}/barchart/?x=continent&measure=gdpPercap")


def test_default_is_not_in_the_address(page, embedded):
    open_chart(page, f"{embedded}/barchart/?x=continent")
    pick(page, "x", "Country")
    expect(page).to_have_url(f"{embedded}/barchart/")


def test_each_kind_of_control_is_read_back_from_what_it_wrote(page, embedded):
    open_chart(page, f"{embedded}/linechart/")
    unfold(page, "look", "filter")
    pick(page, "split", "Country")
    option(page, "top", "3").check()
    sliders(page, "range.year").first.press("ArrowRight")
    pick(page, "filter", "Country")
    expect(control(page, "in.country")).to_be_visible()
    pick(page, "filter", "Life expectancy")
    expect(control(page, "from.lifeExp")).to_be_visible()
    pick(page, "in.country", "Cote d'Ivoire")
    pick(page, "in.country", "Chad")
    write(page, "from.lifeExp", "40.5")
    expect(caption(page)).to_contain_text("Life expectancy from 40.5")
    wanted = {
        "split": ["country"],
        "top": ["3"],
        "range.year": ["1957", "2007"],
        "in.country": ["Cote d'Ivoire", "Chad"],
        "from.lifeExp": ["40.5"],
    }
    page.wait_for_url(lambda address: query(address) == wanted)
    before = caption(page).text_content()
    page.reload()
    expect(lines(page)).to_have_count(2)
    expect(caption(page)).to_have_text(before)
    unfold(page, "look", "filter")
    expect(option(page, "top", "3")).to_be_checked()
    expect(chosen(page, "in.country")).to_have_text(["Cote d'Ivoire", "Chad"])
    expect(sliders(page, "range.year").first).to_have_attribute("aria-valuenow", "1957")
    expect(control(page, "from.lifeExp").locator("input")).to_have_value("40.5")


def test_back_and_forward_restore_controls_and_chart(page, embedded):
    open_chart(page, f"{embedded}/barchart/?filter=year&filter=continent")
    unfold(page, "filter")
    pick(page, "x", "Continent")
    expect(bars(page)).to_have_count(5)
    pick(page, "in.continent", "Asia")
    expect(bars(page)).to_have_count(1)
    pick(page, "in.continent", "Europe")
    expect(bars(page)).to_have_count(2)

    back(page)
    expect(bars(page)).to_have_count(1)
    expect(chosen(page, "in.continent")).to_have_text(["Asia"])
    back(page)
    expect(bars(page)).to_have_count(5)
    expect(chosen(page, "in.continent")).to_have_count(0)
    back(page)
    expect(bars(page)).to_have_count(20)
    expect(chosen(page, "x")).to_have_text("Country")
    expect(page).to_have_url(f"{embedded}/barchart/?filter=year&filter=continent")
    back(page, -3)
    expect(bars(page)).to_have_count(2)
    expect(chosen(page, "in.continent")).to_have_text(["Asia", "Europe"])


def test_back_undoes_a_measure_and_the_scale_it_ruled_out_in_one_step(page, embedded):
    open_chart(page, f"{embedded}/barchart/?scale=log")
    unfold(page, "look")
    pick(page, "measure", "Life expectancy")
    expect(page).to_have_url(f"{embedded}/barchart/?measure=lifeExp")
    expect(caption(page)).to_contain_text("Life expectancy")
    back(page)
    expect(page).to_have_url(f"{embedded}/barchart/?scale=log")
    expect(option(page, "scale", "log")).to_be_checked()
    expect(caption(page)).to_contain_text("Population")
    expect(page.locator("#chart .xtick text").first).to_have_text("50 M")


def test_back_works_after_a_reload(page, embedded):
    open_chart(page, f"{embedded}/linechart/")
    unfold(page, "look")
    pick(page, "split", "Country")
    expect(lines(page)).to_have_count(8)
    page.reload()
    expect(lines(page)).to_have_count(8)
    back(page)
    expect(lines(page)).to_have_count(5)
    unfold(page, "look")
    expect(chosen(page, "split")).to_have_text("Continent")


def test_back_from_another_page_shows_the_view_that_was_left(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    pick(page, "x", "Continent")
    expect(bars(page)).to_have_count(5)
    page.evaluate("addEventListener('pageshow', ({ persisted }) => { window.fromCache = persisted; })")
    page.get_by_role("navigation").get_by_text("Line chart").click()
    expect(lines(page)).to_have_count(5)
    back(page)
    expect(page).to_have_url(f"{embedded}/barchart/?x=continent")
    expect(bars(page)).to_have_count(5)
    assert page.evaluate("window.fromCache"), "the browser threw the page away: every Back would load it anew"
    back(page)
    expect(bars(page)).to_have_count(20)
    expect(chosen(page, "x")).to_have_text("Country")


@pytest.mark.parametrize("path", ["/barchart/?x=continent&measure=gdpPercap", "/linechart/?in.continent=Asia"])
def test_kept_address_opens_with_its_chart_and_asks_for_nothing_more(page, embedded, path):
    asked = requests_of(page)
    open_chart(page, f"{embedded}{path}")
    expect(caption(page)).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert asked == []


def test_change_asks_for_one_figure(page, embedded):
    open_chart(page, f"{embedded}/barchart/?scale=log")
    asked = requests_of(page)
    pick(page, "measure", "Life expectancy")  # which changes the scale too
    expect(caption(page)).to_contain_text("Life expectancy")
    page.wait_for_load_state("networkidle")
    assert len(asked) == 1


def test_what_is_not_understood_is_said_and_cannot_become_markup(page, embedded):
    open_chart(page, f"{embedded}/barchart/?range.year=9999&measure=<img src=x onerror=alert(1)>&<b>=1")
    note = page.locator(".notice[role=status]")
    expect(note).to_be_visible()
    expect(note).to_have_text(
        "Not understood in the address, and left out: measure = <img src=x onerror=alert(1)>, range.year = 9999, <b>."
    )
    expect(note.locator("*")).to_have_count(0)
    expect(bars(page)).to_have_count(20)


def test_value_that_no_row_has_cannot_become_markup(page, embedded):
    page.goto(f"{embedded}/barchart/?in.country=<img src=x onerror=alert(1)>")
    expect(caption(page)).to_contain_text("<img src=x onerror=alert(1)>")
    unfold(page, "filter")
    expect(chosen(page, "in.country")).to_have_text(["<img src=x onerror=alert(1)>"])
    expect(page.locator("main img")).to_have_count(0)


def test_address_that_is_understood_gets_no_note(page, embedded):
    open_chart(page, f"{embedded}/barchart/?range.year=1952&range.year=1952")
    expect(caption(page)).to_contain_text("Year 1952")
    expect(page.locator(".notice[role=status]")).to_be_hidden()


def test_aggregate_that_was_not_chosen_follows_the_measure(page, embedded):
    open_chart(page, f"{embedded}/barchart/?x=continent")
    expect(chosen(page, "aggregate")).to_have_text("Sum")
    pick(page, "measure", "Life expectancy")
    expect(caption(page)).to_contain_text("Mean of Life expectancy")
    expect(chosen(page, "aggregate")).to_have_text("Mean")
    expect(page).to_have_url(f"{embedded}/barchart/?x=continent&measure=lifeExp")
    pick(page, "aggregate", "Maximum")
    expect(caption(page)).to_contain_text("Maximum of Life expectancy")
    pick(page, "measure", "Population")
    expect(caption(page)).to_contain_text("Maximum of Population")
