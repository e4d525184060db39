"""A form: the controls of a page and the address that says how they stand.

Controls are asked one after another, so that each can offer what fits those before it: the columns of the
table that was chosen, the aggregates of the measure. The address is the reader's: anything may stand in
it. What is understood is used, what is not is left out and said on the page.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any, ClassVar, Literal
from urllib.parse import urlencode

from flask import has_request_context, request
from werkzeug.datastructures import MultiDict

from portico.data.parsing import is_day, moment, number, whole_number

SHOWN_PROBLEMS = 4  # more would push the chart off the screen
SHOWN_LENGTH = 40  # characters of a value that was not understood
LONGEST_TEXT = 200  # characters of one value
MOST_TEXTS = 100  # values of one control
LISTED_LENGTH = 6_000  # characters that the lists of a form take in its address, of the 8,000 that a page accepts
WRITTEN = 1024  # parameters that are kept as they stand in an address
UNASKED = re.compile(r"[\0\ud800-\udfff]")  # what is no text in UTF-8, or in PostgreSQL
JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"  # unseen parts of words and of emoji

Arguments = MultiDict[str, str]
Group = Literal["data", "look", "filter"]


@dataclass(frozen=True)
class Control:
    """A control with a name (the address's parameter), a label, and the value it has if nothing is said.

    `group` says where it stands: with what is drawn, with how that looks, or with the filters.
    """

    name: str
    label: str
    default: Any
    group: Group = field(default="data", kw_only=True)

    def read(self, texts: Sequence[str]) -> tuple[Any, list[str]]:
        """Return the value that the address gives, and the texts in it that were not understood."""
        values = [self.parse(text) for text in texts]
        last = max((place for place, value in enumerate(values) if value is not None), default=None)
        ignored = [text for place, text in enumerate(texts) if place != last]
        return (self.default if last is None else values[last]), ignored

    def parse(self, text: str) -> Any | None:
        """Return the value of one text, None where it has none."""
        raise NotImplementedError

    def texts(self, value: Any) -> list[str]:
        """Write a value as it stands in the address."""
        return [str(value)]


@dataclass(frozen=True)
class OneOf(Control):
    """One of some named options; `options` maps each value to the label that a reader sees.

    `visible` shows all of them at once; without it they are a list that opens. `stays` keeps even the default
    in the address, where it may be another one tomorrow.
    """

    options: Mapping[str, str] = field(default_factory=dict)
    visible: bool = False
    stays: bool = False

    def parse(self, text: str) -> str | None:
        return text if text in self.options else None


@dataclass(frozen=True)
class AnyOf(Control):
    """Any number of options, each a parameter of its own in the address; an empty parameter says none."""

    options: Mapping[str, str] = field(default_factory=dict)
    placeholder: str = ""

    def read(self, texts: Sequence[str]) -> tuple[list[str], list[str]]:
        wanted = dict.fromkeys(text for text in texts if self.accepts(text))
        unknown = [text for text in texts if text not in wanted and text]
        return ([*wanted] if wanted or "" in texts else self.default), unknown

    def accepts(self, text: str) -> bool:
        return text in self.options

    def texts(self, value: Sequence[str]) -> list[str]:
        return list(value) or [""]


@dataclass(frozen=True)
class AnyText(AnyOf):
    """Any number of texts of a column. `options` are some of them; others are searched in the engine."""

    def accepts(self, text: str) -> bool:
        """Whether a text is a value that an engine can be asked for; it need not be one that can be seen."""
        return is_askable(text)


@dataclass(frozen=True)
class Span(Control):
    """Two steps of a slider, the first at most the second: two parameters of one name."""

    steps: tuple[int, ...] = ()

    def read(self, texts: Sequence[str]) -> tuple[list[int], list[str]]:
        ends = [whole_number(text) for text in texts]
        match ends:
            case [int(first), int(last)] if {first, last} <= set(self.steps) and first <= last:
                return [first, last], []
        return self.default, list(texts)

    def texts(self, value: Sequence[int]) -> list[str]:
        return [str(end) for end in value]


@dataclass(frozen=True)
class Step(Control):
    """One step of a slider."""

    steps: tuple[int, ...] = ()

    def parse(self, text: str) -> int | None:
        value = whole_number(text)
        return value if value in self.steps else None


@dataclass(frozen=True)
class Number(Control):
    """A number that a reader may write, or leave out; `hint` shows what there is, `takes` says what may stand there."""

    hint: str = ""
    takes: ClassVar[str] = "a number"

    def read(self, texts: Sequence[str]) -> tuple[str, list[str]]:
        written = [text for text in texts if text]  # an empty field is no number, and no mistake
        return Control.read(replace(self, default="") if "" in texts else self, written)

    def parse(self, text: str) -> str | None:
        return text.strip() if number(text) is not None else None


@dataclass(frozen=True)
class Moment(Number):
    """A date, or a date and a time, that a reader may write: 2024-01-31, 2024-01-31T12:00."""

    takes = "a date, or a date and a time, as 2024-01-31T12:00"

    def parse(self, text: str) -> str | None:
        found = moment(text)
        if found is None:
            return None
        return date.isoformat(found) if is_day(text) else found.isoformat()  # midnight is not the whole day


class Form:
    """The controls of one view, in the order in which they were asked.

    Args:
        arguments: the parameters of the address.
        usual: names among them that stand at a default and were not touched: they follow what was.
        open: whether they are the controls of a page that is open; an address may say anything.
    """

    def __init__(self, arguments: Arguments, usual: Sequence[str] = (), open: bool = False) -> None:  # noqa: A002
        self.open = open
        self.stood = arguments
        following = frozenset(usual)  # a query may hold thousands of names
        self.arguments = MultiDict((name, text) for name, text in arguments.items(multi=True) if name not in following)
        self.controls: list[Control] = []
        self.values: dict[str, Any] = {}
        self.unknown: dict[str, list[str]] = {}  # texts of a control that it did not understand
        self.without_room: list[str] = []  # texts of lists that the address has no room for
        self._room = LISTED_LENGTH

    def ask(self, control: Control) -> Any:
        """Add a control and return its value."""
        texts = self.arguments.getlist(control.name)
        value, unknown = control.read(texts) if texts else (control.default, [])
        if isinstance(control, AnyOf):
            value = self._with_room(control.name, value)
        self.controls.append(control)
        self.values[control.name] = value
        self.unknown[control.name] = unknown
        return value

    def _with_room(self, name: str, texts: Sequence[str]) -> list[str]:
        """The first of some texts, as many as the address has room for."""
        kept: list[str] = []
        for text in texts:
            self._room -= (length := len(_written(name, text)) + 1)  # and what parts it from the next
            if self._room < 0 or len(kept) == MOST_TEXTS:
                self._room += length
                break
            kept.append(text)
        self.without_room += texts[len(kept) :]
        return kept

    def too_much(self) -> str:
        """Say which texts the address has no room for; empty if it has."""
        if not self.without_room:
            return ""
        more = len(self.without_room) - 1
        others = f" and {more} more" if more else ""
        return f"More than an address can hold: {shorten(self.without_room[0])}{others} left out."

    def not_understood(self) -> list[str]:
        """What the address says that no control of this form has taken."""
        others = [name for name in self.arguments if name not in self.values]
        return self._problems(self.controls) + [shorten(name) or "a parameter without a name" for name in others]

    def mistyped(self) -> list[str]:
        """What was written into a field and is not what it takes."""
        return self._problems([control for control in self.controls if isinstance(control, Number)])

    def reads_otherwise(self, control: Control) -> bool:
        """Whether the address writes a control's value in other texts than the form does."""
        return self.stood.getlist(control.name) != control.texts(self.values[control.name])

    def usual(self) -> list[str]:
        """The names of the choices that stand at their default."""
        return [
            each.name for each in self.controls if isinstance(each, OneOf) and self.values[each.name] == each.default
        ]

    def address(self) -> str:
        """The shortest query that opens this view: what is not the default."""
        return _query(
            (each, value) for each, value in self._pairs() if value != each.default or getattr(each, "stays", False)
        )

    def whole_address(self) -> str:
        """The query that says how every control stands, in their order."""
        return _query(self._pairs())

    def _problems(self, controls: Sequence[Control]) -> list[str]:
        return [f"{each.name} = {shorten(text)}" for each in controls for text in self.unknown[each.name]]

    def _pairs(self) -> list[tuple[Control, Any]]:
        return [(control, self.values[control.name]) for control in self.controls]


def _query(pairs: Any) -> str:
    return "&".join(_written(control.name, text) for control, value in pairs for text in control.texts(value))


@lru_cache(maxsize=WRITTEN)
def _written(name: str, text: str) -> str:
    """A parameter as it stands in an address; each view writes all of its own more than once."""
    return urlencode([(name, text)])


def address_arguments() -> Arguments:
    """The parameters of the address that is being answered; none outside of a request."""
    return request.args if has_request_context() else MultiDict()


def explain(problems: Sequence[str], where: str = " in the address") -> str:
    """Say what was not understood, in a sentence of bounded length; empty if all was."""
    if not problems:
        return ""
    shown = ", ".join(problems[:SHOWN_PROBLEMS])
    more = len(problems) - SHOWN_PROBLEMS
    rest = f" and {more} more" if more > 0 else ""
    return f"Not understood{where}, and left out: {shown}{rest}."


def shorten(text: str) -> str:
    """Cut a text from outside so that it can be shown."""
    visible = "".join(map(_visible, text))
    return visible if len(visible) <= SHOWN_LENGTH else f"{visible[:SHOWN_LENGTH]}…"


def is_askable(text: str) -> bool:
    """Whether a text can stand in an address and in a question to an engine."""
    return 0 < len(text) <= LONGEST_TEXT and not UNASKED.search(text)


def one_line(text: str) -> str:
    """Write a value of the data on one line, with a mark for what cannot be seen."""
    return "".join(" " if each.isspace() else each if each in JOINERS else _visible(each) for each in text)


def _visible(character: str) -> str:
    return character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
