"""Sessions of pages on one domain: each has a cookie of its own."""

import pytest
from werkzeug.test import Client

from gateway.app import create_gateway
from portico.page.loader import init_app
from tests.small_sites import PAGE

COUNTING = PAGE.replace(
    "    return app.server",
    "    {config}\n    server.secret_key = 'k'\n    server.add_url_rule(app.page.path + ('count' if app.page.path != '/' else '_count'), app.page.name, count)\n    return app.server",
)
COUNTING += """
def count():
    session["visits"] = session.get("visits", 0) + 1
    return str(session["visits"])
"""
COUNTING = "from flask import session\n" + COUNTING


@pytest.fixture(params=[create_gateway, init_app], ids=["gateway", "portico"])
def client(request, small_site):
    def of(config="pass"):
        source = COUNTING.replace("{config}", config)
        registry = (
            '[site]\ntitle = "S"\n[[page]]\nname = "home"\npath = "/"\n[[page]]\nname = "a"\n[[page]]\nname = "b"\n'
        )
        return Client(request.param(small_site(dict.fromkeys(("home", "a", "b"), source), registry)))

    return of


def test_pages_count_their_own_visits(client):
    visitor = client()
    counted = [
        visitor.get(path).text for path in ("/_count", "/a/count", "/b/count", "/a/count", "/_count", "/b/count")
    ]
    assert counted == ["1", "1", "1", "2", "2", "2"]


@pytest.mark.parametrize(
    ("path", "name", "below"), [("/a/count", "session_a", "/a/"), ("/_count", "session_home", "/")]
)
def test_cookie_is_of_its_page(client, path, name, below):
    cookie = client().get(path).headers["Set-Cookie"]
    assert cookie.startswith(f"{name}=")
    assert f"Path={below}" in cookie.split("; ")


def test_author_who_names_the_cookie_wins(client):
    cookie = client("server.config.update(SESSION_COOKIE_NAME='mine', SESSION_COOKIE_PATH='/x/')").get("/a/count")
    assert cookie.headers["Set-Cookie"].startswith("mine=")
    assert "Path=/x/" in cookie.headers["Set-Cookie"].split("; ")
