"""A page that goes down and comes back: home shows it, and its own address opens again."""

import re
from contextlib import ExitStack

import pytest
from playwright.sync_api import expect

from tests.browser.charts import CALLBACKS, pick
from tests.processes import free_port, running

pytestmark = pytest.mark.browser

REFRESH_MS = 10_000  # of home's cards


@pytest.fixture
def barchart_service():
    """Start and stop the bar chart's own process: an ExitStack that runs it, and the port."""
    port = free_port()
    with ExitStack() as service:
        yield lambda: service.enter_context(running("portico", port, PORTICO_PAGES="barchart")), service.close, port


def test_page_that_is_down_and_back_is_shown_without_a_reload(open_page, barchart_service, faults):
    start, stop, port = barchart_service
    start()
    with running("gateway", PORTICO_REMOTE=f"barchart=http://127.0.0.1:{port}") as site:
        home, chart = open_page(), open_page()
        home.clock.install()
        home.goto(f"{site}/")
        states = home.locator(".page-state")
        expect(states).to_have_text(["Up", "Up"])

        stop()
        home.clock.fast_forward(REFRESH_MS)
        expect(states).to_have_text(["Not available right now", "Up"])
        expect(states.first).to_have_attribute("data-state", "down")
        chart.goto(f"{site}/barchart/?x=continent")
        expect(chart.locator("h1")).to_have_text("Bar chart is not available right now")
        expect(chart.locator("nav [aria-current=page]")).to_have_text("Bar chart")

        start()
        home.clock.fast_forward(REFRESH_MS)
        expect(states).to_have_text(["Up", "Up"])
        expect(chart.locator("#chart .barlayer .point")).to_have_count(5)
        expect(chart).to_have_url(f"{site}/barchart/?x=continent")
        home.close()  # it would ask on, and its connections hold the gateway up
        chart.close()
    assert [fault for fault in faults if "503" not in fault] == []
    faults.clear()


def test_page_whose_state_is_not_told_to_this_reader_is_shown_as_before(open_page, embedded, faults):
    home = open_page()
    home.clock.install()
    home.route("**/barchart/_status", lambda route: route.fulfill(status=429))
    home.goto(f"{embedded}/")
    states = home.locator(".page-state")
    expect(states).to_have_text(["Checking…", "Up"])
    home.unroute_all()
    home.clock.fast_forward(REFRESH_MS)
    expect(states).to_have_text(["Up", "Up"])
    home.route("**/*chart/_status", lambda route: route.fulfill(status=429))
    for _ in range(2):  # the second is asked once the first was shown
        with home.expect_response("**/barchart/_status"), home.expect_response("**/linechart/_status"):
            home.clock.fast_forward(REFRESH_MS)
    expect(states).to_have_text(["Up", "Up"])
    faults.clear()


def test_change_that_a_page_cannot_answer_is_said_and_drawn_when_it_is_back(open_page, barchart_service, faults):
    start, stop, port = barchart_service
    start()
    with running("gateway", PORTICO_REMOTE=f"barchart=http://127.0.0.1:{port}") as site:
        chart = open_page()
        chart.goto(f"{site}/barchart/")
        expect(chart.locator("#chart .barlayer .point")).to_have_count(20)
        stop()
        pick(chart, "x", "Continent")
        expect(chart.get_by_role("alert")).to_contain_text("does not answer right now")
        start()
        expect(chart.locator("#chart .barlayer .point")).to_have_count(5)
        expect(chart).to_have_url(f"{site}/barchart/?x=continent")
        expect(chart.locator("#trouble")).to_be_hidden()
        chart.close()
    faults.clear()


@pytest.mark.parametrize(
    ("status", "said"), [(500, "could not work this out"), (429, "Wait a moment"), (504, "ask for less")]
)
def test_change_that_is_not_answered_is_said_until_one_is(open_page, embedded, faults, status, said):
    chart = open_page()
    chart.goto(f"{embedded}/barchart/")
    expect(chart.locator("#chart .barlayer .point")).to_have_count(20)
    chart.route(CALLBACKS, lambda route: route.fulfill(status=status))
    pick(chart, "x", "Continent")
    expect(chart.get_by_role("alert")).to_contain_text(said)
    chart.unroute_all()
    pick(chart, "measure", "GDP per person")
    expect(chart.locator("#chart .barlayer .point")).to_have_count(5)
    expect(chart).to_have_url(f"{embedded}/barchart/?x=continent&measure=gdpPercap")
    expect(chart.locator("#trouble")).to_be_hidden()
    faults.clear()


def test_tab_of_an_old_build_is_told_to_reload_and_keeps_its_address(open_page, embedded, faults):
    chart = open_page()
    chart.route(CALLBACKS, lambda route: route.continue_(post_data=renamed(route.request.post_data)))
    open_as_of_another_build(chart, f"{embedded}/barchart/")
    pick(chart, "x", "Continent")
    trouble = chart.get_by_role("alert")
    expect(trouble).to_contain_text("This page was updated: reload it to go on.")
    chart.unroute_all()
    pick(chart, "measure", "GDP per person")
    expect(chart.locator("#chart .barlayer .point")).to_have_count(5)
    expect(trouble).to_contain_text("This page was updated")
    trouble.get_by_role("button", name="Reload").click()
    expect(chart.locator("#trouble")).to_be_hidden()
    expect(chart.locator("#chart .barlayer .point")).to_have_count(5)
    expect(chart).to_have_url(f"{embedded}/barchart/?x=continent&measure=gdpPercap")
    assert [fault for fault in faults if "409" not in fault and "this page was updated" not in fault] == []
    faults.clear()


def test_tab_of_an_old_build_whose_callbacks_fit_works_on(open_page, embedded):
    chart, builds = open_page(), []
    chart.on("request", lambda request: builds.append(request.headers.get("x-portico-build")))
    open_as_of_another_build(chart, f"{embedded}/barchart/")
    pick(chart, "x", "Continent")
    expect(chart.locator("#chart .barlayer .point")).to_have_count(5)
    expect(chart.locator("#trouble")).to_be_hidden()
    assert {each for each in builds if each} == {"another"}


def open_as_of_another_build(chart, address: str) -> None:
    """Open a page whose index says that it is of another build; a reload gets the one that is there."""

    def served(route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=re.sub(r'"build":"[^"]*"', '"build":"another"', answer.text()))

    chart.route(address, served, times=1)
    chart.goto(address)
    expect(chart.locator("#chart .barlayer .point")).to_have_count(20)


def renamed(body: str) -> str:
    """A callback of a build in which the caption had another name."""
    return body.replace("caption", "heading")
