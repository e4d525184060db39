"""A callback of a page of one's own that is not answered: the page says so, once, and what to do."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.charts import CALLBACKS
from tests.browser.conftest import DESKTOP, PHONE, tab
from tests.processes import running
from tests.small_sites import write_site

pytestmark = pytest.mark.browser
LIMIT = 100_000
SOURCE = """
from dash import Input, Output, dcc, html
from portico import PageApp

def fail_first(clicks):
    if clicks == 1:
        raise RuntimeError("once")
    return f"after {clicks}"

def construct_page(server):
    app = PageApp(__name__, server)
    app.layout = html.Div([
        html.Div(style={"height": "1500px"}),
        html.Button("Send", id="send"), html.Button("Other", id="other"), dcc.Upload(html.Button("Choose"), id="upload"),
        html.P(id="sent"), html.P(id="done"), html.P(id="size"),
        html.Div(style={"height": "1500px"}),
    ])
    for output, event, answer in (
        (Output("sent", "children"), Input("send", "n_clicks"), fail_first),
        (Output("done", "children"), Input("other", "n_clicks"), lambda clicks: f"done {clicks}"),
        (Output("size", "children"), Input("upload", "contents"), lambda contents: f"{len(contents)} characters"),
    ):
        app.callback(output, event, prevent_initial_call=True)(answer)
    return app.server
"""
REGISTRY = f"""
[site]
title = "Small"
[[page]]
name = "own"
body_limit = {LIMIT}
"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    folder = write_site(tmp_path_factory.mktemp("troubles"), {"own": SOURCE}, REGISTRY)
    with running("gateway", PORTICO_SITE=str(folder)) as site:
        yield f"{site}/own/"


@pytest.fixture
def opened(profile, faults, own):
    with tab(profile, faults, DESKTOP) as page:
        page.goto(own)
        expect(page.locator("#send")).to_be_attached()
        yield page
    faults.clear()  # what Dash and the browser log of a callback that fails


def send(page, name="Send"):
    page.get_by_role("button", name=name).click()


def test_callback_that_raises_is_said_where_the_reader_is_until_it_is_answered(opened):
    opened.locator("#send").scroll_into_view_if_needed()
    before = opened.locator("#send").bounding_box()["y"]
    send(opened)
    trouble = opened.get_by_role("alert")
    expect(trouble).to_contain_text("The page could not answer. Try again.")
    expect(trouble).to_be_in_viewport()
    box = trouble.bounding_box()
    assert opened.locator("#send").bounding_box()["y"] >= before + box["height"] - 1, "the message covers what was seen"
    send(opened, "Other")
    expect(opened.locator("#done")).to_have_text("done 1")
    expect(trouble).to_be_visible()  # another callback is no answer to this one
    send(opened)
    expect(opened.locator("#sent")).to_have_text("after 2")
    expect(opened.locator("#trouble")).to_be_hidden()


def test_message_can_be_dismissed_and_comes_back_with_the_next_failure(opened):
    opened.route(CALLBACKS, lambda route: route.fulfill(status=500))
    send(opened)
    opened.get_by_role("button", name="Dismiss").press("Enter")
    expect(opened.locator("#trouble")).to_be_hidden()
    send(opened)
    expect(opened.get_by_role("alert")).to_contain_text("could not answer")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "could not answer. Try again."),
        (413, "The request is larger than this page accepts: at most 100 kB."),
        (429, "Too many requests from here. Wait a moment"),
        (503, "does not answer right now. Try again in a moment."),
        (504, "took too long"),
    ],
)
def test_each_status_is_said_with_what_to_do(opened, status, said):
    opened.route(CALLBACKS, lambda route: route.fulfill(status=status))
    send(opened)
    expect(opened.get_by_role("alert")).to_contain_text(said)


def test_lost_connection_is_said_and_the_page_keeps_what_was_written(opened):
    opened.route(CALLBACKS, lambda route: route.abort("connectionreset"))
    send(opened)
    expect(opened.get_by_role("alert")).to_contain_text("No connection to the site. Check your network and try again.")
    opened.unroute_all()
    send(opened, "Other")
    send(opened)
    expect(opened.locator("#sent")).to_have_text("after 2")
    expect(opened.locator("#trouble")).to_be_hidden()
    expect(opened.locator("#done")).to_have_text("done 1")


@pytest.mark.parametrize("size", [LIMIT, 20 * LIMIT])
def test_file_that_is_too_large_is_said_with_the_size_that_fits(opened, size):
    opened.locator("input[type=file]").set_input_files({"name": "a.csv", "mimeType": "text/csv", "buffer": b"x" * size})
    expect(opened.get_by_role("alert")).to_contain_text("The file is larger than this page accepts: at most 75 kB.")
    opened.locator("input[type=file]").set_input_files({"name": "b.csv", "mimeType": "text/csv", "buffer": b"x" * 1000})
    expect(opened.locator("#size")).to_contain_text("characters")
    expect(opened.locator("#trouble")).to_be_hidden()


def test_request_that_ends_with_its_page_is_not_a_failure(opened, own):
    opened.evaluate("""() => {
        window.said = [];
        const note = document.getElementById("trouble");
        new MutationObserver(() => sessionStorage.setItem("said", note.textContent)).observe(note, { childList: true });
    }""")
    opened.route(CALLBACKS, lambda route: None)  # under way until the page is left
    send(opened)
    opened.goto(own)
    assert opened.evaluate("sessionStorage.getItem('said')") is None


def test_message_has_room_on_a_phone(profile, faults, own):
    with tab(profile, faults, PHONE) as page:
        page.goto(own)
        page.route(CALLBACKS, lambda route: route.fulfill(status=413))
        send(page)
        expect(page.get_by_role("alert")).to_contain_text(re.compile("at most"))
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
    faults.clear()
