"""Errors between a query and its rows; a reader sees the text of each."""

# Said after a limit that was reached: a reader knows whom to ask, and whoever runs the site what to set.
MORE_SECONDS = "Whoever runs this site can allow more (PORTICO_QUERY_SECONDS)."
MORE_MEMORY = "Whoever runs this site can allow more (PORTICO_QUERY_MEMORY)."
TOO_MUCH_MEMORY = (
    "This needs more memory than a query may use. Ask for less: a filter, a shorter span of time, fewer groups. "
    f"{MORE_MEMORY}"
)


class DataError(Exception):
    """A query has no answer now. The text says why and what a reader can do."""


class TableGone(DataError):
    """No table has this name, or no longer."""


class Unreadable(DataError):
    """The table is there and cannot be read: a broken file, a wrong encoding, no permission."""


class TookTooLong(DataError):
    """The limit on a query's time was reached."""


class NeededTooMuch(DataError):
    """The limit on a query's memory was reached."""


class Cancelled(DataError):
    """The client disconnected, or asked for another view."""


class SourceAway(DataError):
    """The database, the folder or a file does not answer now; it may by itself."""


class Busy(DataError):
    """Too many queries are running at once."""
