"""Warm-up: what is asked of a page before it is opened to visitors."""

import importlib
import json

import pytest

from portico.config.errors import ConfigError
from portico.config.registry import read_registry
from portico.page.app import apps_of
from portico.page.loader import init_app
from portico.page.warmup import sample_callbacks
from portico.scaffold.new_page import write_page
from tests.small_sites import PAGE

CALLBACKS = """
from dash import Input, Output, State, dcc, html
from portico import PageApp

def construct_page(server):
    app = PageApp(__name__, server)
    app.layout = html.Div([dcc.Input(id="text", value="seen"), dcc.Store(id="kept", data={"n": 1}), html.P(id="echo")])
    app.callback(Output("echo", "children"), Input("text", "value"), State("kept", "data"))(lambda text, kept: text)
    app.callback(Output("later", "children"), Input("not-there", "value"))(lambda value: 1 / 0)
    app.callback(Output("echo", "title"), Input("echo", "n_clicks"))(lambda clicks: 1 / 0)
    app.clientside_callback("() => 1", Output("echo", "lang"), Input("text", "value"))
    return app.server
"""


def test_callbacks_are_sampled_with_the_values_of_the_layout(small_site):
    server = init_app(small_site({"a": CALLBACKS}))
    assert sample_callbacks(apps_of(server)[0]) == [
        {
            "output": "echo.children",
            "outputs": {"id": "echo", "property": "children"},
            "inputs": [{"id": "text", "property": "value", "value": "seen"}],
            "state": [{"id": "kept", "property": "data", "value": {"n": 1}}],
            "changedPropIds": ["text.value"],
        }
    ]


ACTIONS = """
from dash import ALL, Input, Output, html
from portico import PageApp

def construct_page(server):
    app = PageApp(__name__, server)
    app.layout = [html.Button(id="send", n_clicks=0), html.P(id={"row": 1}), html.P(id="sent")]
    app.callback(Output("sent", "children"), Input("send", "n_clicks"), prevent_initial_call=True)(lambda clicks: 1 / 0)
    app.callback(Output({"row": ALL}, "children"), Input("send", "n_clicks"))(lambda clicks: ["x"])
    return app.server
"""


def test_what_waits_for_a_reader_is_not_done_at_the_start(small_site):
    server = init_app(small_site({"a": ACTIONS}))
    assert sample_callbacks(apps_of(server)[0]) == []


@pytest.mark.parametrize("pure", ["true", "false"])
def test_what_waits_for_a_reader_is_not_done_whatever_the_registry_says(small_site, pure):
    registry = f'[site]\ntitle = "Small"\n[[page]]\nname = "a"\npure = {pure}\n'
    assert sample_callbacks(apps_of(init_app(small_site({"a": ACTIONS}, registry)))[0]) == []


FIRST = """
from dash import Input, Output, html
from portico import PageApp

calls = []

def construct_page(server):
    app = PageApp(__name__, server, prevent_initial_callbacks={default})
    app.layout = [html.Button(id="send", n_clicks=0), *(html.P("before", id=name) for name in ("x", "y", "z"))]
    once, twice = Output("x", "title"), Output("x", "title", allow_duplicate=True)
    app.callback(Output("x", "children"), Input("send", "n_clicks"))(called("plain"))
    app.callback(Output("y", "children"), Input("x", "children"))(called("awaits another"))
    app.callback(Output("gone", "children"), Input("send", "n_clicks"))(called("output is not there"))
    app.callback(once, Input("send", "n_clicks"), prevent_initial_call=True)(called("waits"))
    app.callback(twice, Input("send", "n_clicks"), prevent_initial_call="initial_duplicate")(called("duplicate"))
    app.callback(Input("send", "n_clicks"))(called("only an effect"))
    app.callback([Output("z", "children")], [Input("send", "n_clicks")], prevent_initial_call=False)(called("list"))
    return app.server

def called(name):
    def callback(*_values):
        calls.append(name)
        return ["answer"] if name == "list" else "answer"
    return callback
"""


@pytest.mark.parametrize(
    ("default", "called"),
    [
        (False, ["plain", "duplicate", "list"]),
        (True, ["duplicate", "list"]),
        ("'initial_duplicate'", ["plain", "duplicate", "list"]),
    ],
)
def test_callbacks_that_a_browser_calls_first_are_called_once(small_site, default, called):
    init_app(small_site({"a": FIRST.replace("{default}", str(default))}))
    assert importlib.import_module("services.a.page").calls == called


def test_generated_page_does_not_say_that_its_callbacks_only_read(site_copy):
    write_page(site_copy, "nosuchpage")
    assert not read_registry(site_copy).page("nosuchpage").pure


def test_page_is_warm_once_it_has_answered(small_site):
    server = init_app(small_site({"a": PAGE}))
    assert apps_of(server)[0].warm
    assert server.test_client().get("/a/_status").json["ready"]
    assert server.test_client().get("/readyz").json == {"ready": True, "pages": {"a": True}}


def test_page_that_is_not_warm_is_not_ready(small_site):
    server = init_app(small_site({"a": PAGE}))
    apps_of(server)[0].warm = False
    answer = server.test_client().get("/readyz")
    assert (answer.status_code, json.loads(answer.data)["ready"]) == (503, False)
    assert server.test_client().get("/a/_status").json["ready"] is False


# Dash calls a layout once when it is set: this one fails only where a visitor asks.
BROKEN_LAYOUT = PAGE.replace("html.Div([", "lambda: flask.has_request_context() and 1 / 0 or html.Div([")
BROKEN_LAYOUT = BROKEN_LAYOUT.replace("from dash", "import flask\nfrom dash", 1)
BROKEN_CALLBACK = PAGE.replace("lambda text: text", "lambda text: 1 / 0")


@pytest.mark.parametrize(
    ("source", "line"),
    [
        (BROKEN_LAYOUT, "services/a/page.py: address = '/a/': answered 500"),
        (BROKEN_CALLBACK, "services/a/page.py: callback = 'echo.children': answered 500"),
    ],
    ids=["layout", "callback"],
)
def test_page_that_fails_when_it_is_warmed_up_is_named(small_site, source, line, caplog):
    with pytest.raises(ConfigError, match=line):
        init_app(small_site({"a": source}))
    assert "ZeroDivisionError" in caplog.text
