"""The controls of a form as Dash's components, each with its label, laid out in groups."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields as fields_of
from functools import cache, singledispatch
from itertools import islice, pairwise
from math import ceil
from typing import Any
from urllib.parse import quote, unquote

from dash import dcc, html
from dash._utils import stringify_id

from portico.charts.form import AnyOf, AnyText, Control, Form, Group, Number, OneOf, Span, Step, one_line

MOST_MARKS = 12  # of a slider that have room beside each other
LIST_HEIGHT_PX = 320  # of an opened list: what a phone can show below a control
SEARCHED_FROM = 12  # options: fewer are seen at a glance
MOST_SENT = 100  # options of a list that the browser gets: those of a longer one are searched
DIGEST_LENGTH = 12  # hex digits
HERE, ENGINE = "here", "engine"  # where the options of a list are searched: in the browser, or on the server
GROUPS: Mapping[Group, str] = {"data": "Chart", "look": "Look", "filter": "Filters"}
NO_LABELS: Mapping[str, str] = {}
Component = Any  # Dash's own have no types


def identity(control: Control) -> dict[str, str]:
    """The id of a control's component. Its name is percent-encoded: a column's name may hold spaces."""
    return {"control": quote(control.name), "more": ENGINE if is_searched(control) else HERE}


def is_searched(control: Control) -> bool:
    """Whether the browser has some of a control's options only, and asks for others."""
    match control:
        case AnyText():
            return True
        case OneOf() | AnyOf():
            return len(control.options) > MOST_SENT
    return False


def name_of(component_id: Any) -> str | None:
    """The name of the control whose component has an id, None where a request made the id up."""
    match component_id:
        case {"control": str(encoded), "more": str()}:
            return unquote(encoded)
    return None


def of_group(form: Form, group: Group) -> list[Control]:
    return [control for control in form.controls if control.group == group]


def fields(form: Form, group: Group) -> list[Component]:
    """The controls of a group with their labels; the two bounds of one column side by side."""
    controls = of_group(form, group)
    made = {control.name: labelled(control, form.values[control.name]) for control in controls}
    for name in [each for each in made if each.startswith("from.")]:
        column = name.removeprefix("from.")
        last = made.pop(f"to.{column}", None)
        if last is not None:
            made[name] = html.Div([made[name], last], id={"pair": quote(column)}, className="control-pair")
    return list(made.values())


def changed(form: Form, group: Group) -> list[str]:
    """The labels of a group's controls that do not stand at their default."""
    return [each.label for each in of_group(form, group) if form.values[each.name] != each.default]


def shape(controls: Sequence[Control]) -> str:
    """A digest of what controls look like, whatever their values are."""
    kinds: list[Any] = [type(each) for each in controls]
    seen = [
        (kind.__name__, [getattr(each, name) for name in looks_of(kind)])
        for kind, each in zip(kinds, controls, strict=True)
    ]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:DIGEST_LENGTH]


@cache
def looks_of(kind: Any) -> tuple[str, ...]:
    """The fields of a kind of control that a reader sees: all but the default."""
    return tuple(field.name for field in fields_of(kind) if field.name != "default")


@singledispatch
def component(control: Control, value: Any) -> Component:  # noqa: ARG001 - what each kind of control shows
    """The component of a control."""
    raise TypeError(f"no component for {type(control).__name__}")


@component.register
def _(control: OneOf, value: str) -> Component:
    if control.visible:
        return dcc.RadioItems(id=identity(control), options=options_of(control.options), value=value, inline=True)
    options = sent(control, [value])
    return dcc.Dropdown(
        id=identity(control),
        options=options,
        value=value,
        clearable=False,
        searchable=len(options) >= SEARCHED_FROM,
        maxHeight=LIST_HEIGHT_PX,
    )


@component.register
def _(control: AnyOf, value: list[str]) -> Component:
    return dcc.Dropdown(
        id=identity(control),
        options=sent(control, value),
        value=value,
        multi=True,
        placeholder=control.placeholder,
        className="picker",
        maxHeight=LIST_HEIGHT_PX,
    )


@component.register
def _(control: Step, value: int) -> Component:
    return dcc.Slider(
        id=identity(control), value=value, included=False, allow_direct_input=False, **_scale(control.steps)
    )


@component.register
def _(control: Span, value: list[int]) -> Component:
    return dcc.RangeSlider(id=identity(control), value=value, allow_direct_input=False, **_scale(control.steps))


@component.register
def _(control: Number, value: str) -> Component:
    return dcc.Input(
        id=identity(control), value=value, type="text", debounce=True, placeholder=control.hint, autoComplete="off"
    )


def sent(control: OneOf | AnyOf, chosen: Sequence[str], found: Mapping[str, str] | None = None) -> list[dict[str, str]]:
    """The options of a list that the browser gets: what was found, or its first ones, and those that are chosen."""
    some = dict(islice(control.options.items(), MOST_SENT)) if found is None else found
    return options_of(some, chosen, control.options)


def options_of(
    options: Mapping[str, str], chosen: Sequence[str] = (), labels: Mapping[str, str] = NO_LABELS
) -> list[dict[str, str]]:
    """Options as a component takes them, and the values that are chosen: a list drops those that it does not offer."""
    offered = dict(options) | {value: labels.get(value) or one_line(value) for value in chosen if value not in options}
    return [{"value": value, "label": label} for value, label in offered.items()]


def _scale(steps: tuple[int, ...]) -> dict[str, Any]:
    """The scale of a slider: without a step of its own, an arrow key would leave it between two marks."""
    distances = {after - before for before, after in pairwise(steps)}
    if len(distances) != 1:
        raise ValueError(f"the steps of a slider must be evenly spaced: {steps}")
    return {"min": steps[0], "max": steps[-1], "step": distances.pop(), "marks": _marks(steps)}


def _marks(steps: tuple[int, ...]) -> dict[int, str]:
    """The steps that are written below a slider: some of them where all have no room, and both ends."""
    apart = ceil((len(steps) - 1) / (MOST_MARKS - 1))
    return {mark: str(mark) for mark in (*steps[:-apart:apart], steps[-1])}


def labelled(control: Control, value: Any) -> Component:
    """A control below its label."""
    made = component(control, value)
    label_id = f"label-of-{quote(control.name)}".replace(".", "%2E")  # Dash allows no dot in the id of a component
    name: Component = html.Span(control.label, id=label_id, className="control-label")
    if isinstance(control, Number):
        name = html.Label(control.label, id=label_id, className="control-label", htmlFor=stringify_id(made.id))
    return html.Div(
        [name, html.Div(made, role="group", **{"aria-labelledby": label_id})],
        id={"field": quote(control.name)},  # by which it stays in its place, focus and all, when others come or go
        className="control control-wide" if isinstance(control, Step | Span) else "control",
    )
