"""The site's template for figures that a page makes with plotly: `px.bar(...)` and `go.Figure(...)` as they are.

The stock template is most of a small figure, on the wire and in time: it says for every kind of trace how it looks.
This one says what the style sheet does not, which paints text, lines and grounds in the reader's light or dark.
"""

import sys

from portico.figures import BASE_AXIS, BASE_LAYOUT, PALETTE

NAME = "portico"
NOT_IN_A_TEMPLATE = ("height", "template")


def use_lean_template() -> None:
    """Make the template plotly's default, once something has imported plotly; importing it for that costs 0.1 s."""
    if "plotly.graph_objects" not in sys.modules and "plotly.express" not in sys.modules:
        return
    import plotly.graph_objects as go  # noqa: PLC0415 - for those who have it already
    import plotly.io as pio  # noqa: PLC0415

    layout = {name: value for name, value in BASE_LAYOUT.items() if name not in NOT_IN_A_TEMPLATE}
    axis = {name: value for name, value in BASE_AXIS.items() if name != "fixedrange"}
    pio.templates[NAME] = go.layout.Template(layout=layout | {"colorway": PALETTE, "xaxis": axis, "yaxis": axis})
    pio.templates.default = NAME
