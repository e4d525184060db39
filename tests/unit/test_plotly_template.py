"""Figures that a page makes with plotly itself: light, in the site's look, and of kinds that its bundle draws."""

import json
import os
import subprocess
import sys

import plotly.graph_objects as go
import plotly.io as pio
import pytest

from portico.config.errors import ConfigError
from portico.page.figure_style import PALETTE
from portico.page.loader import page_server
from portico.page.plotly_template import NAME, use_lean_template
from portico.page.trace_types import not_drawn
from tests.processes import ROOT

PAGE = """
import plotly.graph_objects as go
from dash import Input, Output, dcc, html
from portico import PageApp

def construct_page(server):
    app = PageApp(__name__, server)
    app.layout = html.Div([dcc.Input(id="text", value="seen"), dcc.Graph(id="chart", figure=go.Figure({layout}))])
    app.callback(Output("chart", "figure"), Input("text", "value"))(lambda text: go.Figure({answer}))
    return app.server
"""
REGISTRY = '[site]\ntitle = "T"\n[[page]]\nname = "page"\nbundle = "{bundle}"\n'
BAR, VIOLIN = "go.Bar(x=[1], y=[2])", "go.Violin(y=[1, 2])"


@pytest.fixture
def page(small_site):
    def serve(layout, answer, bundle):
        source = PAGE.replace("{layout}", layout).replace("{answer}", answer)
        site = small_site({"page": source}, REGISTRY.format(bundle=bundle))
        return page_server(site, site.registry.page("page")).test_client()

    kept = pio.templates.default
    yield serve
    pio.templates.default = kept


def test_plain_figure_of_a_page_is_small_and_in_the_sites_colours(page):
    client = page(BAR, BAR, "basic")
    figure = client.get("/page/_dash-layout").get_json()["props"]["children"][1]["props"]["figure"]
    assert len(json.dumps(figure)) < 1200
    assert figure["layout"]["template"]["layout"]["colorway"] == list(PALETTE)


def test_template_of_the_page_itself_wins(page):
    kept = pio.templates.default
    use_lean_template()
    assert pio.templates.default == NAME
    assert go.Figure(layout={"template": "plotly_dark"}).layout.template.layout.paper_bgcolor is not None
    pio.templates.default = kept


def test_default_that_a_page_sets_afterwards_stays():
    kept = pio.templates.default
    use_lean_template()
    pio.templates.default = "plotly_white"
    assert (pio.templates.default, NAME in pio.templates) == ("plotly_white", True)
    pio.templates.default = kept


def test_page_without_figures_of_plotly_does_not_load_what_checks_them():
    asked = "import sys; from portico.page.loader import init_app; init_app(); print('plotly.validator_cache' in sys.modules)"
    environment = {**os.environ, "PORTICO_PAGES": "home"}
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(("layout", "answer"), [(VIOLIN, BAR), (BAR, VIOLIN)])
def test_page_that_draws_more_than_its_bundle_does_not_start(page, layout, answer):
    with pytest.raises(ConfigError, match=r"bundle of the page page = 'basic': its plotly.js draws no violin"):
        page(layout, answer, "basic")


@pytest.mark.parametrize("bundle", ["cartesian", "full"])
def test_page_that_draws_what_its_bundle_has_starts(page, bundle):
    assert page(VIOLIN, VIOLIN, bundle).get("/page/").status_code == 200


@pytest.mark.parametrize(
    ("answer", "unknown"),
    [
        (None, set()),
        ({"data": [{"type": "sankey"}]}, set()),  # no layout: no figure
        ([{"data": [{"type": "sankey"}, {"y": [1]}, 5], "layout": {}}], {"sankey"}),
        ({"response": {"chart": {"figure": {"data": [{"type": "bar"}, {"type": "pie"}], "layout": {}}}}}, set()),
    ],
)
def test_traces_are_found_wherever_a_figure_stands(answer, unknown):
    assert not_drawn(answer, "basic") == unknown
