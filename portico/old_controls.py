"""Labelled controls for a page, made from the controls of its view."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

from dash import Output, dcc, html

from portico.figures import GRAPH_CONFIG, Figure
from portico.page_app import PageApp
from portico.view import AnyOf, OneOf, Span, Step, View, explain

LIST_HEIGHT_PX = 320  # of an opened list: what a phone can show below a control


def choice(control: OneOf, label: str, value: str, disabled: Iterable[str] = ()) -> html.Div:
    """One of a few options, all of them visible; `disabled` ones make no sense just now."""
    component = dcc.RadioItems(id=control.name, options=options(control, disabled), value=value, inline=True)
    return _labelled(label, control.name, component)


def dropdown(control: OneOf, label: str, value: str) -> html.Div:
    """One of several options."""
    component = dcc.Dropdown(id=control.name, options=options(control), value=value, clearable=False, searchable=False)
    return _labelled(label, control.name, component)


def picker(control: AnyOf, label: str, value: list[str], placeholder: str) -> html.Div:
    """Any number of options, searched by typing."""
    component = dcc.Dropdown(
        id=control.name,
        options=options(control),
        value=value,
        multi=True,
        placeholder=placeholder,
        className="picker",
        maxHeight=LIST_HEIGHT_PX,
    )
    return _labelled(label, control.name, component)


def step(control: Step, label: str, value: int) -> html.Div:
    """A slider over steps."""
    component = dcc.Slider(
        id=control.name, value=value, included=False, allow_direct_input=False, **_scale(control.steps)
    )
    return _labelled(label, control.name, component, wide=True)


def span(control: Span, label: str, value: list[int]) -> html.Div:
    """A slider with two ends."""
    component = dcc.RangeSlider(id=control.name, value=value, allow_direct_input=False, **_scale(control.steps))
    return _labelled(label, control.name, component, wide=True)


def options(control: OneOf | AnyOf, disabled: Iterable[str] = ()) -> list[dict[str, Any]]:
    """The options of a control as its component takes them."""
    return [
        {"value": value, "label": label, **({"disabled": True} if value in disabled else {})}
        for value, label in control.options.items()
    ]


def chart_page(controls: list[html.Div], problems: list[str], drawn: Figure, caption: str) -> html.Div:
    """A page with controls above one chart, and what of the address was not understood between them."""
    note = explain(problems)
    return html.Div(
        [
            html.Section(controls, className="controls", **{"aria-label": "Chart settings"}),
            html.P(note, className="notice", role="status", hidden=not note),
            html.Figure(
                [
                    html.Figcaption(caption, id="caption", **{"aria-live": "polite"}),
                    dcc.Graph(id="chart", figure=drawn, config=GRAPH_CONFIG),
                ],
                className="chart",
                style={"--chart-height": f"{drawn['layout']['height']}px"},  # nothing moves when it is drawn
            ),
        ],
        className="chart-page",
    )


def keep_drawn(app: PageApp, view: View, draw: Callable[..., tuple[Figure, str]]) -> None:
    """Draw the chart of a `chart_page` again at each change of its controls, and keep them in the address.

    Args:
        draw: makes the figure and its caption from the values of the controls, by name.
    """

    def update(*values: Any) -> tuple[Figure, str]:
        return draw(**view.check(values))

    outputs = [Output("chart", "figure"), Output("caption", "children")]
    app.callback(outputs, view.inputs(), prevent_initial_call=True)(update)
    app.keep_in_address(view)


def _scale(steps: tuple[int, ...]) -> dict[str, Any]:
    """The scale of a slider: without a step of its own, an arrow key would leave it between two marks."""
    distances = {after - before for before, after in pairwise(steps)}
    if len(distances) != 1:
        raise ValueError(f"the steps of a slider must be evenly spaced: {steps}")
    marks = {step: str(step) for step in steps}
    return {"min": steps[0], "max": steps[-1], "step": distances.pop(), "marks": marks}


def _labelled(label: str, name: str, component: Any, wide: bool = False) -> html.Div:
    label_id = f"{name}-label"
    return html.Div(
        [
            html.Span(label, id=label_id, className="control-label"),
            html.Div(component, role="group", **{"aria-labelledby": label_id}),
        ],
        className="control control-wide" if wide else "control",
    )
