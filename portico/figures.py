"""Figures as plain data: what plotly.js draws, without building and checking Python objects of it.

The colours of text, lines and grounds are the style sheet's, so that a chart follows the reader's light
or dark preference at once; here stand only those of the data, which are readable on both.
"""

from collections.abc import Mapping, Sequence
from typing import Any

# At least 3:1 against the light and the dark ground (WCAG 2.2, 1.4.11).
PALETTE = ("#3b7dd8", "#d9662b", "#2a9468", "#9a5fc4", "#a8841a", "#c94f7c", "#2f8fa3", "#7b7f8c")
DASHES = ("solid", "dash", "dot")
CONTINENT_COLORS = dict(zip(("Africa", "Americas", "Asia", "Europe", "Oceania"), PALETTE, strict=False))
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"

Trace = dict[str, Any]
Figure = dict[str, Any]
# Set on the graph, not in each figure: what a reader may do with a chart.
GRAPH_CONFIG = {
    "displaylogo": False,
    "displayModeBar": "hover",
    "modeBarButtonsToRemove": ["select2d", "lasso2d"],
    "responsive": True,
}

BASE_LAYOUT: Mapping[str, Any] = {
    "font": {"family": FONT, "size": 13},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "margin": {"l": 8, "r": 24, "t": 36, "b": 8},
    "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yanchor": "bottom", "title": {"text": ""}},
    "hoverlabel": {"font": {"family": FONT, "size": 13}, "align": "left"},
    "template": {},
}
BASE_AXIS: Mapping[str, Any] = {"automargin": True, "zeroline": False, "exponentformat": "B", "gridwidth": 1}


def figure(traces: Sequence[Trace], **layout: Any) -> Figure:
    """A figure of these traces in the site's look; `layout` adds to it."""
    return {"data": list(traces), "layout": {**BASE_LAYOUT, **layout}}


def axis(title: str = "", **more: Any) -> dict[str, Any]:
    """An axis in the site's look."""
    return {**BASE_AXIS, "title": {"text": title, "standoff": 10}, **more}


def color(index: int) -> str:
    """The colour of the nth series; they repeat after the palette, with another dash."""
    return PALETTE[index % len(PALETTE)]


def dash(index: int) -> str:
    return DASHES[index // len(PALETTE) % len(DASHES)]


def empty(message: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    note = {"text": message, "showarrow": False, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}
    hidden = {"visible": False}
    return figure([], annotations=[note], xaxis=hidden, yaxis=hidden, height=320)
