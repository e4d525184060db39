"""Plots of what was measured: bars that say their median, and lines along the number of readers.

A whisker goes from the lowest to the highest, and a number says the median. Text, grids and grounds have no colour here:
`drawing.py` gives them that of the site's style sheet, for light and for dark.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from statistics import median
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from portico.charts.figures import color
from portico.charts.numbers import readable
from portico.page.figure_style import FONT

WIDTH = 720  # pixels, as all lengths here
BAR, BARS_APART = 24, 0.6  # the height of a bar, and bars that would have room between two groups
LINES = 280  # the height of a panel of lines
TITLE, AXIS = 40, 48  # the room of a panel's title, and of an axis below it
LEGEND_COLUMNS, LEGEND_ROW = 2, 22
EDGE = 20
NUMBERS = 80  # the room right of bars for their medians
# Lines are told apart without their colours, too.
SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "star")

Panel = Mapping[str, Mapping[str, Sequence[float]]]  # figures by what they are of (a kind of visit, …) and site


@dataclass(frozen=True)
class Site:
    """The figures of a site in one panel, by what they are of."""

    name: str
    place: int  # among the names of all panels, which says its colour
    row: int  # of the panel, from 1
    figures: Mapping[str, Sequence[float]]
    first: bool  # of this name: the legend has it once

    def middles(self) -> list[float]:
        return [median(each) for each in self.figures.values()]

    def whiskers(self) -> dict[str, Any]:
        taken = self.figures.values()
        longer = [max(each) - median(each) for each in taken]
        shorter = [median(each) - min(each) for each in taken]
        return {"array": longer, "arrayminus": shorter, "width": 3, "thickness": 1.2}


def alone(figures: Mapping[str, Sequence[float]]) -> Panel:
    """A panel of things that no sites share, so that no legend names any."""
    return {what: {"": each} for what, each in figures.items()}


def bars(panels: Mapping[str, Panel]) -> go.Figure:
    """Panels one below the other, each with a scale of its own: a group of bars for each thing that was measured.

    Args:
        panels: by title, which names the unit; a site without figures of a thing has no bar there.
    """
    heights = [BAR * sum(len(group) + BARS_APART for group in panel.values()) for panel in panels.values()]
    plot = _panels(panels, heights, below=EDGE)
    for site in _sites(panels):
        common = {"y": list(site.figures), "orientation": "h", "name": site.name, "offsetgroup": site.name}
        look = {"marker": {"color": color(site.place)}, "showlegend": site.first}
        plot.add_trace(go.Bar(x=site.middles(), error_x=site.whiskers(), **look, **common), site.row, 1)
        beyond = [max(each) for each in site.figures.values()]
        numbers = {"text": [f" {readable(each)}" for each in site.middles()], "textposition": "middle right"}
        plot.add_trace(
            go.Scatter(x=beyond, mode="text", showlegend=False, cliponaxis=False, **numbers, **common), site.row, 1
        )
    plot.update_xaxes(visible=False, rangemode="tozero")
    plot.update_yaxes(autorange="reversed", ticklabelstandoff=10)
    _keep_order(plot.update_yaxes, panels)
    return plot.update_layout(barmode="group", scattermode="group", bargap=0.2, margin_r=NUMBERS)


def lines(panels: Mapping[str, Panel], along: str) -> go.Figure:
    """Panels one below the other, each along powers of ten, as its title says: a line for each site.

    Args:
        panels: by title, which names the unit; a site without figures of a thing has no point there.
        along: what the things are, named below each panel.
    """
    panels = {f"{title}, logarithmic": panel for title, panel in panels.items()}
    plot = _panels(panels, [LINES] * len(panels), below=AXIS)
    for site in _sites(panels):
        painted = {"color": color(site.place)}
        marker = {"size": 9, "symbol": SYMBOLS[site.place % len(SYMBOLS)], **painted}
        look = {"marker": marker, "line": painted, "name": site.name, "showlegend": site.first}
        points = {"x": list(site.figures), "y": site.middles(), "error_y": site.whiskers() | painted}
        plot.add_trace(go.Scatter(mode="lines+markers", **points, **look), site.row, 1)
    plot.update_xaxes(type="category", title={"text": along, "standoff": 8, "font_size": 14})
    _keep_order(plot.update_xaxes, panels)
    plot.update_yaxes(type="log", dtick=1, tickformat=",", ticklabelstandoff=6)
    return plot


def _panels(panels: Mapping[str, Panel], heights: Sequence[float], below: int) -> go.Figure:
    """Empty panels with titles above them, room for axes below, and above all a legend if there are sites to tell apart."""
    between = TITLE + below
    drawn = sum(heights) + between * (len(heights) - 1)
    spacing = {"row_heights": list(heights), "vertical_spacing": between / drawn if len(heights) > 1 else 0}
    plot = make_subplots(rows=len(heights), cols=1, subplot_titles=list(panels), **spacing)
    plot.update_annotations(x=0, xanchor="left", yshift=6, font_size=15)
    plot.update_yaxes(automargin=True)
    names = len({site.name for site in _sites(panels)})
    legend = {"orientation": "h", "x": 0, "yref": "container", "yanchor": "top"}
    columns = {"entrywidthmode": "fraction", "entrywidth": 1 / LEGEND_COLUMNS}
    room = LEGEND_ROW * ceil(names / LEGEND_COLUMNS) + EDGE if names > 1 else 0
    margin = {"t": room + TITLE, "b": below, "l": EDGE, "r": EDGE}
    height = drawn + margin["t"] + margin["b"]
    return plot.update_layout(
        width=WIDTH,
        height=height,
        margin=margin,
        font={"family": FONT, "size": 14},
        showlegend=names > 1,
        legend=legend | columns | {"y": 1 - EDGE / 2 / height},
    )


def _keep_order(update_axes: Callable[..., go.Figure], panels: Mapping[str, Panel]) -> None:
    """Let the axes have their things in the order of the panels, whichever a site has figures of."""
    for row, panel in enumerate(panels.values(), 1):
        update_axes(categoryorder="array", categoryarray=list(panel), row=row)


def _sites(panels: Mapping[str, Panel]) -> Iterator[Site]:
    """The sites of each panel that have figures there."""
    places: dict[str, int] = {}
    for row, panel in enumerate(panels.values(), 1):
        for name in dict.fromkeys(name for group in panel.values() for name in group):
            figures = {what: group[name] for what, group in panel.items() if group.get(name)}
            if figures:
                first = name not in places
                yield Site(name, places.setdefault(name, len(places)), row, figures, first)
