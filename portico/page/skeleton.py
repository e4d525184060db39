"""HTML of a page before its scripts run: the text of its layout, with placeholders for controls and charts.

React then renders the layout, and `static/first_paint.js` removes this HTML. Until then a visitor can read captions, the
cards of home and their links. Elements that are hidden or closed at first are left out.
"""

import re
from collections.abc import Mapping
from html import escape
from typing import Any

from dash.development.base_component import Component

MOST_ELEMENTS = 400  # more than a screen has
HTML, DCC = "dash_html_components", "dash_core_components"
TAGS = (
    "A Abbr Address Article Aside B Blockquote Br Button Caption Cite Code Dd Del Details Dfn Div Dl Dt Em Figcaption"
    " Figure Footer H1 H2 H3 H4 H5 H6 Header Hr I Ins Kbd Label Li Mark Nav Ol P Pre Q S Section Small Span Strong Sub"
    " Summary Sup Table Tbody Td Tfoot Th Thead Time Tr U Ul Var"
)
SHOWN = frozenset(TAGS.split())
VOID = frozenset(("Br", "Hr"))
# Of what scripts make, the place, by its name in the style sheet.
PLACES = {
    "Dropdown": "place-of-field",
    "Graph": "dash-graph",
    "Input": "place-of-field",
    "RadioItems": "place-of-field place-of-choice",
    "RangeSlider": "place-of-slider",
    "Slider": "place-of-slider",
}
HREF = re.compile(r"[/?#]|https?://")
CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")

Props = Mapping[str, Any]


class Room:
    """The number of elements that may still be written; a longer page is cut off, below its visible part."""

    def __init__(self) -> None:
        self.left = MOST_ELEMENTS

    def take(self) -> bool:
        self.left -= 1
        return self.left >= 0


def first_paint(layout: Any) -> str:
    """Write a layout as HTML; empty where HTML can show nothing of it."""
    return _html(layout, Room())


def _html(part: Any, room: Room) -> str:
    match part:
        case str() | int() | float() if not isinstance(part, bool):
            return escape(str(part))
        case list() | tuple():
            return "".join(_html(each, room) for each in part)
        case Component():
            return _element(part.to_plotly_json(), room)
    return ""


def _element(component: Mapping[str, Any], room: Room) -> str:
    kind, namespace, props = component["type"], component["namespace"], component["props"]
    if props.get("hidden") or not room.take():
        return ""
    if namespace == DCC and kind in PLACES:
        return f'<div class="{PLACES[kind]}"{_style(_size(kind, props))}></div>'
    if namespace != HTML or kind not in SHOWN:
        return ""
    opened = f"<{kind.lower()}{_attributes(props)}>"
    return opened if kind in VOID else f"{opened}{_html(_seen(kind, props), room)}</{kind.lower()}>"


def _seen(kind: str, props: Props) -> Any:
    """Return the visible children: of closed details, only the summary."""
    children = props.get("children")
    if kind != "Details" or props.get("open"):
        return children
    return [each for each in _listed(children) if isinstance(each, Component) and each._type == "Summary"]


def _listed(children: Any) -> list[Any]:
    return list(children) if isinstance(children, list | tuple) else [children]


def _attributes(props: Props) -> str:
    """What the style sheet looks at, and where a link leads; no names, which are those of the real elements."""
    given = {"class": props.get("className"), "href": _address(props.get("href"))}
    given |= {name: value for name, value in props.items() if name.startswith("data-")}
    written = (f' {name}="{escape(str(value))}"' for name, value in given.items() if value is not None)
    return "".join(written) + _style(props.get("style"))


def _address(href: Any) -> str | None:
    return href if isinstance(href, str) and HREF.match(href) else None


def _size(kind: str, props: Props) -> Props | None:
    """The style of a place: a chart's is as high as its figure says, where a style sheet does not know it before."""
    style = props.get("style")
    return style if kind == "Graph" and isinstance(style, Mapping) else None


def _style(style: Any) -> str:
    """Styles of React as those of HTML: a number is of pixels."""
    if not isinstance(style, Mapping):
        return ""
    pairs = [f"{_property(name)}:{_value(value)}" for name, value in style.items() if ";" not in f"{name}{value}"]
    return f' style="{escape(";".join(pairs))}"'


def _property(name: str) -> str:
    return name if name.startswith("--") else CAPITAL.sub("-", name).lower()


def _value(value: Any) -> str:
    return f"{value}px" if isinstance(value, int | float) and value else str(value)
