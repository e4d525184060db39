"""The kinds of traces that a page draws, held against what its bundle of plotly.js can draw.

plotly.js draws a trace that it does not know as a scatter, without a word.
"""

from collections.abc import Iterator
from typing import Any

from portico.assets.plotly_bundles import TRACES

DEFAULT = "scatter"  # https://plotly.com/javascript/reference/scatter/


def not_drawn(answer: Any, bundle: str) -> set[str]:
    """The kinds of traces in an answer of a page that a bundle does not draw; the whole plotly.js draws all."""
    if bundle not in TRACES:
        return set()
    return {str(trace.get("type", DEFAULT)) for trace in _traces(answer)} - TRACES[bundle]


def _traces(value: Any) -> Iterator[dict[str, Any]]:
    """The traces of all figures in a JSON value: a figure is an object with a list of data and a layout."""
    if isinstance(value, list):
        for each in value:
            yield from _traces(each)
    elif isinstance(value, dict):
        if isinstance(value.get("data"), list) and isinstance(value.get("layout"), dict):
            yield from (each for each in value["data"] if isinstance(each, dict))
        else:
            yield from _traces(list(value.values()))
