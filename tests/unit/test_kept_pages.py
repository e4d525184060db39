"""Which pages are given to whoever opens the same address next, and which are made anew."""

import re
import sys
import time
from types import SimpleNamespace

import pytest
from dash import html

from portico.page import cache as kept_pages
from portico.page.app import apps_of
from portico.page.cache import KeptPages
from portico.page.identity import IDENTITY_HEADERS
from portico.page.loader import page_server

PAGE = """
from itertools import count
from dash import html
from flask import has_request_context, request
from portico import PageApp
from portico.data.errors import SourceAway
from portico.page.cache_control import for_this_reader

def construct_page(server):
    app = PageApp(__name__, server)
    app.layout = layout
    app.is_same_for_all = True
    app.data_version = version
    return app.server

def layout():
    if has_request_context() and "mine" in request.args:
        for_this_reader()
    return html.P(f"made {next(number)} times")

def version():
    if versions[-1] is None:
        raise SourceAway("gone")
    return versions[-1]

number, versions = count(), ["data1"]
"""
REGISTRY = '[site]\ntitle = "T"\n[[page]]\nname = "page"\npure = true\n{more}'


@pytest.fixture
def server(small_site, request):
    site = small_site({"page": PAGE}, REGISTRY.format(more=getattr(request, "param", "fresh = 60")))
    return page_server(site, site.registry.page("page"))


@pytest.fixture
def opened(server):
    """Opens an address of the page; tells which layout it was answered with."""

    def opened(address="/page/", **headers):
        sent = {name.replace("_", "-"): each for name, each in headers.items()}
        answer = server.test_client(use_cookies=False).get(address, headers=sent)
        opened.headers = dict(answer.headers.items())
        return int(re.search(r"made (\d+) times", answer.text)[1])

    return opened


@pytest.fixture
def versions(server):
    """What the page's data says of its version, the newest last."""
    return sys.modules["services.page.page"].versions


def test_same_address_is_answered_with_the_same_page(opened):
    first, of_first = opened(), opened.headers
    assert opened() == first
    assert opened.headers == of_first
    assert "Content-Security-Policy" in of_first


def test_other_address_is_another_page(opened):
    assert len({opened(), opened("/page/?year=1952"), opened("/page/?year=1957")}) == 3
    assert opened("/page/?year=1952") == opened("/page/?year=1952")


@pytest.mark.parametrize(
    "headers",
    [
        {"Cookie": "session=1"},
        {"Authorization": "Basic eDp5"},
        {"Cache_Control": "no-store"},
        {"Cache_Control": "No-Cache"},
        {"Cache_Control": "max-age=0"},
    ],
)
def test_reader_who_may_be_known_or_reloads_gets_a_page_of_their_own(opened, headers):
    first = opened()
    own = opened(**headers)
    assert own not in (first, opened(**headers))
    assert opened() == first


@pytest.mark.parametrize("name", IDENTITY_HEADERS)
def test_reader_whom_a_proxy_names_gets_a_page_of_their_own(opened, name):
    first = opened()
    own = opened(**{name: "ann"})
    assert own not in (first, opened(**{name: "bob"}))
    assert opened() == first


def test_header_in_which_the_sites_own_proxy_names_readers_is_in_the_registry(small_site):
    entries = (
        '[site]\ntitle = "T"\nidentity_headers = ["X-Company-User"]\n[[page]]\nname = "page"\npure = true\nfresh = 60'
    )
    site = small_site({"page": PAGE}, entries)
    client = page_server(site, site.registry.page("page")).test_client(use_cookies=False)
    assert client.get("/page/").text == client.get("/page/").text
    assert client.get("/page/", headers={"X-Company-User": "ann"}).text != client.get("/page/").text


def test_page_that_is_for_its_reader_is_not_kept(opened):
    assert opened("/page/?mine") != opened("/page/?mine")


def test_new_data_make_a_new_page(opened, versions):
    before = opened()
    versions.append("data2")
    assert opened() != before
    assert opened() == opened()


@pytest.mark.parametrize("version", ["", None])
def test_page_of_data_that_do_not_tell_their_version_is_made_anew(opened, versions, version):
    versions.append(version)
    assert opened() != opened()


@pytest.mark.parametrize(("server", "is_kept"), [("", False), ("fresh = 1", True)], indirect=["server"])
def test_page_is_kept_for_no_longer_than_it_says(opened, monkeypatch, is_kept):
    now = time.monotonic()
    monkeypatch.setattr(kept_pages, "time", SimpleNamespace(monotonic=lambda: now))
    before = opened()
    assert (opened() == before) is is_kept
    monkeypatch.setattr(kept_pages, "time", SimpleNamespace(monotonic=lambda: now + 100))
    assert opened() != before


def test_pages_that_are_unused_for_longest_make_room(server):
    kept, made = KeptPages(most_bytes=10), []

    def page(key):
        def make():
            made.append(key)
            return server.response_class(b"1234")

        with server.test_request_context():
            return kept.answer(key, 60, make).get_data()

    assert [page(key) for key in "abacabcb"] == [b"1234"] * 8
    assert made == [*"abcbc"]


def test_page_larger_than_all_that_is_kept_is_not(server):
    kept = KeptPages(most_bytes=10)
    with server.test_request_context():
        kept.answer("small", 60, lambda: server.response_class(b"1234"))
        kept.answer("large", 60, lambda: server.response_class(b"12345678901"))
        assert kept.answer("small", 60, lambda: server.response_class(b"made anew")).get_data() == b"1234"
        assert kept.answer("large", 60, lambda: server.response_class(b"made anew")).get_data() == b"made anew"


def test_layout_that_is_set_anew_is_not_the_same_for_all_until_somebody_says_so(server):
    [app] = apps_of(server)
    assert app.is_same_for_all
    app.layout = html.P("Good morning, Ann")
    assert not app.is_same_for_all


def test_answer_to_head_keeps_the_page_too(server, opened):
    head = server.test_client(use_cookies=False).head("/page/")
    assert (head.status_code, head.data) == (200, b"")
    assert opened() == opened()
