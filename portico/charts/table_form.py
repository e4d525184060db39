"""The controls that every chart of a table has: the table, a measure, a split, filters.

Each offers only what fits the columns that the engine reported. What a page opens with is found from the
types of the columns and from how many different values they have, or is said beside the table.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from portico.charts.form import (
    LONGEST_TEXT,
    AnyOf,
    AnyText,
    Form,
    Moment,
    Number,
    OneOf,
    Span,
    is_askable,
    one_line,
    shorten,
)
from portico.charts.numbers import WHOLE_FROM
from portico.charts.protocol import MOST_FOUND
from portico.data.columns import FEW, Column, Kind
from portico.data.errors import TableGone, Unreadable
from portico.data.parsing import number
from portico.data.queries.aggregates import AGGREGATES, ROWS, fitting, usual
from portico.data.queries.filters import EMPTY, NONE, Filter, text_of
from portico.data.queries.grains import GRAINS, offered
from portico.data.query import Values
from portico.data.tables import Catalog, Table
from portico.page.figure_style import PALETTE

NOTHING = "-"  # in the place of a column: no split
MOST_LINES = len(PALETTE)
SEVERAL = 2
MOST_STEPS = 80  # marks of a slider
EXACT = 2**53  # whole numbers above this are no exact facts, which are floating
FACTOR_FOR_LOG = 100  # between the greatest and the least number
BOUNDS = ("from", "to")
PREFIXES = ("in.", "range.", "from.", "to.")


class TableForm:
    """A form over one table of a catalog.

    Args:
        form: gets the controls, in the order in which they are asked here.
        page: the page's name, under which a table can say what it opens with.
    """

    def __init__(self, form: Form, catalog: Catalog, page: str) -> None:
        self.form = form
        self.catalog = catalog
        self.table = self._ask_table(catalog)
        self._said: Mapping[str, Sequence[str]] = self.table.views.get(page, {})
        self._view = f"{self.table.described_in}: views.{page}"
        self._check_said()

    def _ask_table(self, catalog: Catalog) -> Table:
        names = catalog.names()
        if not names:
            raise TableGone("There is no table here yet.")
        options = {each.name: each.title for each in names}
        chosen = self.form.ask(OneOf("table", "Table", names[0].name, options=options, stays=len(options) > 1))
        if self.form.open and self.form.unknown["table"]:
            gone = self.form.unknown["table"][-1]
            if is_askable(gone):
                self.form.values["table"] = gone  # the list shows what is said of it, and any other can be chosen
            raise TableGone(f"{shorten(gone)} is no longer there. Choose another table.")
        table = catalog.table(chosen)
        if not table.drawable():
            raise Unreadable(f"{table.title} has no column that can be drawn: only lists, structures or bytes.")
        return table

    def _check_said(self) -> None:
        """Look at what the table says of its filters, before there is a control of a table that cannot be shown so.

        Raises:
            Unreadable: a filter is of no column, or a bound is none; the text names file, key and value.
        """
        among = {each.name: each for each in self.table.drawable()}
        for name, texts in self._said.items():
            end, dot, column = name.partition(".")
            columns = texts if name == "filter" else [column] if end + dot in PREFIXES else []
            for each in columns:
                if each not in among:
                    raise self._wrong(name, f"the table has no column {each!r} to filter by")
            if dot and end in BOUNDS:
                self._check_bound(end, among[column])
            if end + dot == "in." and among[column].kind is not Kind.CATEGORY:
                raise self._wrong(name, f'these are no texts; give the bounds as "from.{column}" and "to.{column}"')

    def _check_bound(self, end: str, column: Column) -> None:
        control = bound(end, column)
        if column.kind is Kind.CATEGORY:
            raise self._wrong(control.name, f'texts have no bounds; list those that are wanted as "in.{column.name}"')
        if control.read(self._said[control.name])[1]:
            raise self._wrong(control.name, f"must be {control.takes}")

    def _wrong(self, name: str, problem: str) -> Unreadable:
        return Unreadable(f"{self._view}.{name} = {[*self._said[name]]!r}: {problem}")

    def said(self, name: str, otherwise: str, options: Iterable[str]) -> str:
        """What the table says that a control opens with, if it is an option; something else otherwise."""
        texts = self._said.get(name, ())
        return texts[0] if texts and texts[0] in options else otherwise

    def one_of(self, name: str, label: str, default: str, options: Mapping[str, str], **more: Any) -> str:
        """Ask one of some options."""
        chosen: str = self.form.ask(OneOf(name, label, self.said(name, default, options), options=options, **more))
        return chosen

    def column(self, name: str, label: str, default: Column, among: Iterable[Column]) -> Column:
        """Ask for a column."""
        options = {column.name: column.label for column in among}
        return self.table.columns[self.one_of(name, label, default.name, options)]

    def measure(self, not_of: Column) -> Column | None:
        """Ask what is measured: a column, or (None) the rows."""
        columns = self.table.columns
        options = {ROWS: "Rows"} | {each.name: each.label for each in self.table.drawable()}
        numbers = [each for each in self.table.of_kind(Kind.NUMBER) if each.name != not_of.name]
        found = next((each.name for each in numbers if not each.names_rows), ROWS)
        chosen = self.one_of("measure", "Measure", found, options)
        return columns.get(chosen)

    def aggregate(self, measure: Column | None, more: Mapping[str, str] | None = None, default: str = "") -> str:
        """Ask how many values become one: what fits the measure, and `more` of the chart's own."""
        options = {name: AGGREGATES[name].label for name in fitting(measure)} | dict(more or {})
        return self.one_of("aggregate", "Aggregate", default or usual(measure), options)

    def grain(self, x: Column) -> str:
        """Ask for the step of time."""
        options = {"auto": "Automatic"} | {name: GRAINS[name].label for name in offered(x)}
        return self.one_of("grain", "Time step", "auto", options)

    def split(self, label: str, default: Column | None, not_of: Column) -> Column | None:
        """Ask for the column that divides the chart into parts."""
        among = [each for each in self.table.columns.values() if can_split(each) and each.name != not_of.name]
        options = {NOTHING: "Nothing"} | {each.name: each.label for each in among}
        return self.table.columns.get(
            self.one_of("split", label, default.name if default else NOTHING, options, group="look")
        )

    def log_scale(self, offered: bool) -> bool:
        """Ask whether the scale is logarithmic, where that is offered."""
        scales = {"linear": "Linear", "log": "Logarithmic"}
        return offered and self.one_of("scale", "Scale", "linear", scales, group="look", visible=True) == "log"

    def filters(self, without: Column | None = None) -> tuple[Filter, ...]:
        """Ask which columns are filtered, and each for its values or bounds."""
        among = [each for each in self.table.drawable() if each is not without]
        listed = self.form.arguments.getlist("filter")
        said = columns_in(self._said) | {*self._said.get("filter", ())}
        given = columns_in(name for name, texts in self.form.arguments.lists() if any(texts))
        usual = [
            each.name
            for each in among
            if each.name in said or (each.name in given and (not listed or each.name in listed))
        ]
        options = {each.name: each.label for each in among}
        chosen = self.form.ask(
            AnyOf("filter", "Filter by", usual, options=options, placeholder="Add a column", group="filter")
        )
        return tuple(self.filter(self.table.columns[name]) for name in chosen)

    def filter(self, column: Column) -> Filter:
        """Ask for the values of a column, or for its bounds."""
        if column.kind is Kind.CATEGORY:
            said = list(self._said.get(f"in.{column.name}", ()))
            control = AnyText(f"in.{column.name}", column.label, said, placeholder="All", group="filter")
            return Filter(column, values=tuple(self.form.ask(control)))
        steps = steps_of(self.catalog, self.table, column)
        if steps:
            first, last = self._ask_span(column, steps)
            return Filter(column, low=first, high=last)
        return self._ask_bounds(column)

    def _ask_span(self, column: Column, steps: tuple[int, ...]) -> tuple[str, str]:
        whole = [steps[0], steps[-1]]
        control = Span(f"range.{column.name}", column.label, whole, steps=steps, group="filter")
        said, wrong = control.read(self._said.get(control.name, ()))
        if wrong or control.name not in self._said:
            said = self._steps_within(column, steps) or whole
        control = replace(control, default=said)
        chosen = self.form.ask(control)
        return ("", "") if chosen == whole else (str(chosen[0]), str(chosen[1]))

    def _steps_within(self, column: Column, steps: tuple[int, ...]) -> list[int]:
        """The first and the last step within the bounds that the table says; none where no step is."""
        low, high = (number(self._said_bound(bound(end, column))) for end in BOUNDS)
        within = [step for step in steps if (low is None or low <= step) and (high is None or step <= high)]
        return [within[0], within[-1]] if within else []

    def _ask_bounds(self, column: Column) -> Filter:
        fields = [bound(end, column, hint) for end, hint in zip(BOUNDS, hints(column), strict=True)]
        low, high = (self.form.ask(replace(field, default=self._said_bound(field))) for field in fields)
        return Filter(column, low=low, high=high)

    def _said_bound(self, field: Number) -> str:
        said: str = field.read(self._said.get(field.name, ()))[0]
        return said


