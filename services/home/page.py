"""The home page: a card for each page of the site, what it shows and whether it is up.

The reader's browser asks for each page's status through the gateway, as any visitor would: this service
asks nobody, and works while every other page is down.
"""

from itertools import groupby

from dash import ClientsideFunction, Input, Output, State, dcc, html
from dash.development.base_component import Component
from flask import Flask

from portico import PageApp
from portico.config.registry import Page

REFRESH_MS = 10_000


def construct_page(server: Flask) -> Flask:
    """Construct the home page on a Flask server and return that server."""
    app = PageApp(__name__, server)
    others = [page for group in app.site.registry.navigation() for page in group.pages if page != app.page]
    app.layout = layout(others)
    app.clientside_callback(
        ClientsideFunction("portico", "page_states"),
        [Output(f"state-{page.name}", part) for part in ("children", "data-state") for page in others],
        Input("clock", "n_intervals"),
        State("status-urls", "data"),
    )
    return app.server


def layout(pages: list[Page]) -> html.Div:
    """The cards of these pages."""
    return html.Div(
        [
            dcc.Interval(id="clock", interval=REFRESH_MS),
            dcc.Store(id="status-urls", data=[page.status_path for page in pages]),
            *(section(group, list(members)) for group, members in groupby(pages, key=lambda page: page.group)),
        ]
    )


def section(group: str, pages: list[Page]) -> html.Section:
    """Return the cards of consecutive pages, below the title of their group if they have one."""
    title = [html.H2(group, className="group-title")] if group else []
    cards = html.Ul([card(page, html.H3 if group else html.H2) for page in pages], className="cards")
    return html.Section([*title, cards])


def card(page: Page, heading: type[Component]) -> html.Li:
    """What a page shows and whether it is up, the whole card a link."""
    return html.Li(
        [
            heading(html.A(page.title, href=page.path)),
            html.P(page.description),
            html.P("Checking…", id=f"state-{page.name}", className="page-state", role="status", **{"data-state": ""}),
        ],
        className="card",
    )
