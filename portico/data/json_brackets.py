"""Brackets of JSON: how deep they lie and whether each is closed, seen before the engine reads the text.

DuckDB 1.5 ends the whole process at some ten thousand levels, and takes a list that was cut off for a whole one.
"""

import re
from itertools import accumulate
from typing import IO

from portico.data.failures import Unreadable

MOST_LEVELS = 500
PART_BYTES = 2**20
LONGEST_TEXT_BYTES = 16 * 2**20
STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
PAIR = re.compile(rb"\[\]|\{\}")
OPENING = b"[{"
ROUNDS = 16
OTHERS = bytes(set(range(256)) - set(b"[]{}"))


def check_brackets(text: IO[bytes], name: str) -> None:
    """Raise Unreadable, naming the file, if its brackets lie too deep or are left open."""
    still_open, rest = b"", b""
    while part := text.read(PART_BYTES):
        plain = STRING.sub(b"", rest + part)
        before, quote, after = plain.partition(b'"')
        rest = quote + after
        if len(rest) > LONGEST_TEXT_BYTES:
            raise Unreadable(f"{name} is no JSON: a text in it has no end.")
        still_open = _unpaired(still_open + before.translate(None, OTHERS))
        if _levels(still_open) > MOST_LEVELS:
            raise Unreadable(f"{name} is nested too deep for a table: more than {MOST_LEVELS} levels.")
    if rest or _all_unpaired(still_open):
        raise Unreadable(f"{name} is no complete JSON: a bracket or a text in it has no end.")


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
