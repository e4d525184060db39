"""A view of a chart: what a browser asks for, read and worked out, and what it is told of it."""

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode

from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from portico.charts.figures import empty
from portico.charts.form import Arguments, Form, explain
from portico.charts.protocol import Chart, Drawn, TableChart
from portico.charts.widgets import GROUPS, of_group, shape
from portico.data.errors import Busy, DataError, TableGone, TookTooLong, Unreadable
from portico.data.scheduler import Patience, with_patience

FIRST = Patience(turn=10, query=1)  # seconds that a page waits for its chart before it opens without
SLOW_S = 0.5  # a gateway that shares an answer has it worked out for others, though the reader who asked has left
LATE = "The chart is being worked out."
USUAL_WIDTH_PX = 1000  # of a chart, until the browser has said how wide it is
NARROWEST_PX, WIDEST_PX = 100, 10_000
LONGEST_QUERY = 64 * 1024  # characters: more than an address, as it says how every control stands


@dataclass(frozen=True)
class Asked:
    """What a browser asks for.

    Attributes:
        query: how the controls stand, or an address.
        shape: digests of the controls that the browser shows, by group; empty where it needs them anew.
        width: of the chart (pixels).
        opened: whether the query is an address that a reader opened.
        usual: controls in it that stand at their default and that the reader did not touch.
    """

    query: str
    shape: Mapping[str, str]
    width: int = USUAL_WIDTH_PX
    opened: bool = False
    usual: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shown:
    """A query as it is answered."""

    form: Form
    drawn: Drawn
    note: str
    asked: bool  # all its questions; data that is away ends them early
    strange: bool  # something in the address that was opened was not understood
    late: bool = False  # the chart is not there yet
    slow: bool = False  # it took so long that a reader may give the next one up

    @cached_property
    def shapes(self) -> dict[str, str]:
        """What the controls look like, by group."""
        return {group: shape(of_group(self.form, group)) for group in GROUPS}

    def keeps(self, asked: Asked | None) -> bool:
        """Whether the browser keeps its controls: those of a question that failed are too few.

        Not beside a table that is gone or cannot be read, of which they are not.
        """
        of_table = self.drawn.failure in (TableGone, Unreadable) and len(self.form.controls) == 1
        return not self.asked and asked is not None and bool(asked.shape) and not of_table

    def for_browser(self, page: str, asked: Asked | None = None) -> dict[str, Any]:
        """What the browser keeps of this view of a page, by its path; without a query of its own, the address that was opened."""
        keeps = self.keeps(asked)
        return {
            "page": page,
            "address": self.form.address() if self.asked and not self.strange else self._given(),
            "query": asked.query if asked and keeps else self.form.whole_address(),
            "shape": asked.shape if asked and keeps else self.shapes,
            "values": self.form.values,
            "usual": self.form.usual(),
            "asked": asked.query if asked else None,
            **({"late": True} if self.late else {}),
            **({"slow": True} if self.late or self.slow else {}),
        }

    def _given(self) -> str:
        """The query that was asked, as it came."""
        return urlencode(list(self.form.arguments.items(multi=True)), errors="replace")


def show(chart: Chart, form: Form, width: int, opened: bool, turn: ExitStack) -> Shown:
    """Ask a form's questions and draw what they ask for; a failure of the data is shown in the chart's place.

    Args:
        turn: holds the turn that this takes, for as long as the view is being answered.
    """
    asked, begin = False, time.monotonic()
    try:
        if isinstance(chart, TableChart):
            turn.enter_context(chart.catalog.turn())
        question = chart.ask(form)
        asked = True
        drawn = chart.draw(question, width)
    except DataError as error:
        drawn = Drawn(empty(str(error)), str(error), failure=type(error))
    took = time.monotonic() - begin
    problems = explain(form.not_understood()) if opened and asked else explain(form.mistyped(), where="")
    own = [note for note in (problems, form.too_much()) if note]
    return Shown(form, drawn, " ".join([*own, *drawn.notes]), asked, opened and bool(own), slow=took > SLOW_S)


def show_first(chart: Chart, form: Form) -> Shown:
    """What a page opens with: a chart that takes a while is asked for by the browser, which says that it waits."""
    with with_patience(FIRST), ExitStack() as turn:
        shown = show(chart, form, USUAL_WIDTH_PX, opened=True, turn=turn)
    if shown.drawn.failure not in (TookTooLong, Busy):
        return shown
    return replace(shown, drawn=Drawn(empty(""), LATE), late=True)


def read_asked(data: Any) -> Asked:
    """Read what a browser asks for; nothing is the page as it opens.

    Raises:
        BadRequest: no browser of ours can have sent it.
    """
    if data is None:
        return Asked("", {})
    query = query_in(data, "address")
    shape, usual = data.get("shape"), data.get("usual")
    return Asked(
        query,
        shape if isinstance(shape, dict) else {},
        _width(data.get("width")),
        data.get("opened") is True,
        tuple(name for name in usual if isinstance(name, str)) if isinstance(usual, list) else (),
    )


def arguments_of(query: str) -> Arguments:
    """The parameters of a query."""
    return MultiDict(parse_qsl(query, keep_blank_values=True))


def query_in(data: Any, what: str) -> str:
    query = data.get("query") if isinstance(data, dict) else None
    if not isinstance(query, str) or len(query) > LONGEST_QUERY:
        raise BadRequest(f"{what}: must be an object with a query of at most {LONGEST_QUERY} characters")
    return query


def _width(width: Any) -> int:
    if type(width) not in (int, float) or width != width:  # noqa: PLR0124 - only NaN is not itself
        return USUAL_WIDTH_PX
    return int(min(max(width, NARROWEST_PX), WIDEST_PX))
