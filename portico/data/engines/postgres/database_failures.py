"""What PostgreSQL and psycopg raise, as readers and the log are told of it."""

import logging
from collections.abc import Callable

import psycopg

from portico.data.errors import DataError, NeededTooMuch, SourceAway, TableGone, TookTooLong, Unreadable

LOG = logging.getLogger("portico.data")

AWAY = "The database does not answer right now. Try again in a moment."
NOT_WORKED_OUT = "The database could not work this out."
LARGE = (
    "This needs more memory than the database gives to a chart. Ask for less: a filter, fewer groups. "
    "Whoever runs the database can allow more (temp_file_limit, work_mem)."
)
# By the beginning of SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
BY_STATE: tuple[tuple[str, type[DataError], str], ...] = (
    (
        "57014",
        TookTooLong,
        "The database stopped this before it was done. Ask for less: a filter, a shorter span of time.",
    ),
    ("42501", Unreadable, "The database does not let this site read this table."),
    ("42P01", TableGone, "This table is no longer there."),
    ("3F000", TableGone, "This table is no longer there."),
    ("42703", TableGone, "The columns of this table have changed. Load the page again."),
    ("53100", NeededTooMuch, LARGE),
    ("53200", NeededTooMuch, LARGE),
    ("53400", NeededTooMuch, LARGE),  # temp_file_limit
    ("53", SourceAway, AWAY),  # too many connections
    ("57P", SourceAway, AWAY),  # it stops, or it starts
    ("08", SourceAway, AWAY),
    ("28", SourceAway, AWAY),  # it does not let this site in
    ("3D", SourceAway, AWAY),
    ("40", SourceAway, AWAY),  # a standby that had to give way to its primary
)


class ConnectionLost(SourceAway):
    """The connection broke during a query; a retry on a new connection may succeed."""


def failure_of(error: Exception, lost: bool, hide: Callable[[str], str]) -> DataError:
    """Return what a reader is told of an error, and write the error itself to the log.

    Args:
        lost: whether the connection broke.
        hide: takes out of a text what must not reach the log.
    """
    told = ConnectionLost(AWAY) if lost else _told(error)
    text = str(error).strip()
    level = logging.INFO if isinstance(error, psycopg.errors.QueryCanceled) else logging.WARNING
    LOG.log(level, "%s: %s: %s", type(told).__name__, type(error).__name__, hide(text))
    return told


def _told(error: Exception) -> DataError:
    state = getattr(error, "sqlstate", None) or ""
    for begins, failure, text in BY_STATE:
        if state.startswith(begins):
            return failure(text)
    if isinstance(error, psycopg.OperationalError) and not state:
        return SourceAway(AWAY)
    return Unreadable(NOT_WORKED_OUT)
