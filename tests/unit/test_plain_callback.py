"""A plain callback answers as Dash would answer for it."""

import pytest

from portico.errors import ConfigError
from portico.mounting import init_app
from portico.page_app import apps_of

PAGE = """
import plotly.graph_objects as go
from dash import Input, Output, State, dcc, html, no_update
from portico import PageApp

def answer(said, kept):
    if said == "nothing":
        return [no_update] * 3
    if said == "more":
        return [html.Ul([html.Li(["ü", None, 1.5])], id={"kind": "list"}), {1: [True, None]}, go.Figure(layout={"title": {"text": "<b>"}})]
    if said == "too few":
        return [said]
    return [html.B([said, kept]), no_update if said == "same" else said, {"n": float("nan"), "text": "</script>"}]

def construct_page(server):
    app = PageApp(__name__, server)
    app.layout = html.Div([dcc.Input(id="text"), dcc.Store(id="kept"), html.P(id="echo"), dcc.Store(id="stored")])
    outputs = [Output("echo", "children"), Output("echo", "title"), Output("stored", "data")]
    app.plain_callback(outputs, [Input("text", "value"), State("kept", "data")], answer)
    return app.server
"""
OUTPUTS = [("echo", "children"), ("echo", "title"), ("stored", "data")]


@pytest.fixture
def server(small_site):
    return init_app(small_site({"plain": PAGE}))


def asked(server, said, kept="k"):
    inputs = (
        [{"id": "text", "property": "value"}] if said is None else [{"id": "text", "property": "value", "value": said}]
    )
    body = {
        "output": "..{}..".format("...".join(map(".".join, OUTPUTS))),
        "outputs": [{"id": name, "property": what} for name, what in OUTPUTS],
        "inputs": inputs,
        "state": [{"id": "kept", "property": "data", "value": kept}],
        "changedPropIds": ["text.value"],
    }
    return server.test_client().post("/plain/_dash-update-component", json=body)


@pytest.mark.parametrize("said", ["a", "same", "nothing", "more", None, "ü</p>", ["a", 1], {"type": "B"}])
def test_same_answer_as_dash_gives(server, monkeypatch, said):
    here = asked(server, said)
    monkeypatch.setattr(apps_of(server)[0], "_plain", {})
    by_dash = asked(server, said)
    assert (here.status_code, here.json, here.mimetype) == (by_dash.status_code, by_dash.json, by_dash.mimetype)
    assert here.headers["Cache-Control"] == by_dash.headers["Cache-Control"]


def test_what_is_not_updated_is_left_out(server):
    assert asked(server, "same").json["response"].keys() == {"echo", "stored"}
    assert asked(server, "same").json["response"]["echo"].keys() == {"children"}
    assert asked(server, "nothing").json["response"] == {}


@pytest.mark.parametrize(
    ("written", "otherwise"),
    [
        ('[Input("text", "value"), State("kept", "data")]', '[State("kept", "data"), Input("text", "value")]'),
        ('Input("text", "value")', 'Input({"id": "text"}, "value")'),
        ('Output("echo", "children")', 'Output({"id": "echo"}, "children")'),
    ],
)
def test_what_is_not_plain_is_refused_at_the_start(small_site, written, otherwise):
    with pytest.raises(ConfigError, match="plain_callback: "):
        init_app(small_site({"plain": PAGE.replace(written, otherwise)}))


def test_other_number_of_values_than_outputs_is_the_pages_fault(server):
    assert asked(server, "too few").status_code == 500
