"""The one-server site's line chart: that of the stock site."""

import plotly.express as px
from dash import Dash, Input, Output, dcc, html
from flask import Flask

from pages import navigation

countries = px.data.gapminder()


def construct_page(server: Flask) -> Flask:
    app = Dash(__name__, server=server, url_base_pathname="/linechart/")
    measures = dcc.RadioItems(["lifeExp", "gdpPercap", "pop"], "lifeExp", id="line-measure")
    app.layout = html.Div([navigation(), measures, dcc.Graph(id="lines")])
    app.callback(Output("lines", "figure"), Input("line-measure", "value"))(draw)
    return server


def draw(measure):
    """Draw the mean of each continent over time."""
    means = countries.groupby(["continent", "year"], as_index=False)[measure].mean()
    return px.line(means, x="year", y=measure, color="continent")
