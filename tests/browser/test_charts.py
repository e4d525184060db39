"""The charts of the sample are drawn, and the controls change them."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.charts import (
    bars,
    caption,
    chosen,
    control,
    expect_values,
    lines,
    names_of_bars,
    open_chart,
    option,
    pick,
    points,
    sliders,
    unfold,
)

pytestmark = pytest.mark.browser


def test_home_shows_a_card_for_each_page_in_every_mode(lone_page, site):
    lone_page.goto(f"{site}/")
    expect(lone_page.locator(".card h2")).to_have_text(["Bar chart", "Line chart"])
    expect(lone_page.locator(".card .page-state")).to_have_text(["Up", "Up"])


def test_bar_chart_is_drawn_in_every_mode(lone_page, site):
    open_chart(lone_page, f"{site}/barchart/")
    expect(bars(lone_page)).to_have_count(20)
    expect_values(lone_page, "1.3 B", "1.1 B", "301 M")


def test_line_chart_is_drawn_in_every_mode(lone_page, site):
    open_chart(lone_page, f"{site}/linechart/")
    expect(lines(lone_page)).to_have_count(5)
    expect(points(lone_page)).to_have_count(5 * 12)


def test_choice_changes_the_bars(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    pick(page, "x", "Continent")
    expect(bars(page)).to_have_count(5)
    expect(caption(page)).to_have_text("Sum of Population by Continent · Year 2007")
    expect_values(page, "3.8 B")


def test_year_changes_the_bars(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    unfold(page, "filter")
    first = sliders(page, "range.year").first
    first.focus()
    expect(first).to_be_focused()  # the key goes to whatever is, and the group has only just opened
    first.press("Home")
    expect(caption(page)).to_have_text("Sum of Population by Country, the 20 largest of 142")  # of all years
    sliders(page, "range.year").last.press("PageDown")  # Home moves the first, whichever has the focus
    expect(caption(page)).to_contain_text("Year 1952 to 1957")
    sliders(page, "range.year").last.press("ArrowLeft")
    expect(caption(page)).to_have_text("Population by Country, the 20 largest of 142 · Year 1952")
    expect_values(page, "556 M")


def test_order_and_number_of_bars_are_chosen(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    unfold(page, "look")
    pick(page, "top", "10")
    expect(bars(page)).to_have_count(10)
    option(page, "order", "name").check()
    expect(page).to_have_url(f"{embedded}/barchart/?top=10&order=name")
    assert names_of_bars(page)[:2] == ["Bangladesh", "Brazil"]
    expect_values(page, "150 M", "190 M")


def test_all_others_are_one_bar(page, embedded):
    open_chart(page, f"{embedded}/barchart/?rest=yes")
    expect(bars(page)).to_have_count(21)
    assert names_of_bars(page)[-1] == "All others"


def test_countries_that_are_picked_are_the_lines(page, embedded):
    open_chart(page, f"{embedded}/linechart/?split=country&filter=country")
    unfold(page, "filter")
    pick(page, "in.country", "Norway")
    expect(lines(page)).to_have_count(1)
    pick(page, "in.country", "Chad")
    expect(lines(page)).to_have_count(2)
    expect(chosen(page, "in.country")).to_have_text(["Norway", "Chad"])


def test_column_that_is_to_be_filtered_gets_its_control(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    unfold(page, "filter")
    pick(page, "filter", "Continent")
    pick(page, "in.continent", "Oceania")
    expect(bars(page)).to_have_count(2)
    expect(caption(page)).to_contain_text("Continent: Oceania")
    expect(page.locator("#summary-filter .touched")).to_have_text("Filter by, Continent")


def test_nothing_to_draw_is_said(page, embedded):
    page.goto(f"{embedded}/barchart/?in.country=Norway&in.continent=Asia")
    expect(page.locator("#chart .annotation-text")).to_contain_text("No row passes all filters")


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


def test_pointing_at_the_lines_says_the_number_of_each(page, embedded):
    open_chart(page, f"{embedded}/linechart/")
    page.locator("#chart .nsewdrag").first.hover()
    expect(page.locator("#chart .hoverlayer .legendtext")).to_have_count(5)
    expect(page.locator("#chart .hoverlayer .legendtext").first).to_contain_text("years")


def test_log_scale_is_offered_only_where_it_helps(page, embedded):
    open_chart(page, f"{embedded}/linechart/?measure=pop&scale=log")
    unfold(page, "look")
    expect(option(page, "scale", "log")).to_be_checked()
    pick(page, "measure", "Life expectancy")
    expect(caption(page)).to_contain_text("Life expectancy")
    expect(control(page, "scale")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("scale"))
    pick(page, "measure", "GDP per person")
    expect(option(page, "scale", "linear")).to_be_checked()
    expect(option(page, "scale", "log")).to_be_enabled()


def test_chart_is_painted_in_the_readers_colours_and_follows_when_they_change(page, embedded):
    open_chart(page, f"{embedded}/barchart/?split=continent")
    for scheme, ink, grid in (
        ("light", "rgb(27, 34, 48)", "rgb(230, 233, 239)"),
        ("dark", "rgb(232, 235, 241)", "rgb(42, 50, 62)"),
        ("light", "rgb(27, 34, 48)", "rgb(230, 233, 239)"),
    ):
        page.emulate_media(color_scheme=scheme)
        expect(caption(page)).to_have_css("color", ink)
        expect(page.locator("#chart .legendtext").first).to_have_css("fill", ink)
        expect(page.locator("#chart .gridlayer path").first).to_have_css("stroke", grid)
