"""A page for tests whose callbacks have an effect: each writes a line into a ledger, and may never do so twice."""

import time
from pathlib import Path

from dash import Input, Output, dcc, html
from flask import Flask

from portico import PageApp

LEDGER = Path("/ledger/entries")  # of all replicas; a line is appended in one write
WRITING_S = 0.05  # so that a fault finds callbacks at work
LINES = 300  # some 20 kB: an answer that does not fit one buffer can be cut


def construct_page(server: Flask) -> Flask:
    """Construct the page on a Flask server and return that server."""
    app = PageApp(__name__, server)
    fields = [dcc.Input(id="entry"), dcc.Input(id="megabytes", type="number")]
    app.layout = html.Div([*fields, html.P(id="said"), html.P(id="eaten")])
    for output, asked, answer in (("said", "entry", write), ("eaten", "megabytes", eat)):
        app.callback(Output(output, "children"), Input(asked, "value"), prevent_initial_call=True)(answer)
    return app.server


def write(entry: str) -> str:
    """Write an entry into the ledger, and take a while to say so."""
    with LEDGER.open("a", encoding="utf-8") as ledger:
        ledger.write(f"{entry}\n")
    time.sleep(WRITING_S)
    return "\n".join(f"{number}: {entry} is written" for number in range(LINES))


def eat(megabytes: int) -> str:
    """Use so much memory, every page of it."""
    return f"{len(bytearray(b'.' * (megabytes * 1024 * 1024)))} bytes"
