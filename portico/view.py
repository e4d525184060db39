"""A view: the controls of a page and the address that says how they stand.

The address is the reader's: anything may stand in it. What is understood is used, what is not is left
out and said on the page. A callback's values come from our own controls: anything else is refused.
"""

import reprlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from dash import Input
from flask import has_request_context, request
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

SHOWN_PROBLEMS = 4  # more would push the chart off the screen
SHOWN_LENGTH = 40  # characters of a value that was not understood
MOST_DIGITS = 9


@dataclass(frozen=True)
class Control:
    """A control with a name (its component's id and the address's parameter) and a default value."""

    name: str
    default: Any
    kind: ClassVar[str] = "one"

    def read(self, texts: Sequence[str]) -> tuple[Any, list[str]]:
        """Return the value that the address gives, and the texts in it that were not understood."""
        values = [self.parse(text) for text in texts]
        last = max((place for place, value in enumerate(values) if value is not None), default=None)
        ignored = [text for place, text in enumerate(texts) if place != last]
        return (self.default if last is None else values[last]), ignored

    def parse(self, text: str) -> Any | None:
        """Return the value of one text, None where it has none."""
        raise NotImplementedError

    def check(self, value: Any) -> Any:
        """Return a callback's value; None (a cleared control) is the default. BadRequest on any other."""
        if value is None:
            return self.default
        if not self.accepts(value):
            raise BadRequest(f"{self.name}: {reprlib.repr(value)} is not a value of this control")
        return value

    def accepts(self, value: Any) -> bool:
        raise NotImplementedError


@dataclass(frozen=True)
class OneOf(Control):
    """One of a few named options; `options` maps each value to the label that a reader sees."""

    options: Mapping[str, str] = field(default_factory=dict)

    def parse(self, text: str) -> str | None:
        return text if text in self.options else None

    def accepts(self, value: Any) -> bool:
        return isinstance(value, str) and value in self.options


@dataclass(frozen=True)
class Step(Control):
    """A number among the steps of a slider."""

    steps: tuple[int, ...] = ()

    def parse(self, text: str) -> int | None:
        value = whole_number(text)
        return value if value in self.steps else None

    def accepts(self, value: Any) -> bool:
        return type(value) is int and value in self.steps


@dataclass(frozen=True)
class Span(Control):
    """Two steps of a slider, the first at most the second; in the address as `1952-2007`."""

    kind: ClassVar[str] = "span"
    steps: tuple[int, ...] = ()

    def parse(self, text: str) -> list[int] | None:
        ends = [whole_number(part) for part in text.split("-")]
        return [end for end in ends if end is not None] if self.accepts(ends) else None

    def accepts(self, value: Any) -> bool:
        match value:
            case [first, last] if type(first) is int and type(last) is int:
                return {first, last} <= set(self.steps) and first <= last
        return False


@dataclass(frozen=True)
class AnyOf(Control):
    """Any number of options, each a parameter of its own in the address; none means no restriction."""

    kind: ClassVar[str] = "many"
    options: Mapping[str, str] = field(default_factory=dict)

    def read(self, texts: Sequence[str]) -> tuple[list[str], list[str]]:
        wanted = list(dict.fromkeys(text for text in texts if text in self.options))
        unknown = [text for text in texts if text not in self.options]
        return wanted, unknown

    def accepts(self, value: Any) -> bool:
        return isinstance(value, list) and all(isinstance(item, str) and item in self.options for item in value)


@dataclass(frozen=True)
class RuledOut:
    """An option of one control that makes no sense for some values of another.

    Where it is ruled out its control stands at its default, and the option cannot be chosen.
    """

    name: str
    option: str
    by: str
    values: tuple[str, ...]

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Tell whether the option is ruled out as the controls stand."""
        return values[self.by] in self.values


@dataclass(frozen=True)
class Reading:
    """An address that was read: a value for each control, and what was not understood."""

    values: dict[str, Any]
    problems: list[str]


@dataclass(frozen=True)
class View:
    """The controls of a page, in the order in which its callbacks take their values, and what they rule out."""

    controls: tuple[Control, ...]
    rules: tuple[RuledOut, ...] = ()

    def inputs(self) -> list[Input]:
        """The inputs of a callback that takes the values of all controls, in their order."""
        return [Input(control.name, "value") for control in self.controls]

    def read(self, arguments: "MultiDict[str, str]") -> Reading:
        """Read an address: every control gets a value, whatever stands in it."""
        values, problems = {}, []
        for control in self.controls:
            texts = arguments.getlist(control.name)
            values[control.name], unknown = control.read(texts) if texts else (control.default, [])
            problems += [f"{control.name} = {shorten(text)}" for text in unknown]
        for rule in self._broken(values):
            values[rule.name] = self._control(rule.name).default
            problems.append(f"{rule.name} = {rule.option}")
        known = {control.name for control in self.controls}
        problems += [shorten(name) or "a parameter without a name" for name in arguments if name not in known]
        return Reading(values, problems)

    def for_browser(self, arguments: "MultiDict[str, str]") -> dict[str, Any]:
        """What the browser needs to keep the controls in the address: their kinds, defaults, rules and values."""
        controls = [{"name": each.name, "kind": each.kind, "fallback": each.default} for each in self.controls]
        rules = [asdict(rule) for rule in self.rules]
        return {"controls": controls, "rules": rules, "values": self.read(arguments).values}

    def check(self, values: Sequence[Any]) -> dict[str, Any]:
        """Return the values that a callback was given by name; BadRequest if a control cannot have sent one."""
        checked = {control.name: control.check(value) for control, value in zip(self.controls, values, strict=True)}
        return checked | {rule.name: self._control(rule.name).default for rule in self._broken(checked)}

    def ruled_out(self, name: str, values: Mapping[str, Any]) -> list[str]:
        """The options of a control that make no sense as the controls stand."""
        return [rule.option for rule in self.rules if rule.name == name and rule.holds(values)]

    def _broken(self, values: Mapping[str, Any]) -> list[RuledOut]:
        return [rule for rule in self.rules if rule.holds(values) and values[rule.name] == rule.option]

    def _control(self, name: str) -> Control:
        return next(control for control in self.controls if control.name == name)


def address_arguments() -> "MultiDict[str, str]":
    """The parameters of the address that is being answered; none outside of a request."""
    return request.args if has_request_context() else MultiDict()


def explain(problems: Sequence[str]) -> str:
    """Say what of an address was not understood, in a sentence of bounded length; empty if all was."""
    if not problems:
        return ""
    shown = ", ".join(problems[:SHOWN_PROBLEMS])
    more = len(problems) - SHOWN_PROBLEMS
    rest = f" and {more} more" if more > 0 else ""
    return f"Not understood in the address, and left out: {shown}{rest}."


def shorten(text: str) -> str:
    """Cut a text from outside so that it can be shown."""
    visible = "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
    return visible if len(visible) <= SHOWN_LENGTH else f"{visible[:SHOWN_LENGTH]}…"


def whole_number(text: str) -> int | None:
    """Read a plain whole number of a bounded length."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None
