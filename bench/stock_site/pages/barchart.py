"""The stock site's bar chart."""

import dash
import plotly.express as px
from dash import Input, Output, callback, dcc, html

dash.register_page(__name__)
countries = px.data.gapminder()
years = sorted(countries["year"].unique())
layout = html.Div([dcc.Dropdown(years, years[-1], id="bar-year"), dcc.Graph(id="bars")])


@callback(Output("bars", "figure"), Input("bar-year", "value"))
def draw(year):
    """Draw the twenty largest countries of a year."""
    largest = countries[countries["year"] == year].nlargest(20, "pop")
    return px.bar(largest, x="pop", y="country", color="continent", orientation="h")
