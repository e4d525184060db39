"""The charts are drawn, and the controls change them."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.charts import bars, caption, chosen, lines, open_chart, option, pick, values_at_bars

pytestmark = pytest.mark.browser


def test_home_shows_a_card_for_each_page_in_every_mode(lone_page, site):
    lone_page.goto(f"{site}/")
    expect(lone_page.locator(".card h2")).to_have_text(["Bar chart", "Line chart"])
    expect(lone_page.locator(".card .page-state")).to_have_text(["Up", "Up"])


def test_bar_chart_is_drawn_in_every_mode(lone_page, site):
    open_chart(lone_page, f"{site}/barchart/")
    expect(bars(lone_page)).to_have_count(20)
    assert values_at_bars(lone_page)[:3] == ["1.3 B", "1.1 B", "301 M"]


def test_line_chart_is_drawn_in_every_mode(lone_page, site):
    open_chart(lone_page, f"{site}/linechart/")
    expect(lines(lone_page)).to_have_count(5)
    expect(lone_page.locator("#chart .scatterlayer .point")).to_have_count(5 * 12)


def test_choice_changes_the_bars(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    option(page, "by", "continent").check()
    expect(bars(page)).to_have_count(5)
    expect(caption(page)).to_have_text("Population by continent (total) in 2007")


def test_year_changes_the_bars(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    page.locator("#year [role=slider]").press("Home")
    expect(caption(page)).to_have_text("Population by country in 1952, the 20 largest of 142")
    assert values_at_bars(page)[0] == "556 M"


def test_countries_that_are_picked_are_the_lines(page, embedded):
    open_chart(page, f"{embedded}/linechart/?by=country")
    pick(page, "country", "Norway")
    expect(lines(page)).to_have_count(1)
    pick(page, "country", "Chad")
    expect(lines(page)).to_have_count(2)
    expect(chosen(page, "country")).to_have_text(["Norway (Europe)", "Chad (Africa)"])


def test_nothing_to_draw_is_said(page, embedded):
    page.goto(f"{embedded}/barchart/?country=Norway&continent=Asia")
    expect(page.locator("#chart .annotation-text")).to_contain_text("No country is in both")


def test_numbers_at_the_axes_are_written_for_people(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    expect(page.locator("#chart .xtick text")).to_have_text(["0", "500 M", "1 B"])
    open_chart(page, f"{embedded}/linechart/?measure=gdpPercap&scale=log")
    ticks = page.locator("#chart .ytick text").all_text_contents()
    assert "10 k" in ticks
    assert all(re.fullmatch(r"[\d,.]+( [kMBT])?", tick) for tick in ticks)


def test_pointing_at_a_bar_says_what_it_is(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    bars(page).first.hover(force=True)  # plotly's drag layer lies above and passes the pointer on
    expect(page.locator("#chart .hovertext")).to_contain_text("persons")


def test_log_scale_is_not_offered_where_it_hides_more_than_it_shows(page, embedded):
    open_chart(page, f"{embedded}/linechart/?measure=pop&scale=log")
    expect(option(page, "scale", "log")).to_be_checked()
    pick(page, "measure", "Life expectancy")
    expect(option(page, "scale", "linear")).to_be_checked()
    expect(option(page, "scale", "log")).to_be_disabled()
    expect(caption(page)).to_contain_text("Life expectancy")
    assert "scale" not in page.url
    pick(page, "measure", "GDP")
    expect(option(page, "scale", "log")).to_be_enabled()


def test_chart_is_painted_in_the_readers_colours_and_follows_when_they_change(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    for scheme, ink, grid in (
        ("light", "rgb(27, 34, 48)", "rgb(230, 233, 239)"),
        ("dark", "rgb(232, 235, 241)", "rgb(42, 50, 62)"),
        ("light", "rgb(27, 34, 48)", "rgb(230, 233, 239)"),
    ):
        page.emulate_media(color_scheme=scheme)
        expect(caption(page)).to_have_css("color", ink)
        expect(page.locator("#chart .legendtext").first).to_have_css("fill", ink)
        expect(page.locator("#chart .gridlayer path").first).to_have_css("stroke", grid)
