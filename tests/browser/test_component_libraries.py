"""Pages with components of other libraries: each loads what it uses and no more, from shared addresses."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, tab
from tests.processes import running
from tests.site.visitor import open_page
from tests.small_sites import PAGE, write_site

pytestmark = pytest.mark.browser
GRID = """
import dash_ag_grid
from dash import html
from portico import PageApp

def construct_page(server):
    app = PageApp(__name__, server)
    rows = [{"name": "first"}, {"name": "second"}]
    app.layout = html.Div(dash_ag_grid.AgGrid(id="grid", rowData=rows, columnDefs=[{"field": "name"}]))
    return app.server
"""
MANTINE = """
import dash_mantine_components as dmc
from dash import Input, Output
from portico import PageApp

def construct_page(server):
    app = PageApp(__name__, server)
    button, echo = dmc.Button("Press", id="press"), dmc.Text("", id="echo")
    app.layout = dmc.MantineProvider([button, echo])
    app.callback(Output("echo", "children"), Input("press", "n_clicks"))(lambda clicks: f"pressed {clicks or 0}")
    return app.server
"""
TABLE = """
import dash
from portico import PageApp

def construct_page(server):
    app = PageApp(__name__, server)
    columns = [{"name": "City", "id": "city"}]
    app.layout = dash.html.Div(dash.dash_table.DataTable(id="table", data=[{"city": "Oslo"}], columns=columns))
    return app.server
"""
UNKNOWN_TRACE = """
from dash import Input, Output, dcc, html
from portico import PageApp

def construct_page(server):
    app = PageApp(__name__, server)
    app.layout = html.Div([html.Button("Draw", id="draw"), dcc.Graph(id="chart", figure={"data": [], "layout": {}})])
    violin = {"data": [{"type": "violin", "y": [1, 2]}], "layout": {}}
    app.callback(Output("chart", "figure"), Input("draw", "n_clicks"), prevent_initial_call=True)(lambda _: violin)
    return app.server
"""
SITE = '[site]\ntitle = "S"\n' + "".join(
    f'[[page]]\nname = "{name}"\n' for name in ("grid", "mantine", "table", "plain")
)
SITE += '[[page]]\nname = "drawing"\nbundle = "basic"\n'


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    pages = {"grid": GRID, "mantine": MANTINE, "table": TABLE, "plain": PAGE, "drawing": UNKNOWN_TRACE}
    folder: Path = write_site(tmp_path_factory.mktemp("site"), pages, SITE)
    with running("gateway", PORTICO_SITE=str(folder)) as address:
        yield address


@pytest.mark.parametrize(
    ("page", "own"),
    [("grid", "dash_ag_grid"), ("mantine", "dash_mantine_components"), ("table", None), ("plain", None)],
)
def test_page_names_its_own_libraries_and_no_others(libraries, page, own):
    document = open_page(libraries, f"/{page}/").document
    packages = {re.match(r"/_shared/(\w+)/", each)[1] for each in (*document.scripts, *document.styles)}
    assert packages == {"portico", "dash"} | ({own} if own else set())
    assert any("dash_table" in each for each in document.scripts) == (page == "table")


@pytest.mark.parametrize(
    ("page", "shown"), [("grid", "second"), ("mantine", "pressed 0"), ("table", "Oslo"), ("plain", "seen")]
)
def test_page_works_with_shared_files_alone(profile, faults, libraries, page, shown):
    with tab(profile, faults, DESKTOP) as opened:
        asked = []
        opened.on("request", lambda request: asked.append(request.url))
        opened.goto(f"{libraries}/{page}/")
        expect(opened.locator("#react-entry-point")).to_contain_text(shown)
    scripts = [url for url in asked if url.endswith((".js", ".css"))]
    assert scripts
    assert all("/_shared/" in url for url in scripts)


def test_library_answers_a_callback(profile, faults, libraries):
    with tab(profile, faults, DESKTOP) as opened:
        opened.goto(f"{libraries}/mantine/")
        opened.get_by_role("button", name="Press").click()
        expect(opened.locator("#echo")).to_have_text("pressed 1")


def test_trace_that_the_bundle_does_not_draw_is_said_on_the_page(profile, faults, libraries):
    with tab(profile, faults, DESKTOP) as opened:
        opened.goto(f"{libraries}/drawing/")
        expect(opened.locator("#trouble")).to_be_hidden()
        opened.get_by_role("button", name="Draw").click()
        expect(opened.locator("#trouble")).to_contain_text("does not draw violin")
        expect(opened.locator("#trouble")).to_contain_text('bundle = "full"')
