"""From page to page in one document: what a new document would do, and an ordinary navigation where that is not possible."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.charts import (
    DRAWN,
    DRAWN_HOME,
    SETTLES_MS,
    back,
    bars,
    caption,
    chosen,
    drawn,
    lines,
    open_chart,
    option,
    pick,
    unfold,
)
from tests.browser.conftest import tab
from tests.browser.test_component_libraries import TABLE
from tests.browser.test_content_policy import CLIENTSIDE
from tests.browser.test_every_view import grave
from tests.browser.test_states import open_as_of_another_build
from tests.processes import ROOT, running
from tests.small_sites import PAGE, write_site

pytestmark = pytest.mark.browser

DRAWING = """
from dash import Input, Output, dcc, html
from portico import PageApp

def construct_page(server):
    app = PageApp(__name__, server)
    app.layout = html.Div([html.Button("Draw", id="draw"), html.Div(id="place")])
    figure = {"data": [{"type": "violin", "y": [1, 2, 3]}], "layout": {}}
    draw = lambda _: dcc.Graph(figure=figure)
    app.callback(Output("place", "children"), Input("draw", "n_clicks"), prevent_initial_call=True)(draw)
    return app.server
"""
REFRESH_MS = 10_000  # of home's cards
VISITS = 12
LOOKS = 5
# The second step is taken while the page of the first is awaited; taken before the browser has made the first, it starts where that did.
TWO_STEPS = """([one, other]) => new Promise((made) => {
    const before = location.href;
    const look = () => (location.href === before ? setTimeout(look) : made(history.go(other)));
    history.go(one);
    look();
})"""


def link(page: Page, title: str):
    return page.get_by_role("navigation").get_by_role("link", name=title)


def follow(page: Page, title: str) -> None:
    """Follow a link without a pointer, which would have the browser prerender its page."""
    link(page, title).evaluate("link => link.click()")


def mark(page: Page) -> None:
    """Mark the document, to see whether it is still this one."""
    page.evaluate("window.marked = true")


def is_same_document(page: Page) -> bool:
    return bool(page.evaluate("window.marked"))


def test_answer_that_comes_after_its_page_was_left_changes_nothing(page, embedded):
    open_chart(page, f"{embedded}/barchart/?x=continent")
    late = '{page: "/linechart/", address: "split=continent", query: "", values: {}, usual: [], asked: null}'
    page.evaluate(f"dash_clientside.portico.answered({late}, [], null)")
    expect(page).to_have_url(f"{embedded}/barchart/?x=continent")
    page.evaluate(f"dash_clientside.portico.answered({late.replace('linechart', 'barchart')}, [], null)")
    expect(page).to_have_url(f"{embedded}/barchart/?split=continent")


def test_next_page_is_opened_in_the_same_document(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    mark(page)
    for title, path in (("Line chart", "/linechart/"), ("Home", "/"), ("Bar chart", "/barchart/")):
        link(page, title).click()
        expect(page).to_have_url(f"{embedded}{path}")
        expect(page.locator(drawn(path)).first).to_be_visible()
        assert is_same_document(page)


def press(page: Page, title: str) -> None:
    """Let the button of the mouse go down on a link."""
    box = link(page, title).bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()


def test_page_is_asked_for_when_the_button_goes_down_and_the_click_takes_it(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    mark(page)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    with page.expect_response(f"{embedded}/linechart/"):
        press(page, "Line chart")
    page.wait_for_timeout(SETTLES_MS)
    expect(bars(page)).to_have_count(20)
    page.mouse.up()
    expect(lines(page)).to_have_count(5)
    expect(page).to_have_url(f"{embedded}/linechart/")
    assert is_same_document(page)
    assert asked.count(f"{embedded}/linechart/") == 1


def test_press_that_is_no_click_changes_nothing(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    mark(page)
    page.route("**/linechart/", lambda _: None)  # it is not answered yet
    with page.expect_request(f"{embedded}/linechart/"):
        press(page, "Line chart")
    with page.expect_event("requestfailed"):
        page.mouse.move(300, 300, steps=5)
        page.mouse.up()
    page.unroute_all()
    expect(page).to_have_url(f"{embedded}/barchart/")
    expect(page.locator("html")).not_to_have_attribute("data-going", "")
    pick(page, "x", "Continent")
    expect(bars(page)).to_have_count(5)
    link(page, "Line chart").click()
    expect(lines(page)).to_have_count(5)
    assert is_same_document(page)


def test_page_is_what_its_address_opens_otherwise(page, open_page, embedded):
    other = open_page()
    page.goto(embedded)
    expect(page.locator(DRAWN_HOME).first).to_be_visible()
    mark(page)
    for title, path in (("Bar chart", "/barchart/"), ("Line chart", "/linechart/"), ("Home", "/")):
        link(page, title).click()
        other.goto(f"{embedded}{path}")
        for each in (page, other):
            expect(each.locator(drawn(path)).first).to_be_visible()
        assert looks(page) == looks(other)
    assert is_same_document(page)


def looks(page: Page) -> dict:
    """What a page is for its reader: the words in it, and what stands in its head."""
    page.mouse.move(1, 1)
    page.wait_for_load_state("networkidle")
    return page.evaluate(
        """() => ({
            title: document.title,
            description: document.querySelector("meta[name=description]").content,
            current: [...document.querySelectorAll("[aria-current=page]")].map((link) => link.textContent),
            links: [...document.querySelectorAll("a")].map((link) => link.getAttribute("href")),
            text: document.getElementById("main").innerText,
            trouble: { ...document.getElementById("trouble").dataset },
            scrolled: scrollY,
        })"""
    )


def test_page_begins_at_its_top_and_is_said(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    page.mouse.wheel(0, 400)
    page.wait_for_function("() => scrollY > 100")
    page.keyboard.press("Tab")
    link(page, "Line chart").press("Enter")
    expect(lines(page)).to_have_count(5)
    expect(page.get_by_role("status").filter(has_text="Line chart · Portico")).to_have_count(1)
    assert page.evaluate("scrollY") == 0
    assert page.evaluate("document.activeElement === document.body")
    page.keyboard.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()


def test_axe_finds_nothing_grave_on_the_next_page(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    for title, path in (("Line chart", "/linechart/"), ("Home", "/")):
        link(page, title).click()
        expect(page.locator(drawn(path)).first).to_be_visible()
        assert grave(page) == []


def test_controls_work_on_the_next_page(page, embedded):
    open_chart(page, f"{embedded}/linechart/")
    mark(page)
    link(page, "Bar chart").click()
    expect(bars(page)).to_have_count(20)
    pick(page, "x", "Continent")
    expect(bars(page)).to_have_count(5)
    expect(page).to_have_url(f"{embedded}/barchart/?x=continent")
    unfold(page, "look")
    option(page, "scale", "log").check()
    expect(page).to_have_url(f"{embedded}/barchart/?x=continent&scale=log")
    expect(page.locator("#png")).to_be_visible()
    page.locator("#copy-link").click()
    expect(page.locator("#copied")).to_have_text("Copied")
    assert is_same_document(page)


def test_back_and_forward_go_through_pages_and_their_views(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    mark(page)
    pick(page, "x", "Continent")
    expect(bars(page)).to_have_count(5)
    link(page, "Line chart").click()
    expect(lines(page)).to_have_count(5)
    unfold(page, "look")
    pick(page, "split", "Country")
    expect(lines(page)).to_have_count(8)
    link(page, "Home").click()
    expect(page.locator(DRAWN_HOME).first).to_be_visible()

    back(page)
    expect(page).to_have_url(f"{embedded}/linechart/?split=country")
    expect(lines(page)).to_have_count(8)
    back(page)
    expect(lines(page)).to_have_count(5)
    expect(page).to_have_url(f"{embedded}/linechart/")
    back(page)
    expect(page).to_have_url(f"{embedded}/barchart/?x=continent")
    expect(bars(page)).to_have_count(5)
    expect(chosen(page, "x")).to_have_text("Continent")
    back(page)
    expect(bars(page)).to_have_count(20)
    expect(chosen(page, "x")).to_have_text("Country")
    back(page, -4)
    expect(page.locator(DRAWN_HOME).first).to_be_visible()
    back(page, 3)
    expect(page).to_have_url(f"{embedded}/barchart/?x=continent")
    expect(bars(page)).to_have_count(5)
    expect(link(page, "Bar chart")).to_have_attribute("aria-current", "page")
    assert is_same_document(page)


def test_two_steps_back_in_a_hurry_end_where_they_lead(page, embedded):
    open_chart(page, f"{embedded}/barchart/?x=continent")
    link(page, "Line chart").click()
    expect(lines(page)).to_have_count(5)
    link(page, "Home").click()
    expect(page.locator(DRAWN_HOME).first).to_be_visible()
    page.evaluate(TWO_STEPS, [-1, -1])
    expect(bars(page)).to_have_count(5)
    expect(page).to_have_url(f"{embedded}/barchart/?x=continent")
    page.evaluate(TWO_STEPS, [1, -1])
    page.wait_for_load_state("networkidle")
    expect(bars(page)).to_have_count(5)
    expect(page.locator("main")).not_to_have_attribute("inert", "")
    expect(page).to_have_url(f"{embedded}/barchart/?x=continent")


def test_back_finds_the_reader_where_the_page_was_left(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    page.mouse.wheel(0, 150)
    page.wait_for_function("() => scrollY === 150")
    follow(page, "Line chart")
    expect(lines(page)).to_have_count(5)
    back(page)
    expect(bars(page)).to_have_count(20)
    page.wait_for_function("() => scrollY === 150")


def test_views_that_are_left_ask_for_nothing(page, embedded):
    page.clock.install()
    page.goto(embedded)
    expect(page.locator(DRAWN_HOME).first).to_be_visible()
    link(page, "Line chart").click()
    expect(lines(page)).to_have_count(5)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.clock.fast_forward(3 * REFRESH_MS)
    page.wait_for_load_state("networkidle")
    assert asked == []


def test_answer_that_comes_when_its_page_was_left_changes_nothing(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    held = []

    def hold(route) -> None:
        held.append(route)

    page.route("**/barchart/_dash-update-component*", hold)
    pick(page, "x", "Continent")
    expect(page.locator("#figure")).to_have_attribute("aria-busy", "true")
    follow(page, "Line chart")
    expect(lines(page)).to_have_count(5)
    for route in held:
        route.abort()
    page.wait_for_load_state("networkidle")
    expect(page).to_have_url(f"{embedded}/linechart/")
    expect(page.locator("#trouble")).to_be_hidden()
    expect(caption(page)).to_contain_text("Life expectancy")


def test_callback_says_of_which_build_the_page_is_that_is_shown(page, embedded):
    builds = []
    page.on("request", lambda request: builds.append(request.headers.get("x-portico-build")))
    open_as_of_another_build(page, f"{embedded}/barchart/")
    follow(page, "Line chart")
    expect(lines(page)).to_have_count(5)
    unfold(page, "look")
    pick(page, "split", "Country")
    expect(lines(page)).to_have_count(8)
    [build] = {each for each in builds if each}
    assert build != "another"


def test_link_for_another_tab_is_left_to_the_browser(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    mark(page)
    with page.context.expect_page() as opened:
        link(page, "Line chart").click(modifiers=["Control"])
    expect(lines(opened.value)).to_have_count(5)
    opened.value.close()
    expect(page).to_have_url(f"{embedded}/barchart/")
    expect(bars(page)).to_have_count(20)


def exchange(page: Page, found: str, instead: str) -> None:
    """Let the document that is there get another line chart than a new document would."""

    def other(route) -> None:
        if route.request.is_navigation_request():
            route.fallback()
        else:
            answer = route.fetch()
            route.fulfill(response=answer, body=re.sub(found, instead, answer.text()))

    page.route("**/linechart/", other)


@pytest.mark.parametrize(
    ("found", "instead"),
    [
        (r'data-frame="\w+"', 'data-frame="other"'),
        (r"var renderer = new DashRenderer\(\);", "var renderer = new DashRenderer({});"),
        (r'id="_portico-first"', 'id="first"'),
    ],
    ids=["another frame", "another start", "no page of ours"],
)
def test_page_that_does_not_fit_into_the_document_is_opened_ordinarily(open_page, embedded, found, instead):
    page = open_page(motion="reduce")  # a driver that answers for the site disturbs view transitions
    open_chart(page, f"{embedded}/barchart/")
    mark(page)

    exchange(page, found, instead)
    follow(page, "Line chart")
    expect(lines(page)).to_have_count(5)
    assert not is_same_document(page)
    expect(page).to_have_url(f"{embedded}/linechart/")
    back(page)
    expect(bars(page)).to_have_count(20)


def test_page_with_another_plotly_js_is_opened_ordinarily(open_page, embedded):
    page = open_page(motion="reduce")  # a driver that answers for the site disturbs view transitions
    open_chart(page, f"{embedded}/barchart/")
    mark(page)

    exchange(page, r"plotly(/|\\u002f)[0-9a-f]{16}", r"plotly\1other")
    follow(page, "Line chart")
    expect(lines(page)).to_have_count(5)
    assert not is_same_document(page)


@pytest.mark.parametrize("status", [503, 500, 404])
def test_page_that_is_not_there_is_said_as_in_a_new_document(page, embedded, faults, status):
    open_chart(page, f"{embedded}/barchart/")
    page.route(
        "**/linechart/", lambda route: route.fulfill(status=status, body="<h1>Away</h1>", content_type="text/html")
    )
    follow(page, "Line chart")
    expect(page.locator("h1")).to_have_text("Away")
    expect(page).to_have_url(f"{embedded}/linechart/")
    while sum(str(status) in fault for fault in faults) < 2:  # the browser complains of the answer, and of the document
        page.wait_for_event("console")
    faults.clear()


def test_back_to_a_page_that_is_not_there_is_said_and_forward_leads_on(page, embedded, faults):
    open_chart(page, f"{embedded}/barchart/")
    follow(page, "Line chart")
    expect(lines(page)).to_have_count(5)
    page.route("**/barchart/", lambda route: route.fulfill(status=503, body="<h1>Away</h1>", content_type="text/html"))
    back(page)
    expect(page.locator("h1")).to_have_text("Away")
    expect(page).to_have_url(f"{embedded}/barchart/")
    page.evaluate("history.forward()")
    expect(page).to_have_url(f"{embedded}/linechart/")
    expect(page.locator(DRAWN).first).to_be_visible()
    faults.clear()


SITE = """
[site]
title = "Small"
[[page]]
name = "chart"
bundle = "basic"
[[page]]
name = "plain"
[[page]]
name = "drawing"
[[page]]
name = "inline"
[[page]]
name = "table"
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The address of a site whose pages differ in what they run on."""
    chart = (ROOT / "tests" / "made_up_chart.py").read_text(encoding="utf-8")
    sources = {"chart": chart, "plain": PAGE, "drawing": DRAWING, "inline": CLIENTSIDE, "table": TABLE}
    folder = write_site(tmp_path_factory.mktemp("site"), sources, SITE)
    with running("portico", PORTICO_SITE=str(folder)) as address:
        yield address


@pytest.mark.parametrize(
    ("title", "shown"), [("Inline", "seen here"), ("Table", "Oslo")], ids=["an inline script", "another library"]
)
def test_page_with_scripts_of_its_own_gets_a_document_of_its_own(profile, faults, pages, title, shown):
    with tab(profile, faults) as page:
        open_plain(page, pages)
        mark(page)
        link(page, title).click()
        expect(page.locator("main")).to_contain_text(shown)
        assert not is_same_document(page)
        link(page, "Plain").click()
        expect(page.locator("#echo")).to_have_text("seen")
        expect(page).to_have_url(f"{pages}/plain/")


def test_callbacks_of_the_next_page_are_its_own(profile, faults, pages):
    with tab(profile, faults) as page:
        open_chart(page, f"{pages}/chart/")
        mark(page)
        link(page, "Plain").click()
        expect(page.locator("#echo")).to_have_text("seen")
        page.locator("#text").fill("written")
        expect(page.locator("#echo")).to_have_text("written")
        assert is_same_document(page)


def test_page_that_draws_with_another_plotly_js_gets_it(profile, faults, pages):
    """What is loaded draws bars and lines; a page that shows no chart at first may draw anything."""
    with tab(profile, faults) as page:
        open_chart(page, f"{pages}/chart/")
        page.evaluate("window.dash_clientside.portico.plotly = '/_shared/plotly/another'")
        link(page, "Drawing").click()
        page.get_by_role("button", name="Draw").click()
        expect(page.locator(".js-plotly-plot")).to_have_count(0)
        page.get_by_role("button", name="Draw").click()
        expect(page.locator(".js-plotly-plot .violinlayer path").first).to_be_visible()


def open_plain(page: Page, site: str) -> None:
    page.goto(f"{site}/plain/")
    expect(page.locator("#echo")).to_have_text("seen")


def test_many_pages_leave_nothing_behind(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    session = page.context.new_cdp_session(page)
    counts = []
    for _ in range(2):
        for _ in range(VISITS):
            follow(page, "Line chart")
            expect(lines(page)).to_have_count(5)
            follow(page, "Bar chart")
            expect(bars(page)).to_have_count(20)
        counts.append(left_behind(session))
    first, second = counts
    assert second["jsEventListeners"] <= first["jsEventListeners"] + VISITS
    assert second["nodes"] <= first["nodes"] * 1.1


def left_behind(session) -> dict[str, int]:
    """The elements and listeners that are left once the browser has found all that nobody holds, which takes it several looks."""
    counts = []
    for _ in range(LOOKS):
        session.send("HeapProfiler.collectGarbage")
        counts.append(session.send("Memory.getDOMCounters"))
    return {name: min(each[name] for each in counts) for name in ("jsEventListeners", "nodes")}
