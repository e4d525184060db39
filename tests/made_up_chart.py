"""A page of a made-up chart: a control of each kind, answers that take their time, data that is away."""

import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from threading import Event
from typing import Any

from portico import PageApp
from portico.charts.figures import axis, figure
from portico.charts.form import AnyOf, AnyText, Form, Moment, Number, OneOf, Span, Step
from portico.charts.page import chart_page
from portico.charts.protocol import Drawn, ViewData
from portico.data.errors import DataError, SourceAway
from portico.data.scheduler import Watch
from portico.data.tables import TableName

SLOW_S = 4
LATE_S = 2  # longer than a page waits for its chart
TABLES = {"fruit": ["weight", "price"], "order book": ["price", "order size"]}
NAMES = [f"name {number}" for number in range(200)]
WATCH = Watch(seconds=20, at_once=4)
DAYS = [f"2024-01-{day:02}" for day in range(1, 31)]


class NoTables:
    """In the place of a catalog, for a chart that asks none."""

    def turn(self) -> AbstractContextManager[None]:
        return nullcontext()

    def version(self) -> str:
        return "made up"

    def names(self) -> list[TableName]:
        return []


@dataclass
class MadeUpChart:
    """Draws how its controls stand."""

    catalog: Any = field(default_factory=NoTables)

    def ask(self, form: Form) -> dict[str, Any]:
        table = form.ask(OneOf("table", "Table", "fruit", options={name: name.capitalize() for name in TABLES}))
        if table == "order book" and "gone" in form.arguments:
            raise SourceAway("The database does not answer.")
        if table == "order book" and form.arguments.get("pace") == "late":
            work_for_a_while()
        columns = TABLES[table]
        form.ask(OneOf("measure", "Measure", columns[0], options={name: name.capitalize() for name in columns}))
        by = form.ask(OneOf("by", "Bars", "kind", options={"kind": "Kind", "place": "Place"}, visible=True))
        if by == "place":
            form.ask(OneOf("detail", "Detail", "all", options={"all": "All", "few": "Few"}, visible=True))
        form.ask(
            OneOf(
                "pace",
                "Pace",
                "fast",
                options={each: each.title() for each in ("fast", "slow", "late", "away")},
                visible=True,
                group="look",
            )
        )
        form.ask(
            OneOf(
                "scale",
                "Scale",
                "linear",
                options={"linear": "Linear", "log": "Logarithmic"},
                visible=True,
                group="look",
            )
        )
        form.ask(Step("year", "Year", 2007, steps=tuple(range(1952, 2008, 5)), group="filter"))
        form.ask(Span("range.year", "Years", [1952, 2007], steps=tuple(range(1952, 2008, 5)), group="filter"))
        form.ask(AnyOf("kind", "Kinds", [], options={"a": "Apple", "b": "Bread"}, placeholder="All", group="filter"))
        form.ask(AnyText("in.full name", "Full name", [], placeholder="All", group="filter"))
        form.ask(Number(f"from.{columns[0]}", f"{columns[0]} from", "", hint="0", group="filter"))
        form.ask(Number(f"to.{columns[0]}", f"{columns[0]} to", "", hint="100", group="filter"))
        form.ask(Moment("from.time", "Time from", "", hint="2024-01-01", group="filter"))
        form.ask(Moment("to.time", "Time to", "", hint="2024-01-30", group="filter"))
        return dict(form.values)

    def draw(self, question: dict[str, Any], width: int) -> Drawn:
        if question["pace"] == "slow":
            time.sleep(SLOW_S)
        if question["pace"] == "late":
            work_for_a_while()
        if question["pace"] == "away":
            raise SourceAway("The database does not answer.")
        line = {"type": "scatter", "x": DAYS, "y": [day % 7 + 1 for day in range(30)], "name": "Line"}
        other = {"type": "scatter", "x": DAYS, "y": [day % 5 + 1 for day in range(30)], "name": "Other <b>line"}
        ends = [question["from.time"] or DAYS[0], question["to.time"] or DAYS[-1]]
        known = {} if question["scale"] == "log" else {"range": ends}  # else plotly finds them
        drawn = figure(
            [line, other],
            xaxis=axis("Time", type="date", fixedrange=False, **known),
            yaxis=axis("Value"),
            meta={"from": "from.time", "to": "to.time"},
            dragmode="zoom",
        )
        names = ", ".join(question["in.full name"]) or "all"
        caption = f"{question['measure']} by {question['by']} in {question['year']} of {names}, {question['scale']}"
        notes = ["A log scale has no place for 3 rows."] if question["scale"] == "log" else []
        return Drawn(drawn, caption, ["1,000 rows read", "data of today"], notes)

    def data(self, question: dict[str, Any]) -> ViewData:
        raise DataError("No data in a made-up chart.")

    def search(self, question: dict[str, Any], control: str, text: str) -> dict[str, str]:
        return {name: name.title() for name in NAMES if text in name}


def construct_page(server):
    app = PageApp(__name__, server)
    chart_page(app, MadeUpChart())
    return app.server


def work_for_a_while() -> None:
    """Work as a query does, which can be stopped."""
    stopped = Event()
    with WATCH.running(stopped.set):
        if stopped.wait(LATE_S):
            raise RuntimeError("stopped")
