"""The one-server site's bar chart: that of the stock site."""

import plotly.express as px
from dash import Dash, Input, Output, dcc, html
from flask import Flask

from pages import navigation

countries = px.data.gapminder()
years = sorted(countries["year"].unique())


def construct_page(server: Flask) -> Flask:
    app = Dash(__name__, server=server, url_base_pathname="/barchart/")
    app.layout = html.Div([navigation(), dcc.Dropdown(years, years[-1], id="bar-year"), dcc.Graph(id="bars")])
    app.callback(Output("bars", "figure"), Input("bar-year", "value"))(draw)
    return server


def draw(year):
    """Draw the twenty largest countries of a year."""
    largest = countries[countries["year"] == year].nlargest(20, "pop")
    return px.bar(largest, x="pop", y="country", color="continent", orientation="h")