def bound(end: str, column: Column, hint: str = "") -> Number:
    """The field for an end, "from" or "to", of what the values of a column must be within."""
    made = Moment if column.kind is Kind.TIME else Number
    return made(f"{end}.{column.name}", f"{column.label} {end}", "", hint=hint, group="filter")


def columns_in(names: Iterable[str]) -> set[str]:
    """The columns of which parameters of these names are filters."""
    return {name.removeprefix(prefix) for name in names for prefix in PREFIXES if name.startswith(prefix)}


def can_split(column: Column) -> bool:
    """Whether a column has so few values that each can be a part of a chart."""
    if column.kind is Kind.CATEGORY:
        return True
    return column.kind in (Kind.YEAR, Kind.NUMBER) and column.distinct is not None and column.distinct <= FEW


def usual_split(table: Table, not_of: Column) -> Column | None:
    """The first column of so few values that each can be a line of its own."""
    among = (each for each in table.of_kind(Kind.CATEGORY) if each.name != not_of.name)
    return next((each for each in among if SEVERAL <= (each.distinct or 0) <= MOST_LINES), None)


def steps_of(catalog: Catalog, table: Table, column: Column) -> tuple[int, ...]:
    """The steps of a slider over a column of whole numbers, of which every value must be one; empty if it has none.

    Facts of the first rows alone say nothing of the ends. Two steps are as far apart as two values, where these are
    evenly apart, and 1 otherwise.
    """
    facts = column.facts
    if not column.dtype.is_integer() or facts is None or facts.low is None or facts.high is None:
        return ()
    low, high, gaps = int(facts.low), int(facts.high), facts.distinct - 1
    if facts.rows != table.rows or gaps < 1 or max(-low, high) > EXACT:
        return ()
    step, rest = divmod(high - low, gaps)
    if rest or gaps >= MOST_STEPS or (step > 1 and not evenly_apart(catalog, table, column, low, step)):
        step = 1
    return tuple(range(low, high + 1, step)) if (high - low) // step < MOST_STEPS else ()


