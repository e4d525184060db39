"""Figures as plain data: what plotly.js draws, without building and checking Python objects of it.

The colours of text, lines and grounds are the style sheet's, so that a chart follows the reader's light
or dark preference at once; here stand only those of the data, which are readable on both.
"""

from collections.abc import Sequence
from math import ceil, floor, isfinite, log10
from textwrap import wrap
from typing import Any

from portico.charts.numbers import readable
from portico.page.figure_style import BASE_AXIS, BASE_LAYOUT, PALETTE

DASHES = ("solid", "dash", "dot")
MESSAGE_LINE = 40  # characters in the place of a chart, as many as a phone has room for
ROUND = (1, 2, 5)
LEAST = 1e-300  # below it there are no round numbers any more
ZERO_NEAR = 0.4  # of the largest value: an axis that would begin below this begins at zero
ROOM = 0.03  # of an axis, beyond the values

Trace = dict[str, Any]
Axis = dict[str, Any]
Figure = dict[str, Any]


def figure(traces: Sequence[Trace], **layout: Any) -> Figure:
    """A figure of these traces in the site's look; `layout` adds to it."""
    return {"data": list(traces), "layout": {**BASE_LAYOUT, "margin": margin(legend=len(traces) > 1), **layout}}


def margin(legend: bool, right: int = 16) -> dict[str, int]:
    """The room around a chart: above it where it has a legend, at its right for labels (pixels)."""
    return {"l": 0, "r": right, "t": 48 if legend else 8, "b": 0}


def axis(title: str = "", **more: Any) -> Axis:
    """An axis in the site's look."""
    named = {"title": {"text": marked(title), "standoff": 12, "font": {"size": 13}}} if title else {}
    return {**BASE_AXIS, **named, **more}


def value_axis(title: str, values: Sequence[float | None], most: int, log: bool = False, bars: bool = False) -> Axis:
    """The axis of a measure, its numbers written as a person reads them.

    Args:
        values: what is drawn; the axis holds all of it, but for what is missing (None or not a number).
        most: ticks that have room.
        log: the same distance for the same factor; only values above zero have a place on it.
        bars: the values are lengths, so that the axis begins where each has one.
    """
    known = [value for value in values if value is not None and isfinite(value) and (value > 0 or not log)] or [1]
    low, high = min(known), max(known)
    base = axis_base(low, high, log, bars)
    ticks = (log_ticks if log else linear_ticks)(low if base is None else base, high, most)
    return axis(
        title,
        type="log" if log else "linear",
        range=axis_range(low, high, log, base),
        tickvals=ticks,
        ticktext=[readable(tick) for tick in ticks],
    )


def axis_base(low: float, high: float, log: bool, bars: bool) -> float | None:
    """Return where the axis of a measure begins; None for just below the lowest value."""
    if log:
        return round_down(low * 0.999) if bars else None
    return min(low, 0) if bars or 0 <= low < ZERO_NEAR * high else None


def axis_range(low: float, high: float, log: bool, base: float | None) -> list[float]:
    """Return the two ends of an axis, with some room beyond the values; logarithms on a log axis."""
    first, last = (log10(end) if log else end for end in (low if base is None else base, high))
    room = (last - first) * ROOM or 1
    return [first - (room if base is None else 0), last + room]


def linear_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers at even steps from a low value to a high one."""
    step = round_up((high - low) / most or abs(high) or 1)
    return [step * index for index in range(ceil(low / step), floor(high / step) + 1)]


def log_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers from a low value to a high one: 1, 2, 5, 10 …, or powers of ten where those are too many."""
    powers = range(floor(log10(low)), floor(log10(high)) + 1)
    ticks = [step * 10.0**power for power in powers for step in ROUND if low <= step * 10.0**power <= high]
    if len(ticks) <= most:
        return ticks
    tens = [10.0**power for power in powers if low <= 10.0**power <= high]
    return tens[:: ceil(len(tens) / most)]


def round_up(value: float) -> float:
    """Return the next of 1, 2, 5, 10, 20 … at or above a value."""
    power = max(10.0 ** floor(log10(value)), LEAST)
    return next(power * factor for factor in (*ROUND, 10) if power * factor >= value * (1 - 1e-9))


def round_down(value: float) -> float:
    """Return the last of 1, 2, 5, 10, 20 … at or below a value."""
    power = 10.0 ** floor(log10(value))  # or the next: log10 rounds up just below a power
    return next(power * factor for factor in (*reversed(ROUND), 0.5) if power * factor <= value)


def color(index: int) -> str:
    """The colour of the nth series; they repeat after the palette, with another dash."""
    return PALETTE[index % len(PALETTE)]


def dash(index: int) -> str:
    return DASHES[index // len(PALETTE) % len(DASHES)]


def colors_of(parts: Sequence[str]) -> dict[str, str]:
    """A colour for each part, the same whatever the order in which they are drawn."""
    return {part: color(index) for index, part in enumerate(sorted(parts))}


def marked(text: str) -> str:
    """A text as plotly shows it, which reads `<`, `&` and `%{` as marks of its own."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("%{", "% {")


def empty(message: str) -> Figure:
    """A figure that says why there is nothing to draw."""
    lines = [marked(line) for line in wrap(message, MESSAGE_LINE)]
    note = {"text": " <br>".join(lines), "showarrow": False, "xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5}
    hidden = {"visible": False}
    return figure([], annotations=[note], xaxis=hidden, yaxis=hidden, height=320)
