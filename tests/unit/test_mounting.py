"""Mounting: the same pages on one server, on servers of their own and on a bare Flask server."""

import re
from dataclasses import replace

import pytest
from flask import Flask

from portico.page.app import apps_of
from portico.page.loader import init_app, mount_page, page_server
from portico.page.site import attach_site
from services.barchart.page import construct_page as construct_barchart
from services.home.page import construct_page as construct_home
from services.linechart.page import construct_page as construct_linechart
from tests.small_sites import PAGE

ONCE = re.compile(rb'"end_id":"[^"]*"')  # Dash's random name of a page load
NAMES = ("home", "barchart", "linechart")


@pytest.fixture(scope="module")
def all_on_one(real_site):
    return init_app(real_site).test_client()


@pytest.fixture(scope="module")
def each_alone(real_site):
    return {name: page_server(real_site, real_site.registry.page(name)).test_client() for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "address", ["", "?year=1952&years=1952-1977&country=Norway", "_dash-layout", "_dash-dependencies", "_status"]
)
def test_page_is_the_same_on_one_server_and_alone(all_on_one, each_alone, real_site, name, address):
    path = real_site.registry.page(name).path + address
    alone, shared = each_alone[name].get(path), all_on_one.get(path)
    assert alone.status_code == shared.status_code == 200
    assert ONCE.sub(b"", alone.data) == ONCE.sub(b"", shared.data)


@pytest.mark.parametrize("name", NAMES)
def test_page_alone_answers_nothing_of_the_others(each_alone, real_site, name):
    for other in (page for page in real_site.registry if page.name != name):
        assert each_alone[name].get(f"{other.path}_dash-layout").status_code == 404


def test_page_is_constructed_on_a_bare_flask_server():
    server = Flask("x")
    assert construct_barchart(server) is server
    answer = server.test_client().get("/barchart/?year=1952")
    assert answer.status_code == 200
    assert b'aria-current="page"' in answer.data


def test_pages_are_constructed_one_after_the_other_on_one_flask_server():
    server = construct_barchart(construct_linechart(construct_home(Flask("x"))))
    assert [app.page.name for app in apps_of(server)] == ["home", "linechart", "barchart"]
    client = server.test_client()
    assert [client.get(path).status_code for path in ("/", "/linechart/", "/barchart/")] == [200, 200, 200]


def test_only_the_pages_of_this_process_are_mounted(small_site):
    site = small_site({"a": PAGE, "b": PAGE})
    client = init_app(replace(site, settings=replace(site.settings, pages=("b",)))).test_client()
    assert client.get("/b/").status_code == 200
    assert client.get("/a/").status_code == 404
    assert client.get("/a/").headers["X-Accel-Redirect"] == "@a_misdirected"
    assert "X-Accel-Redirect" not in client.get("/c/").headers
    assert b'href="/a/"' in client.get("/b/").data


def test_page_below_another_page_is_its_own(small_site):
    nested = '[site]\ntitle = "S"\n[[page]]\nname = "a"\n[[page]]\nname = "b"\npath = "/a/b/"\n'
    client = init_app(small_site({"a": PAGE, "b": PAGE}, nested)).test_client()
    assert client.get("/a/_status").json["page"] == "a"
    assert client.get("/a/b/_status").json["page"] == "b"
    assert client.get("/a/b").headers["Location"] == "/a/b/"


def test_build_changes_with_a_pages_source(small_site):
    site = small_site({"a": PAGE, "b": PAGE})
    page = site.registry.page("a")
    before = site.build_of(page)
    assert site.build_of(page) == before
    site.page_file(page).write_text(PAGE + "# changed")
    assert site.build_of(page) != before


def test_address_of_a_redirect_is_relative_to_any_host(all_on_one):
    answer = all_on_one.get("/barchart?a=1&b=%20", headers={"Host": "example.org:8443"})
    assert (answer.status_code, answer.headers["Location"]) == (308, "/barchart/?a=1&b=%20")


@pytest.mark.parametrize("path", ["/barchart//", "/barchart/%2f"])
def test_doubled_slash_is_no_redirect_to_the_host_that_a_proxy_asked_with(all_on_one, path):
    assert all_on_one.get(path, headers={"Host": "inside:8000"}).status_code == 404


def test_callback_of_one_page_is_not_known_to_another(all_on_one):
    body = {"output": "..chart.figure...caption.children...scale.options..", "inputs": []}
    assert all_on_one.post("/_dash-update-component", json=body).status_code == 400


@pytest.mark.parametrize("accept", ["text/html", "*/*"])
def test_reader_gets_an_error_in_the_frame(all_on_one, accept):
    answer = all_on_one.get("/nowhere", headers={"Accept": accept})
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert b"<nav" in answer.data
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("accept", ["application/json", "*/*", ""])
def test_script_gets_an_error_as_a_line_of_text(all_on_one, accept):
    answer = all_on_one.post("/barchart/_dash-update-component", json=[], headers={"Accept": accept})
    assert (answer.status_code, answer.mimetype) == (400, "text/plain")
    assert answer.text == "a callback's body must be a JSON object\n"


def test_method_that_is_not_allowed_is_told_what_is(all_on_one):
    answer = all_on_one.post("/barchart/")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_page_that_fails_later_says_nothing_of_the_cause(small_site, caplog):
    source = PAGE.replace("lambda text: text", "lambda text: int(text) if text != 'seen' else text")
    client = init_app(small_site({"a": source})).test_client()
    body = {
        "output": "echo.children",
        "outputs": {"id": "echo", "property": "children"},
        "inputs": [{"id": "text", "property": "value", "value": "secret"}],
    }
    answer = client.post("/a/_dash-update-component", json=body)
    assert (answer.status_code, answer.text) == (500, "Internal Server Error\n")
    assert "secret" in caplog.text


def test_mounting_needs_no_more_than_a_site(small_site):
    site, server = small_site({"a": PAGE}), Flask("x", static_folder=None)
    attach_site(server, site)
    mount_page(server, site, site.registry.page("a"))
    assert server.test_client().get("/a/").status_code == 200
