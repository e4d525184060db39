"""Light and dark: the reader's choice is kept, and every figure and control of a page's own follows it."""

import pytest
from playwright.sync_api import expect

from tests.browser.charts import open_chart
from tests.browser.conftest import DESKTOP, tab
from tests.processes import running
from tests.small_sites import write_site

pytestmark = pytest.mark.browser
READABLE = 4.5  # https://www.w3.org/TR/WCAG22/#contrast-minimum
GROUNDS = {"light": "rgb(246, 247, 249)", "dark": "rgb(18, 22, 29)"}
SOURCE = """
import plotly.graph_objects as go
from dash import Input, Output, dash_table, dcc, html
from portico import PageApp

def figure(**layout):
    bars = go.Bar(x=["a", "b"], y=[1, 2], text=["one", "two"], textposition="outside", name="bars")
    return go.Figure([bars, go.Scatter(x=["a", "b"], y=[2, 1])]).update_layout(title="A title", **layout)

PLAIN = {"data": [{"x": [1, 2], "y": [2, 1]}], "layout": {"title": {"text": "A dict"}}}
FIGURES = {
    "lean": figure(), "stock": figure(template="plotly"), "dict": PLAIN, "white": figure(plot_bgcolor="white"),
    "red": figure(font={"color": "rgb(230, 30, 30)"}),
    "table": go.Figure(go.Table(header={"values": ["A"]}, cells={"values": [[1, 2]]})),
}

def construct_page(server):
    app = PageApp(__name__, server)
    kept = dcc.Graph(id="kept", figure=figure(template="plotly"), className="keep-colours")
    app.layout = html.Div([
        html.Button("Draw", id="draw"), html.P("A text", id="text"), html.P(id="heard"),
        dcc.Dropdown(["a"], "a"), dcc.Input(value="text"), dcc.DatePickerSingle(date="2026-01-02"), dcc.Slider(0, 3, 1, value=2),
        dcc.Tabs([dcc.Tab("within", label="One"), dcc.Tab("too", label="Two")]),
        dash_table.DataTable([{"a": 1, "b": "x"}], sort_action="native"),
        *(dcc.Graph(id=name, figure=drawn) for name, drawn in FIGURES.items()), kept,
    ])
    app.callback(Output("lean", "figure"), Input("draw", "n_clicks"), prevent_initial_call=True)(lambda _: figure())
    app.callback(
        Output("heard", "children"), Input("dict", "relayoutData"), Input("dict", "figure"), prevent_initial_call=True
    )(lambda *_: "heard")
    return app.server
"""
# Of each text of a figure or page, the least contrast to what is painted behind it.
LEAST_CONTRAST = """root => {
    const pixel = document.createElement("canvas").getContext("2d");
    const bytes = colour => {
        pixel.clearRect(0, 0, 1, 1); pixel.fillStyle = "transparent"; pixel.fillStyle = colour; pixel.fillRect(0, 0, 1, 1);
        return [...pixel.getImageData(0, 0, 1, 1).data];
    };
    const light = ([...rgb]) => rgb.slice(0, 3)
        .map(each => each / 255).map(each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
        .reduce((sum, each, index) => sum + each * [0.2126, 0.7152, 0.0722][index], 0);
    const ground = element => {
        for (let each = element; each; each = each.parentElement) {
            const found = bytes(getComputedStyle(each).backgroundColor);
            if (found[3] > 200) return found;
        }
    };
    const cell = text => text.closest(".column-cell")?.querySelector(".cell-rect");
    const behind = text => cell(text) ? bytes(getComputedStyle(cell(text)).fill) : ground(text);
    const own = element => [...element.childNodes].some(({ nodeType, data }) => nodeType === 3 && data.trim());
    const texts = [...root.querySelectorAll("*")].filter(element => own(element) && element.checkVisibility({ visibilityProperty: true }));
    return Math.min(...texts.map(text => {
        const style = getComputedStyle(text);
        const inSvg = text instanceof SVGElement;
        const pair = [light(bytes(inSvg ? style.fill : style.color)), light(behind(text))].sort();
        return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    }));
}"""


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    folder = write_site(tmp_path_factory.mktemp("themes"), {"own": SOURCE})
    with running("gateway", PORTICO_SITE=str(folder)) as site:
        yield f"{site}/own/"


@pytest.fixture
def lone(profile, faults):
    """A reader whose choice no other test has made, who prefers dark."""
    with profile.browser.new_context() as context, tab(context, faults, DESKTOP, "dark") as page:
        yield page


