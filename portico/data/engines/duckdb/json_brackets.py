"""Brackets of JSON: how deep they lie and whether each is closed, seen before the engine reads the text.

DuckDB 1.5 ends the whole process at some ten thousand levels, and takes a list that was cut off for a whole one.
"""

import re
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import IO

from portico.data.errors import Unreadable

MOST_LEVELS = 500
PART_BYTES = 2**20
ROUNDS = 16
STRING = re.compile(rb'"[^"]*"')  # once escaped marks are gone
PAIR = re.compile(rb"\[\]|\{\}")
OPENING = b"[{"
OTHERS = bytes(set(range(256)) - set(b'[]{}"'))


def check_brackets(text: IO[bytes], name: str, look: Callable[[], None]) -> None:
    """Raise Unreadable, naming the file, if its brackets lie too deep or are left open.

    Args:
        look: called between parts; what it raises ends the check.
    """
    still_open, rest = b"", b""
    for part in _without_escapes(text):
        look()
        before, quote, after = STRING.sub(b"", rest + part.translate(None, OTHERS)).partition(b'"')
        rest = quote + after  # a text that goes on in the next part
        still_open = _unpaired(still_open + before)
        if _levels(still_open) > MOST_LEVELS:
            raise Unreadable(f"{name} is nested too deep for a table: more than {MOST_LEVELS} levels.")
    if rest or _all_unpaired(still_open):
        raise Unreadable(f"{name} is no complete JSON: a bracket or a text in it has no end.")


def _without_escapes(text: IO[bytes]) -> Iterator[bytes]:
    carried = b""
    while read := text.read(PART_BYTES):
        part = carried + read
        whole = part.rstrip(b"\\")
        carried = b"\\" * ((len(part) - len(whole)) % 2)  # what it escapes is in the next part
        yield whole.replace(b"\\\\", b"").replace(b'\\"', b"")


def _all_unpaired(brackets: bytes) -> bytes:
    while (fewer := _unpaired(brackets)) != brackets:
        brackets = fewer
    return brackets


def _unpaired(brackets: bytes) -> bytes:
    """Take away brackets that close at once, as often as the records of most files need."""
    for _ in range(ROUNDS):
        fewer = PAIR.sub(b"", brackets)
        if len(fewer) == len(brackets):
            break
        brackets = fewer
    return brackets


def _levels(brackets: bytes) -> int:
    return max(accumulate(1 if bracket in OPENING else -1 for bracket in brackets), default=0)
