"""Every control is in the address: it can be kept, shared, reloaded and stepped through."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.charts import back, bars, caption, chosen, lines, open_chart, option, pick

pytestmark = pytest.mark.browser


def query(page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def requests_of(page) -> list[str]:
    """Collect what the page asks Dash for from here on, but for scripts."""
    asked = []
    names = re.compile(r"/_dash-(layout|dependencies|update-component)")
    page.on("request", lambda request: asked.append(request.url) if names.search(request.url) else None)
    return asked


def test_control_is_kept_in_the_address(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    option(page, "by", "continent").check()
    expect(page).to_have_url(f"{embedded}/barchart/?by=continent")
    pick(page, "measure", "GDP")
    expect(page).to_have_url(f"{embedded}/barchart/?measure=gdpPercap&by=continent")


def test_default_is_not_in_the_address(page, embedded):
    open_chart(page, f"{embedded}/barchart/?by=continent")
    option(page, "by", "country").check()
    expect(page).to_have_url(f"{embedded}/barchart/")


def test_each_kind_of_control_is_read_back_from_what_it_wrote(page, embedded):
    open_chart(page, f"{embedded}/linechart/")
    option(page, "by", "country").check()
    page.locator("#years [role=slider]").first.press("ArrowRight")
    pick(page, "continent", "Africa")
    pick(page, "country", "Cote d'Ivoire")
    pick(page, "country", "Chad")
    expect(lines(page)).to_have_count(2)
    assert query(page) == {
        "by": ["country"],
        "years": ["1957-2007"],
        "continent": ["Africa"],
        "country": ["Cote d'Ivoire", "Chad"],
    }
    before = caption(page).text_content()
    page.reload()
    expect(lines(page)).to_have_count(2)
    expect(caption(page)).to_have_text(before)
    expect(chosen(page, "country")).to_have_text(["Cote d'Ivoire (Africa)", "Chad (Africa)"])


def test_back_and_forward_restore_controls_and_chart(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    option(page, "by", "continent").check()
    expect(bars(page)).to_have_count(5)
    pick(page, "continent", "Asia")
    expect(bars(page)).to_have_count(1)
    pick(page, "continent", "Europe")
    expect(bars(page)).to_have_count(2)

    back(page)
    expect(bars(page)).to_have_count(1)
    expect(chosen(page, "continent")).to_have_text(["Asia"])
    back(page)
    expect(bars(page)).to_have_count(5)
    expect(chosen(page, "continent")).to_have_count(0)
    back(page)
    expect(bars(page)).to_have_count(20)
    expect(option(page, "by", "country")).to_be_checked()
    expect(page).to_have_url(f"{embedded}/barchart/")
    back(page, -1)
    back(page, -1)
    back(page, -1)
    expect(bars(page)).to_have_count(2)
    expect(chosen(page, "continent")).to_have_text(["Asia", "Europe"])


def test_steps_taken_back_in_one_jump_add_none(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    option(page, "by", "continent").check()
    option(page, "order", "name").check()
    pick(page, "measure", "GDP")
    page.locator("#year [role=slider]").press("Home")
    expect(caption(page)).to_have_text("GDP per person by continent (mean per person) in 1952")
    steps = page.evaluate("history.length")
    back(page, 4)
    expect(caption(page)).to_have_text("Population by country in 2007, the 20 largest of 142")
    expect(page).to_have_url(f"{embedded}/barchart/")
    assert page.evaluate("history.length") == steps
    back(page, -4)
    expect(caption(page)).to_have_text("GDP per person by continent (mean per person) in 1952")
    assert page.evaluate("history.length") == steps


def test_change_after_back_is_a_step_of_its_own(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    option(page, "by", "continent").check()
    expect(bars(page)).to_have_count(5)
    back(page)
    expect(bars(page)).to_have_count(20)
    option(page, "top", "10").check()
    expect(bars(page)).to_have_count(10)
    expect(page).to_have_url(f"{embedded}/barchart/?top=10")
    back(page)
    expect(bars(page)).to_have_count(20)
    expect(option(page, "top", "20")).to_be_checked()


def test_back_undoes_a_measure_and_the_scale_it_ruled_out_in_one_step(page, embedded):
    open_chart(page, f"{embedded}/barchart/?scale=log")
    pick(page, "measure", "Life expectancy")
    expect(page).to_have_url(f"{embedded}/barchart/?measure=lifeExp")
    expect(caption(page)).to_contain_text("Life expectancy")
    back(page)
    expect(page).to_have_url(f"{embedded}/barchart/?scale=log")
    expect(option(page, "scale", "log")).to_be_checked()
    expect(option(page, "scale", "log")).to_be_enabled()
    expect(caption(page)).to_contain_text("Population")
    expect(page.locator("#chart .xtick text").first).to_have_text("50 M")


def test_back_works_after_a_reload(page, embedded):
    open_chart(page, f"{embedded}/linechart/")
    option(page, "by", "country").check()
    expect(lines(page)).to_have_count(6)
    page.reload()
    expect(lines(page)).to_have_count(6)
    back(page)
    expect(lines(page)).to_have_count(5)
    expect(option(page, "by", "continent")).to_be_checked()


def test_back_from_another_page_shows_the_view_that_was_left(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    option(page, "by", "continent").check()
    expect(bars(page)).to_have_count(5)
    page.evaluate("addEventListener('pageshow', ({ persisted }) => { window.fromCache = persisted; })")
    page.get_by_role("navigation").get_by_text("Line chart").click()
    expect(lines(page)).to_have_count(5)
    back(page)
    expect(page).to_have_url(f"{embedded}/barchart/?by=continent")
    expect(bars(page)).to_have_count(5)
    assert page.evaluate("window.fromCache"), "the browser threw the page away: every Back would load it anew"
    back(page)
    expect(bars(page)).to_have_count(20)
    expect(option(page, "by", "country")).to_be_checked()


def test_back_from_another_page_works_where_the_browser_kept_nothing(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    page.evaluate("addEventListener('unload', () => {})")  # which rules the back-forward cache out
    option(page, "by", "continent").check()
    expect(bars(page)).to_have_count(5)
    page.get_by_role("navigation").get_by_text("Line chart").click()
    expect(lines(page)).to_have_count(5)
    back(page)
    expect(page).to_have_url(f"{embedded}/barchart/?by=continent")
    expect(bars(page)).to_have_count(5)
    back(page)
    expect(bars(page)).to_have_count(20)
    expect(option(page, "by", "country")).to_be_checked()


@pytest.mark.parametrize("path", ["/barchart/?by=continent&measure=gdpPercap", "/linechart/?continent=Asia"])
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
    open_chart(page, f"{embedded}/barchart/?year=9999&country=<img src=x onerror=alert(1)>&<b>=1")
    note = page.locator(".notice[role=status]")
    expect(note).to_be_visible()
    expect(note).to_have_text(
        "Not understood in the address, and left out: year = 9999, country = <img src=x onerror=alert(1)>, <b>."
    )
    expect(note.locator("*")).to_have_count(0)
    expect(bars(page)).to_have_count(20)


def test_address_that_is_understood_gets_no_note(page, embedded):
    open_chart(page, f"{embedded}/barchart/?year=1952")
    expect(page.locator(".notice[role=status]")).to_be_hidden()