def opened(page, address):
    page.goto(address)
    expect(page.locator("#kept .main-svg").first).to_be_visible()
    expect(page.locator("#lean .xtick text").first).to_be_visible()
    expect(page.locator("#table .cell-text").first).to_be_visible()
    expect(page.locator("td.dash-cell").first).to_be_visible()


def contrast(page, selector):
    return page.locator(selector).evaluate(LEAST_CONTRAST)


def ground(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("figure", ["lean", "stock", "dict", "table", "react-entry-point"])
def test_every_text_is_readable(lone, own, theme, figure):
    lone.emulate_media(color_scheme=theme)
    opened(lone, own)
    if figure == "react-entry-point":
        lone.evaluate("document.querySelectorAll('.dash-graph').forEach(each => { each.style.visibility = 'hidden' })")
    assert contrast(lone, f"#{figure}") >= READABLE


def test_figure_follows_the_choice_and_a_callback_draws_in_it(lone, own):
    opened(lone, own)
    lone.wait_for_load_state("networkidle")
    asked = []
    lone.on("request", lambda request: asked.append(request.post_data))
    for choice in ("light", "dark"):
        lone.get_by_label("Theme").select_option(choice)
        for drawn in (lambda: None, lambda: lone.get_by_role("button", name="Draw").click()):
            drawn()
            lone.wait_for_timeout(300)
            expect(lone.locator("#lean .xtick text").first).to_be_visible()
            assert ground(lone) == GROUNDS[choice]
            assert contrast(lone, "#lean") >= READABLE
            assert contrast(lone, "#dict") >= READABLE
    assert [body for body in asked if body and "heard" in body] == []  # no callback hears of the theme


def test_colours_of_an_author_stay(lone, own):
    opened(lone, own)
    assert lone.locator("#red .gtitle").evaluate("title => getComputedStyle(title).fill") == "rgb(230, 30, 30)"
    dark = lone.locator("#white .gtitle").evaluate("title => getComputedStyle(title).fill")
    assert dark == "rgb(27, 34, 48)"  # what is read on white
    kept = lone.locator("#kept .gtitle").evaluate("title => getComputedStyle(title).fill")
    assert kept == "rgb(42, 63, 95)"  # plotly's own


def test_zoom_of_a_reader_outlives_a_change_of_theme(lone, own):
    opened(lone, own)
    zoomed = "document.querySelector('#dict .js-plotly-plot')"
    lone.evaluate(f"Plotly.relayout({zoomed}, {{'xaxis.range': [1.2, 1.6]}})")
    lone.get_by_label("Theme").select_option("light")
    assert lone.evaluate(f"{zoomed}._fullLayout.xaxis.range") == [1.2, 1.6]


def test_choice_is_there_before_the_first_paint_of_each_page_and_can_be_taken_back(lone, embedded, faults):
    lone.goto(f"{embedded}/")
    assert ground(lone) == GROUNDS["dark"]
    switch = lone.get_by_label("Theme")
    switch.focus()
    lone.keyboard.press("ArrowDown")  # Light
    assert ground(lone) == GROUNDS["light"]
    lone.add_init_script(
        "new MutationObserver(() => document.body && (window.first ??= document.documentElement.dataset.theme"
        " ?? 'none')).observe(document, { childList: true, subtree: true })"
    )
    for path in ("/", "/barchart/", "/nowhere"):
        lone.goto(embedded + path)
        assert lone.evaluate("window.first") == "light"
        assert ground(lone) == GROUNDS["light"]
        expect(switch).to_have_value("light")
    switch.select_option("")
    assert ground(lone) == GROUNDS["dark"]
    lone.reload()
    assert ground(lone) == GROUNDS["dark"]
    faults[:] = [fault for fault in faults if "404" not in fault]


def test_choice_holds_from_page_to_page_in_one_document_and_in_other_tabs(lone, embedded):
    open_chart(lone, f"{embedded}/barchart/")
    lone.evaluate("window.same = true")
    other = lone.context.new_page()
    other.goto(f"{embedded}/")
    lone.get_by_label("Theme").select_option("light")
    lone.get_by_role("navigation").get_by_role("link", name="Line chart").click()
    expect(lone).to_have_title("Line chart · Portico")
    assert lone.evaluate("window.same")
    assert ground(lone) == GROUNDS["light"]
    expect(other.get_by_label("Theme")).to_have_value("light")
    other.close()
