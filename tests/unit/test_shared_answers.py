"""What a callback's answer says of who else may be given it."""

import gzip
import json

import pytest

from portico.page.cache_control import KEPT_CODING, sharing_for
from portico.page.identity import IDENTITY_HEADERS
from portico.page.loader import page_server

PAGE = """
from dash import Input, Output, dcc, html
from portico import PageApp
from portico.data.errors import SourceAway
from portico.page.cache_control import for_this_reader

def construct_page(server):
    app = PageApp(__name__, server)
    app.layout = html.Div([dcc.Input(id="text", value="seen"), html.P(id="echo")])

    def answer(text):
        if text.startswith("mine"):
            for_this_reader()
        return text

    def version():
        if text_of_version[0] is None:
            raise SourceAway("gone")
        return text_of_version[0]

    app.callback(Output("echo", "children"), Input("text", "value"))(answer)
    app.data_version = version
    return app.server

text_of_version = ["data1"]
"""
REGISTRY = '[site]\ntitle = "T"\n[[page]]\nname = "page"\npure = true\n{fresh}'


@pytest.fixture
def ask(small_site, request):
    site = small_site({"page": PAGE}, REGISTRY.format(fresh=getattr(request, "param", "fresh = 60")))
    client = page_server(site, site.registry.page("page")).test_client(use_cookies=False)

    def ask_with(text="a", **headers):
        body = {
            "output": "echo.children",
            "outputs": {"id": "echo", "property": "children"},
            "inputs": [{"id": "text", "property": "value", "value": text}],
            "changedPropIds": ["text.value"],
        }
        sent = {"data": json.dumps(body), "content_type": "application/json"}
        return client.post("/page/_dash-update-component", headers=headers, **sent)

    ask_with.client = client
    return ask_with


def version_now(client):
    return client.get("/page/_status").headers.get("X-Portico-Version")


def test_gateway_may_keep_a_version_for_a_moment_and_visitors_may_not(ask):
    said = {query: ask.client.get(f"/page/_status{query}").headers for query in ("", "?version")}
    assert said[""]["Cache-Control"] == "no-store"
    assert said["?version"]["Cache-Control"] == "public, max-age=1, stale-while-revalidate=1"
    assert said[""]["X-Portico-Version"] == said["?version"]["X-Portico-Version"]


@pytest.mark.parametrize("name", IDENTITY_HEADERS)
def test_answer_to_a_reader_who_is_named_is_for_nobody_else(ask, name):
    assert ask(**{name: "ann"}).headers["Cache-Control"] == "no-store"
    assert ask().headers["Cache-Control"].startswith("public")


def test_answer_is_for_others_too_under_the_version_that_the_page_tells(ask):
    answer = ask()
    assert answer.headers["Cache-Control"] == "public, max-age=50, stale-while-revalidate=10"
    assert answer.headers["X-Portico-Version"] == version_now(ask.client)
    assert version_now(ask.client).endswith("-data1")


@pytest.mark.parametrize(("fresh", "new", "old"), [(1, 1, 0), (2, 1, 1), (19, 10, 9), (60, 50, 10), (86400, 86390, 10)])
def test_answer_is_given_for_as_long_as_the_page_says_in_all(fresh, new, old):
    assert sharing_for(fresh) == f"public, max-age={new}, stale-while-revalidate={old}"


@pytest.mark.parametrize("text", ["a" * 2000, "".join(map(str, range(30_000)))])
def test_answer_that_the_gateway_may_keep_is_compressed_for_it(ask, text):
    plain, kept = ask(text), ask(text, **{"Accept-Encoding": KEPT_CODING})
    assert kept.headers["Content-Encoding"] == KEPT_CODING
    assert gzip.decompress(kept.data) == plain.data
    assert kept.content_length == len(kept.data)


@pytest.mark.parametrize(
    ("text", "accepted"), [("a", KEPT_CODING), ("mine" * 500, KEPT_CODING), ("a" * 2000, "gzip, deflate, br")]
)
def test_answer_that_is_short_or_not_kept_or_for_a_browser_is_not_compressed(ask, text, accepted):
    assert "Content-Encoding" not in ask(text, **{"Accept-Encoding": accepted}).headers


@pytest.mark.parametrize("ask", [""], indirect=True)
def test_page_that_says_nothing_shares_nothing(ask):
    answer = ask()
    assert answer.headers["Cache-Control"] == "no-store"
    assert "X-Portico-Version" not in answer.headers
    assert version_now(ask.client) is None


def test_answer_for_one_reader_is_not_for_others_and_the_next_one_is(ask):
    assert [ask(text).headers["Cache-Control"] for text in ("mine", "a")] == ["no-store", sharing_for(60)]


def test_other_data_is_another_version_and_data_that_is_away_is_none(ask):
    from services.page import page  # noqa: PLC0415 - of the small site that was just written

    seen = version_now(ask.client)
    page.text_of_version[0] = "data2"
    assert version_now(ask.client) not in (seen, "")
    page.text_of_version[0] = None
    assert version_now(ask.client) == ""
    assert ask().headers["Cache-Control"] == "no-store"


def test_refused_callback_is_not_for_others(ask):
    answer = ask.client.post("/page/_dash-update-component", data="[]", content_type="application/json")
    assert answer.status_code == 400
    assert "max-age" not in answer.headers["Cache-Control"]
