"""The pages of the one-server site, and the navigation that each of them shows."""

from dash import html

PAGES = {"Home": "/", "Bar chart": "/barchart/", "Line chart": "/linechart/"}


def navigation() -> html.Nav:
    return html.Nav([html.A(title, href=path) for title, path in PAGES.items()])
