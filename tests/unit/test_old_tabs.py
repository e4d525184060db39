"""A tab that was opened with another build of a page: what still fits is answered, for the rest it is told to reload."""

from dataclasses import replace

import pytest

from portico.page.app import apps_of
from portico.page.loader import init_app
from tests.site.visitor import Document
from tests.small_sites import PAGE

ADDRESS = "/a/_dash-update-component"
FITS = {
    "output": "echo.children",
    "outputs": {"id": "echo", "property": "children"},
    "inputs": [{"id": "text", "property": "value", "value": "seen"}],
}
RENAMED = FITS | {"output": "heading.children", "outputs": {"id": "heading", "property": "children"}}
ASKED_OTHERWISE = FITS | {"inputs": [{"id": "word", "property": "value", "value": "seen"}]}
SEVERAL_ASKED = FITS | {"inputs": FITS["inputs"] * 2}
UPDATED = "this page was updated since it was opened: reload it\n"


@pytest.fixture
def client(small_site):
    return init_app(small_site({"a": PAGE})).test_client()


def ask(client, body, build=None):
    return client.post(ADDRESS, json=body, headers={} if build is None else {"X-Portico-Build": build})


def build_of(client):
    return client.get("/a/_status").json["build"]


def client_of_build(site, build):
    return init_app(replace(site, settings=replace(site.settings, build=build))).test_client()


@pytest.mark.parametrize("name", ["", 'a b%20"<é✓', "v1.2+3"])
def test_index_says_of_which_build_it_is(small_site, name):
    client = client_of_build(small_site({"a": PAGE}), name)
    first = Document(client.get("/a/").text).first
    assert first["build"] == build_of(client)
    assert first["build"] == (name or apps_of(client.application)[0].build)


@pytest.mark.parametrize("build", ["other", "%zz", "é".encode().decode("latin-1"), "x" * 5000])
def test_callback_that_fits_is_answered_whatever_the_build(client, build):
    plain = ask(client, FITS)
    answer = ask(client, FITS, build)
    assert (answer.status_code, answer.data) == (200, plain.data)


@pytest.mark.parametrize("body", [RENAMED, ASKED_OTHERWISE, SEVERAL_ASKED], ids=["output", "input", "more inputs"])
def test_callback_of_another_build_that_does_not_fit_is_outdated(client, body):
    answer = ask(client, body, "other")
    assert (answer.status_code, answer.text) == (409, UPDATED)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.mimetype == "text/plain"


@pytest.mark.parametrize("body", [RENAMED, ASKED_OTHERWISE, SEVERAL_ASKED], ids=["output", "input", "more inputs"])
def test_callback_of_this_build_or_of_none_that_does_not_fit_is_malformed(client, body):
    assert [ask(client, body, build).status_code for build in (None, "", build_of(client))] == [400] * 3


def test_build_of_any_name_knows_itself(small_site):
    client = client_of_build(small_site({"a": PAGE}), "a b%20é")
    assert ask(client, RENAMED, "a%20b%2520%C3%A9").status_code == 400
    assert ask(client, RENAMED, "a%20b%20%C3%A9").status_code == 409


@pytest.mark.parametrize("body", ["", "{", "[" * 100_000])
def test_body_that_no_build_sends_is_malformed(client, body):
    sent = client.post(ADDRESS, data=body, content_type="application/json", headers={"X-Portico-Build": "other"})
    assert sent.status_code == 400


# A callback reads what another build kept in the browser.
READS = """
from dash import Input, Output, dcc, html, no_update
from dash.exceptions import PreventUpdate
from flask import abort
from portico import PageApp

def read(kept):
    if kept["n"] == 0:
        raise PreventUpdate
    if kept["n"] < 0:
        abort(400 if kept["n"] == -1 else 413)
    return kept["n"]

def construct_page(server):
    app = PageApp(__name__, server)
    app.layout = html.Div([dcc.Store(id="kept", data={"n": 1}), html.P(id="echo")])
    app.callback(Output("echo", "children"), Input("kept", "data"))(read)
    return app.server
"""


@pytest.mark.parametrize(
    ("kept", "of_this_build", "of_another"),
    [
        ({"n": 1}, 200, 200),
        ({"n": 0}, 204, 204),
        ({"n": -1}, 400, 409),
        ({"n": -2}, 413, 413),
        ({"m": 1}, 500, 409),
    ],
    ids=["answered", "nothing to say", "refused", "refused for its size", "raises"],
)
def test_value_that_only_another_build_understood_is_no_failure(small_site, kept, of_this_build, of_another):
    client = init_app(small_site({"a": READS})).test_client()
    body = FITS | {"inputs": [{"id": "kept", "property": "data", "value": kept}]}
    assert ask(client, body, build_of(client)).status_code == of_this_build
    assert ask(client, body, "other").status_code == of_another


def test_failure_with_a_value_of_another_build_is_logged(small_site, caplog):
    client = init_app(small_site({"a": READS})).test_client()
    body = FITS | {"inputs": [{"id": "kept", "property": "data", "value": {}}]}
    assert ask(client, body, "other").status_code == 409
    assert "a callback of build 'other' failed" in caplog.text
    assert "KeyError" in caplog.text
