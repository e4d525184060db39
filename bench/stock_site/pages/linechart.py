"""The stock site's line chart."""

import dash
import plotly.express as px
from dash import Input, Output, callback, dcc, html

dash.register_page(__name__)
countries = px.data.gapminder()
layout = html.Div(
    [dcc.RadioItems(["lifeExp", "gdpPercap", "pop"], "lifeExp", id="line-measure"), dcc.Graph(id="lines")]
)


@callback(Output("lines", "figure"), Input("line-measure", "value"))
def draw(measure):
    """Draw the mean of each continent over time."""
    means = countries.groupby(["continent", "year"], as_index=False)[measure].mean()
    return px.line(means, x="year", y=measure, color="continent")
