"""The stock site's home."""

import dash
from dash import html

dash.register_page(__name__, path="/")
layout = html.Div([html.H1("Home"), html.P("Charts of the world's countries.")])
