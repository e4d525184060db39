"""What a page hears of the visitor's address through a proxy: all from one that is trusted, nothing from anybody else."""

from pathlib import Path

import pytest

from tests.processes import running
from tests.site.visitor import ask
from tests.small_sites import write_site

PAGE = """
from dash import html
from flask import redirect, request, session, url_for
from portico import PageApp

def construct_page(server):
    app = PageApp(__name__, server)
    app.layout = html.P("a page")
    server.secret_key = "of a test"
    server.add_url_rule("/page/where", "where", where)
    server.add_url_rule("/page/go", "go", lambda: redirect(url_for("where", _external=True)))
    return app.server

def where():
    session["seen"] = True
    return f"{url_for('where', _external=True)} {request.remote_addr}"
"""
SAID = {"x_forwarded_proto": "https", "x_forwarded_host": "dash.example", "x_forwarded_for": "192.0.2.7"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_site(tmp_path_factory.mktemp("site"), {"page": PAGE})


@pytest.fixture(scope="module", params=["gateway", "portico"])
def trusting(request, folder: Path):
    """The address of a process that trusts proxies on this machine."""
    with running(request.param, PORTICO_SITE=str(folder), PORTICO_TRUSTED_PROXY="127.0.0.1") as address:
        yield address


def test_page_hears_scheme_host_and_client_of_a_trusted_proxy(trusting: str):
    assert ask(trusting, "/page/where", **SAID).text == "https://dash.example/page/where 192.0.2.7"
    assert ask(trusting, "/page/go", **SAID).headers["Location"] == "https://dash.example/page/where"


def test_cookie_is_secure_where_the_visitor_came_by_https(trusting: str):
    assert "Secure" in ask(trusting, "/page/where", **SAID).headers["Set-Cookie"]
    assert "Secure" not in ask(trusting, "/page/where", x_forwarded_proto="http").headers["Set-Cookie"]


def test_site_below_a_path_of_another_domain_is_refused_with_the_reason(trusting: str):
    answer = ask(trusting, "/page/where", **SAID, x_forwarded_prefix="/dash/")
    assert (answer.status, "cannot be served below a path" in answer.text) == (501, True)
    assert ask(trusting, "/page/where", x_forwarded_prefix="/").status == 200


@pytest.mark.parametrize("trusted", ["", "192.0.2.0/24"])
def test_page_hears_nothing_of_a_proxy_that_is_not_trusted(folder: Path, trusted: str):
    with running("gateway", PORTICO_SITE=str(folder), PORTICO_TRUSTED_PROXY=trusted) as address:
        answer = ask(address, "/page/where", **SAID, x_forwarded_prefix="/dash")
        assert answer.text == f"{address}/page/where 127.0.0.1"
        assert "Secure" not in answer.headers["Set-Cookie"]


def test_remote_page_hears_what_the_gateway_believes(folder: Path):
    with (
        running("portico", PORTICO_SITE=str(folder), PORTICO_TRUSTED_PROXY="127.0.0.1") as page,
        running(
            "gateway", PORTICO_SITE=str(folder), PORTICO_REMOTE=f"page={page}", PORTICO_TRUSTED_PROXY="127.0.0.1"
        ) as gateway,
    ):
        assert ask(gateway, "/page/where", **SAID).text == "https://dash.example/page/where 192.0.2.7"
