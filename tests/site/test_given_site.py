"""`make integration` against a healthy site with other pages, titles and tables than those that come with Portico."""

import subprocess
import sys

import pytest

from tests.processes import ROOT, running
from tests.reference_site import write_reference_site
from tests.small_sites import PAGE

LIMIT_S = 300
REGISTRY = """
[[page]]
name = "rows"
title = "Rows & more"

[[page]]
name = "mail"
path = "/office/mail/"

[[page]]
name = "words"

[[page]]
name = "echo"
"""
PAGES = {
    "rows": """
from dash import ALL, MATCH, Input, Output, State, html, dcc
from portico import PageApp

def construct_page(server):
    app = PageApp(__name__, server)
    rows = [html.Div([dcc.Input(id={"row": n}, value=n), html.P(id={"said": n})]) for n in range(3)]
    app.layout = html.Div([*rows, html.P(id="sum"), html.Button("Add", id="add"), dcc.Graph(id="empty")])
    app.callback(Output("sum", "children"), Input({"row": ALL}, "value"))(sum)
    app.callback(Output({"said": MATCH}, "children"), Input({"row": MATCH}, "value"))(lambda n: n)
    app.callback(Output("empty", "figure"), Input("add", "n_clicks"), State({"row": ALL}, "value"))(lambda n, v: {})
    return app.server
""",
    "mail": """
from pathlib import Path
from dash import Input, Output, html
from portico import PageApp

def send(clicks):
    Path(__file__).with_name("sent").touch()
    return "sent"

def construct_page(server):
    app = PageApp(__name__, server)
    app.layout = html.Div([html.Button("Send", id="send", n_clicks=0), html.P(id="said")])
    app.callback(Output("said", "children"), Input("send", "n_clicks"), prevent_initial_call=True)(send)
    return app.server
""",
    "words": """
from dash import html
from portico import PageApp

def construct_page(server):
    app = PageApp(__name__, server)
    app.layout = html.P("No callback here.")
    return app.server
""",
    "echo": PAGE,
}


TABLES = {
    "odd": {"a_shop.csv": b"-1,9999,<b>\n1,2,never\n3,4,x\n", "b_words.csv": b"word\nAtlantis\n\n"},
    "broken": {"a_broken.parquet": b"PAR1 and no more", "b_empty.csv": b""},
}


@pytest.fixture(params=TABLES)
def other_site(request, tmp_path):
    """A site with another title, pages of every kind beside the reference pages, and odd tables."""
    write_reference_site(tmp_path)
    registry = tmp_path / "pages.toml"
    text = registry.read_text(encoding="utf-8").replace('title = "Portico"', 'title = "Acme & Sons"')
    registry.write_text(text.replace('title = "Bar chart"', 'title = "Balken"') + REGISTRY, encoding="utf-8")
    for name, source in PAGES.items():
        (tmp_path / "services" / name).mkdir()
        (tmp_path / "services" / name / "__init__.py").touch()
        (tmp_path / "services" / name / "page.py").write_text(source, encoding="utf-8")
    (tmp_path / "data").mkdir()
    for name, content in TABLES[request.param].items():
        (tmp_path / "data" / name).write_bytes(content)
    return tmp_path


def test_healthy_site_passes_the_integration_tests_whatever_its_pages(other_site):
    with running("gateway", PORTICO_SITE=str(other_site)) as address:
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/site", "--url", address]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
    assert not (other_site / "services" / "mail" / "sent").exists()
