"""What a chart page is made of, as the page writes it: the controls it asks, and what it draws of them."""

from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import ibis.expr.types as ir

from portico.charts.figures import Figure
from portico.charts.form import Form
from portico.data.errors import DataError
from portico.data.query import Values
from portico.data.tables import Catalog, Table

MOST_FOUND = 50  # options that a search shows


@dataclass(frozen=True)
class Drawn:
    """A view as it is drawn.

    Attributes:
        caption: says what is drawn, for those who read it and those who hear it.
        facts: the rows that were read, the age of the data; each a short text.
        failure: of the data, which is said in place of the chart; None where there is one.
        notes: what the reader should know of this view, each a sentence: rows left out, a choice that did not fit.
    """

    figure: Figure
    caption: str
    facts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    failure: type[DataError] | None = None


@dataclass(frozen=True)
class ViewData:
    """The data of a view before it is reduced to what a screen shows: what a reader takes away."""

    table: Table
    expression: ir.Table
    values: Values


class Chart(Protocol):
    """One chart page's own part. Every method may raise DataError; its text is shown in the chart's place."""

    def ask(self, form: Form) -> Any:
        """Ask the controls in their order and return the question that they make."""

    def draw(self, question: Any, width: int) -> Drawn:
        """Work out a question and draw it for a chart of some width (pixels)."""


@runtime_checkable
class TableChart(Chart, Protocol):
    """A chart of the reader's own tables: its data can be taken away, and long lists are searched."""

    catalog: Catalog

    def data(self, question: Any) -> ViewData:
        """The data of a question."""

    def search(self, question: Any, control: str, text: str) -> dict[str, str]:
        """Options of a control that contain a text, best first, each with its label."""
