"""What people use today: Dash Pages in one process, the same charts of the same data with plotly.express."""

import dash
from dash import Dash, dcc, html

app = Dash(__name__, use_pages=True)
app.layout = html.Div(
    [html.Nav([dcc.Link(page["name"], href=page["path"]) for page in dash.page_registry.values()]), dash.page_container]
)
server = app.server
