"""Style of figures: data colours, font and layout, for charts and for pages' own figures."""

from collections.abc import Mapping
from typing import Any

# At least 3:1 against the light and the dark ground (WCAG 2.2, 1.4.11).
PALETTE = ("#3b7dd8", "#d9662b", "#2a9468", "#9a5fc4", "#a8841a", "#c94f7c", "#2f8fa3", "#7b7f8c")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

BASE_LAYOUT: Mapping[str, Any] = {
    "height": 450,
    "font": {"family": FONT, "size": 13},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    # A click on the legend would hide a line that the address still shows: the controls choose what is drawn.
    "legend": {
        "orientation": "h",
        "traceorder": "normal",
        "xref": "container",
        "yref": "container",
        "x": 0,
        "xanchor": "left",
        "y": 1,
        "yanchor": "top",
        "itemclick": False,
        "itemdoubleclick": False,
    },
    "hoverlabel": {"font": {"family": FONT, "size": 13}, "align": "left"},
    "template": {},
}
BASE_AXIS: Mapping[str, Any] = {
    "automargin": True,
    "exponentformat": "B",
    "fixedrange": True,
    "zeroline": False,
    "tickangle": 0,
    "ticklabelstandoff": 6,
}
