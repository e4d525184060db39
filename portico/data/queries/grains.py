"""Grains of time: the calendar steps in which moments are put together."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

from portico.data.columns import Column, Kind

MINUTE_S = 60
DAY_S = 86_400
MEAN_YEAR_S = 365.2425 * DAY_S  # of the Gregorian calendar
FIRST_S, LAST_S = -377_705_116_800, 253_402_300_799  # the years -9999 and 9999, which a chart can name


@dataclass(frozen=True)
class Grain:
    """A step of the calendar: its label, its length in seconds (about), and its unit in Ibis."""

    label: str
    seconds: int
    unit: str
    written: str  # strftime of the step's beginning


GRAINS = {
    "second": Grain("Second", 1, "s", "%Y-%m-%d %H:%M:%S"),
    "minute": Grain("Minute", MINUTE_S, "m", "%Y-%m-%d %H:%M"),
    "hour": Grain("Hour", 60 * MINUTE_S, "h", "%Y-%m-%d %H:%M"),
    "day": Grain("Day", DAY_S, "D", "%Y-%m-%d"),
    "week": Grain("Week", 7 * DAY_S, "W", "%Y-%m-%d"),
    "month": Grain("Month", 30 * DAY_S, "M", "%b %Y"),
    "quarter": Grain("Quarter", 91 * DAY_S, "Q", "%b %Y"),
    "year": Grain("Year", 365 * DAY_S, "Y", "%Y"),
}


@ibis.udf.scalar.builtin(name="date_part")  # type: ignore[untyped-decorator]  # ibis ships no types
def date_part(field: str, moment: dt.timestamp) -> float:
    """Seconds since 1970 of a moment, with their fraction; the same name in DuckDB and PostgreSQL."""
    raise NotImplementedError  # the engine has it


def moments(relation: ir.Table, column: Column) -> ir.TimestampColumn:
    """The values of a column of time as moments in UTC."""
    return relation[column.name].cast("timestamp")


def seconds_of(moment: ir.TimestampValue) -> ir.FloatingValue:
    return date_part("epoch", moment)


def steps_of(relation: ir.Table, column: Column, grain: str) -> ir.TimestampColumn:
    """The beginning of the step in which each moment lies."""
    return moments(relation, column).truncate(GRAINS[grain].unit)


def offered(column: Column) -> tuple[str, ...]:
    """The grains that make sense of a column; a date has no hours."""
    if column.kind is not Kind.TIME:
        return ()
    return tuple(name for name, grain in GRAINS.items() if grain.seconds >= (DAY_S if column.dtype.is_date() else 1))


def finest(column: Column, seconds: float, most: int) -> str:
    """The finest grain of which no more than some number of steps lie in a span of time."""
    return next((name for name in offered(column) if seconds / GRAINS[name].seconds <= most), "year")


def written_step(seconds: float, grain: str) -> str:
    """Write the beginning of a step for people."""
    moment = moment_of(seconds)
    if moment is None:
        return f"{seconds / MEAN_YEAR_S + 1970:,.2f}"
    if grain == "quarter":
        return f"Q{(moment.month + 2) // 3} {moment.year}"
    return moment.strftime(GRAINS[grain].written)


def steps_between(first: float, last: float, grain: str) -> Iterator[float]:
    """The beginnings of the steps from one to another (seconds since 1970), both included."""
    months = {"month": 1, "quarter": 3, "year": 12}.get(grain)
    moment = moment_of(first)
    while moment is not None and moment.timestamp() <= last:
        yield moment.timestamp()
        try:
            moment = _months_later(moment, months) if months else moment + timedelta(seconds=GRAINS[grain].seconds)
        except (OverflowError, ValueError):
            return


def _months_later(moment: datetime, months: int) -> datetime:
    years, month = divmod(moment.month - 1 + months, 12)
    return moment.replace(year=moment.year + years, month=month + 1)


def moment_of(seconds: float) -> datetime | None:
    """The moment some seconds since 1970, None outside of the years 1 to 9999."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
