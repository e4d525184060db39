"""What a page says of a table in words: the rows that were read, what was left out, which rows are drawn."""

from collections.abc import Iterable, Sequence

from portico.charts.form import one_line, shorten
from portico.data.columns import Kind
from portico.data.queries.filters import Filter
from portico.data.sample import SAMPLE
from portico.data.tables import Table

NO_LOG = "Some numbers are not above zero and have no place on a logarithmic scale: this one is linear."
SHOWN_VALUES = 3  # of a filter, in a caption
SHOWN_NAMES = 3  # of columns, below a chart


def facts_of(table: Table, rows: int) -> list[str]:
    """The number of rows that were read, the age of the data, and the columns that are not offered."""
    age = f"data of {table.changed:%-d %b %Y, %H:%M} UTC" if table.changed else ""
    if table.name == SAMPLE:
        age = "a sample: your own tables go into the folder data"
    return [fact for fact in (f"{rows:,} row{'' if rows == 1 else 's'} read", age, _left_out(table)) if fact]


def _left_out(table: Table) -> str:
    """Name the columns that are not offered; empty if all are."""
    names = [column.label for column in table.columns.values() if column.kind is Kind.OTHER]
    return f"not drawn: {_some(names)} (lists, structures or bytes)" if names else ""


def notes_of(table: Table) -> list[str]:
    """Say which columns are text although they look like numbers or times; each would be measured else."""
    odd = [column for column in table.columns.values() if column.why_text and not column.names_rows]
    if not odd:
        return []
    first, *more = odd
    others = f" So {'is' if len(more) == 1 else 'are'} {_some([each.label for each in more])}." if more else ""
    return [f"{shorten(first.label)} is text: {first.why_text}.{others}"]


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(map(shorten, names[:SHOWN_NAMES]))
    more = len(names) - SHOWN_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def filters_in_words(filters: Iterable[Filter]) -> str:
    """Say which rows are drawn; empty if all are."""
    said = [_in_words(each) for each in filters if each.says_something()]
    return f" · {'; '.join(said)}" if said else ""


def _in_words(wanted: Filter) -> str:
    label = wanted.column.label
    if wanted.values:
        shown = ", ".join(map(one_line, wanted.values[:SHOWN_VALUES]))
        more = len(wanted.values) - SHOWN_VALUES
        return f"{label}: {shown}" + (f" and {more} more" if more > 0 else "")
    if wanted.low and wanted.high:
        return f"{label} {wanted.low}" + ("" if wanted.low == wanted.high else f" to {wanted.high}")
    return f"{label} from {wanted.low}" if wanted.low else f"{label} to {wanted.high}"


def why_empty(filters: Iterable[Filter]) -> str:
    """Say why there is nothing to draw."""
    if any(each.says_something() for each in filters):
        return "No row passes all filters. Take one away, or widen it."
    return "This table has no rows."
