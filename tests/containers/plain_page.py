"""A page for tests whose answers cost little and take their time, in the place of a chart."""

import time

from dash import Input, Output, dcc, html
from flask import Flask

from portico import PageApp

LONGEST_S = 0.4  # so that a service which is told to stop has always something in flight


def construct_page(server: Flask) -> Flask:
    """Construct the page on a Flask server and return that server."""
    app = PageApp(__name__, server)
    app.layout = html.Div([dcc.Input(id="share", type="number", value=0), html.P(id="said")])
    app.callback(Output("said", "children"), Input("share", "value"))(say)
    return app.server


def say(share: float) -> str:
    """Answer after this share of the longest time."""
    time.sleep(share * LONGEST_S)
    return f"{share} " * 1000
