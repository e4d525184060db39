"""Log lines: every record is one line, whatever text a database, an engine or a page puts in it."""

import logging
import re
import sys
from typing import Any

# Also characters at which a log viewer may break a line, and terminal control characters.
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
NAMED = "%(levelname)s %(name)s: %(message)s"
CONTINUED = "\n  | "  # prefix of a traceback's further lines; no line of the access log begins with it


def one_line(text: str) -> str:
    r"""Return the text with control characters escaped, as `\n` for a line break."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


class OneLineFormatter(logging.Formatter):
    """Writes a message as one line; the lines of a traceback below it are indented and marked."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        """Format the message as one line."""
        return one_line(super().formatMessage(record))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is logging's
        """Format a traceback as lines that cannot be mistaken for log records."""
        return _marked(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - the name is logging's
        """Format a stack in the same way."""
        return _marked(super().formatStack(stack_info))


def write_one_line_each(level: int = logging.WARNING, pattern: str = NAMED) -> None:
    """Let every logger of this process without a handler of its own write to stderr, one line a record.

    Args:
        level: of the least important record that is written.
        pattern: of a line, as `logging.Formatter` takes it; not the message alone, which could be a line of JSON.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(level)
    handler.setFormatter(OneLineFormatter(pattern))
    logging.basicConfig(handlers=[handler], level=level)


def _marked(text: str) -> str:
    return CONTINUED.lstrip("\n") + CONTINUED.join(one_line(line) for line in text.split("\n"))
