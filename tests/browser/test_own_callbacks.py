"""A page of plain Dash: each of its callbacks is asked as Dash asks it, whatever its components are called."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, tab
from tests.processes import running
from tests.small_sites import write_site

pytestmark = pytest.mark.browser
LOOK_MS, LOOKS = 100, 100
CALLBACK = "_dash-update-component"
SOURCE = """
import time
from dash import Input, Output, dcc, html
from portico import PageApp

def options_after(clicks):
    time.sleep(1)  # still under way when the next one is asked
    return [f"after {clicks}"]

def chart_after(clicks):
    time.sleep(1)
    return {"data": [], "layout": {}}, f"after {clicks}"

def construct_page(server):
    app = PageApp(__name__, server)
    app.layout = html.Div(
        [
            html.Button("List", id="list"),
            html.Button("Draw", id="draw"),
            dcc.Dropdown(id="options"),
            dcc.Graph(id="chart"),
            html.P(id="said"),
        ]
    )
    app.callback(Output("options", "options"), Input("list", "n_clicks"), prevent_initial_call=True)(options_after)
    drawn = [Output("chart", "figure"), Output("said", "children")]
    app.callback(drawn, Input("draw", "n_clicks"), prevent_initial_call=True)(chart_after)
    return app.server
"""


@pytest.fixture(scope="module")
def plain_dash(tmp_path_factory):
    folder = write_site(tmp_path_factory.mktemp("plain"), {"own": SOURCE})
    with running("portico", PORTICO_SITE=str(folder)) as site:
        yield f"{site}/own/"


@pytest.mark.parametrize("button", ["List", "Draw"])
def test_newer_callback_does_not_end_the_one_before(profile, faults, plain_dash, button):
    with tab(profile, faults, DESKTOP) as page:
        page.goto(plain_dash)
        expect(page.locator("#chart .main-svg").first).to_be_visible()
        ends = []
        for event in ("requestfinished", "requestfailed"):
            page.on(event, lambda request, event=event: ends.append(event) if CALLBACK in request.url else None)
        for _ in range(2):
            with page.expect_request(f"**/{CALLBACK}"):
                page.get_by_role("button", name=button).click()
        for _ in range(LOOKS):
            if len(ends) == 2:
                break
            page.wait_for_timeout(LOOK_MS)
        assert ends == ["requestfinished", "requestfinished"]