def evenly_apart(catalog: Catalog, table: Table, column: Column, low: int, step: int) -> bool:
    """Whether all values of a column of whole numbers are some steps above its least."""
    known = ("evenly apart", column.name, low, step)
    if known not in table.known:
        value = table.relation[column.name].cast("int64")  # which the distance fits, as it may not fit the column
        elsewhere = table.relation.filter((value - low) % step != 0).aggregate(rows=lambda found: found.count())
        ((rows,),) = catalog.rows(Values().query(elsewhere, catalog.dialect))
        table.known[known] = rows == 0
    return bool(table.known[known])


def hints(column: Column) -> tuple[str, str]:
    """What the first rows say of the ends of a column."""
    if column.kind is Kind.TIME:
        return "2024-01-31", "2024-01-31"
    facts = column.facts
    if facts is None or facts.low is None or facts.high is None:
        return "lowest", "highest"
    return written_number(facts.low), written_number(facts.high)


def written_number(value: float) -> str:
    """Write a number as a field takes it: no thousands' commas, and no letter for millions."""
    return f"{value:.0f}" if value == int(value) or abs(value) >= WHOLE_FROM else f"{value:.3g}"


def search(catalog: Catalog, form: Form, table: Table, name: str, text: str) -> dict[str, str]:
    """Options of a control that contain a text: of its own, or in the engine for the values of a column."""
    control = next((each for each in form.controls if each.name == name), None)
    if isinstance(control, AnyText):
        return values_like(catalog, table, table.columns[name.removeprefix("in.")], text)
    options: Mapping[str, str] = getattr(control, "options", {})
    wanted = text.casefold()
    return {value: label for value, label in options.items() if wanted in label.casefold()}


def values_like(catalog: Catalog, table: Table, column: Column, text: str) -> dict[str, str]:
    """What is missing, if anything is, and the most frequent values of a column that contain a text, whatever its case.

    A text that is too long for an address is not offered.
    """
    values = Values()
    relation = table.relation.select(value=text_of(table.relation, column))
    if text:
        wanted = relation.value.lower().contains(values.bind(text.lower()))
        wanted = wanted | relation.value.isnull() if text.lower() in NONE else wanted
        relation = relation.filter(wanted | (relation.value == "") if text.lower() in EMPTY else wanted)
    counted = relation.group_by("value").agg(rows=relation.count())
    missing_first = counted.value.isnull().ifelse(0, 1)
    asked = counted.order_by([missing_first, counted.rows.desc(), "value"]).limit(MOST_FOUND)
    found = (
        NONE if value is None else value or EMPTY for value, _ in catalog.rows(values.query(asked, catalog.dialect))
    )
    return {value: one_line(value) for value in found if len(value) <= LONGEST_TEXT}


def log_helps(measure: Column | None, aggregate: str) -> bool:
    """Whether the numbers of a measure can span powers of ten and are all above zero."""
    if measure is None or aggregate in ("count", "distinct"):
        return True
    facts = measure.facts
    if facts is None or facts.low is None or facts.high is None:
        return False
    return facts.low > 0 and facts.high >= FACTOR_FOR_LOG * facts.low
