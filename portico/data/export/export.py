"""Rows as files that a reader takes away: CSV and Parquet, written while the rows arrive."""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import time
from io import StringIO
from itertools import chain
from math import isfinite
from typing import Any

import ibis.expr.datatypes as dt
from ibis import Schema

from portico.data.export.parquet_file import JoinedFile
from portico.data.export.row_groups import TEXT_MARK, RowGroupWriter, stored_type
from portico.data.tables import Row

# What makes a spreadsheet run a cell's text, also in their full-width forms:
# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠")
# Where a cell may begin: at the start of the text, and after a character that other settings take for a separator.
SIGNS = "=+\\-@＝＋－＠"
# Matches every run as a whole, so that a long one is read once.
RUNS = re.compile(rf"""([;"\s]+)([{SIGNS}]?)""")
SEPARATORS = re.compile(r"[;\t\r\n]")
IN_QUOTES = re.compile(r"""[",;\t\r\n\0]""")
PLAIN = re.compile(rf"""[{re.escape("".join(FORMULA_STARTS))}",;]""")  # a text without any of these stays unchanged
APOSTROPHE = "'"  # in front of a text: a spreadsheet takes what follows as it is
TRUTHS = {True: "true", False: "false", None: ""}
EMPTY_LINE = '""'
BEFORE_CHRIST = " (BC)"  # as DuckDB writes it
PIECE_ROWS = 1000  # of a batch, written at once
# A row group is in memory as a whole, several times over while it is written.
GROUP_ROWS = 100_000
GROUP_BYTES = 4 * 1024 * 1024  # of its rows as CSV

Batches = Iterable[Sequence[Row]]
Cells = Iterable[Any]
Form = Callable[[Cells], Cells]  # of a column: its values as the CSV writer is to take them


def csv_file(schema: Schema, batches: Batches) -> Iterator[bytes]:
    """Write rows as CSV (RFC 4180, UTF-8): a header, ISO times, NULL as an empty cell, each number in full.

    A text that a spreadsheet would run as a formula gets an apostrophe in front, also behind a semicolon, tab or line
    break inside, at which some spreadsheets split cells; such texts are quoted. Numbers stay numbers. Parquet
    preserves every value exactly.
    """
    forms = [_csv_form(dtype) for dtype in schema.types]
    pieces = (_joined(zip(*_formed(forms, piece), strict=True)) for piece in _pieces(batches))
    yield _joined([_harmless_texts(schema.names)]) + next(pieces, b"")  # the query has begun before the file does
    yield from pieces


def parquet_file(schema: Schema, batches: Batches) -> Iterator[bytes]:
    """Write rows as Parquet, a row group at a time; each value comes back as it went.

    Numbers, truths, dates and times keep their types. Whatever is none of these is a text: a list or a
    structure as JSON, bytes as hexadecimal digits. A decimal of which no digits are named is a float.

    Raises:
        NeededTooMuch: a row is too large to be written.
        Unreadable: a value does not fit the type of its column.
    """
    file = JoinedFile()
    groups = _groups([_carried_form(dtype) for dtype in schema.types], batches)
    with RowGroupWriter(schema) as writer:
        for rows in chain([next(groups, b"")], groups):  # without rows, a file of the columns alone
            yield file.add(writer.write(rows))
    yield file.end()


def _groups(forms: Sequence[Form], batches: Batches) -> Iterator[bytes]:
    """The rows of each row group as CSV, in which an empty cell is NULL."""
    group, rows = bytearray(), 0
    for piece in _pieces(batches):
        group += _written(forms, piece)
        rows += len(piece)
        if rows >= GROUP_ROWS or len(group) >= GROUP_BYTES:
            yield bytes(group)
            group, rows = bytearray(), 0
    if group:
        yield bytes(group)


def _pieces(batches: Batches) -> Iterator[Sequence[Row]]:
    for batch in batches:
        for begin in range(0, len(batch), PIECE_ROWS):
            yield batch[begin : begin + PIECE_ROWS]


def _written(forms: Sequence[Form], rows: Sequence[Row]) -> bytes:
    return _lines(zip(*_formed(forms, rows), strict=True))


def _formed(forms: Sequence[Form], rows: Sequence[Row]) -> list[Cells]:
    columns = zip(*rows, strict=True)
    return [form(column) for form, column in zip(forms, columns, strict=True)]


def _joined(rows: Iterable[Iterable[str]]) -> bytes:
    """Return lines of cells that are already quoted where needed. A single empty cell must not become an empty line."""
    return "".join(f"{','.join(row) or EMPTY_LINE}\r\n" for row in rows).encode()


def _lines(rows: Iterable[Iterable[Any]]) -> bytes:
    text = StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _csv_form(dtype: dt.DataType) -> Form:
    if dtype.is_boolean():
        return _truths
    if dtype.is_decimal():
        return lambda values: ["" if value is None else format(value, "f") for value in values]
    if stored_type(dtype) == "VARCHAR":
        return _harmless_texts
    return _iso_times if dtype.is_temporal() else _numbers


def _carried_form(dtype: dt.DataType) -> Form:
    if dtype.is_decimal():
        return _decimals if stored_type(dtype) == "DOUBLE" else _finite_decimals
    if stored_type(dtype) == "VARCHAR":
        return _marked_texts
    return _times if dtype.is_temporal() else _as_they_are


def _as_they_are(values: Cells) -> Cells:
    return values  # the CSV writer writes numbers in full, and None as nothing


def _numbers(values: Cells) -> Cells:
    return ["" if value is None else str(value) for value in values]


def _truths(values: Cells) -> Cells:
    return [TRUTHS.get(value, "") for value in values]


def _times(values: Cells) -> Cells:
    """DuckDB hands out as its own text what Python cannot hold, and reads that text again."""
    return [value if value is None or isinstance(value, str) else value.isoformat() for value in values]


def _iso_times(values: Cells) -> Cells:
    return [_iso(value) if value else "" for value in _times(values)]


def _iso(text: str) -> str:
    """Years before Christ as ISO 8601 counts them: "0044-03-15 (BC)" is -0043-03-15."""
    year, _, rest = text.replace(BEFORE_CHRIST, "").replace(" ", "T").partition("-")
    counted = 1 - int(year) if BEFORE_CHRIST in text else int(year)
    return f"{'-' if counted < 0 else ''}{abs(counted):04d}-{rest}"


def _decimals(values: Cells) -> Cells:
    return [value if value is None else format(value, "f") for value in values]


def _finite_decimals(values: Cells) -> Cells:
    """A decimal of PostgreSQL may be NaN or infinite, one of Parquet may not: it becomes NULL."""
    return [None if value is None or not isfinite(value) else format(value, "f") for value in values]


def _harmless_texts(values: Cells) -> Cells:
    return [_text_cell(_text(value) or "") for value in values]


def _text_cell(text: str) -> str:
    if not PLAIN.search(text):
        return text
    shown = harmless(text)
    return '"' + shown.replace('"', '""') + '"' if IN_QUOTES.search(shown) else shown


def _marked_texts(values: Cells) -> Cells:
    return [value if value is None else f"{TEXT_MARK}{_text(value)}" for value in values]


def harmless(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula, not even in part."""
    inside = RUNS.sub(_defused, text)
    return f"{APOSTROPHE}{inside}" if text.startswith(FORMULA_STARTS) else inside


def _defused(run: re.Match[str]) -> str:
    between, sign = run.groups()
    return f"{between}{APOSTROPHE}{sign}" if sign and SEPARATORS.search(between) else run[0]


def _text(value: Any) -> str | None:
    """Write a value of any type as text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False, default=_text)
    return value.isoformat() if isinstance(value, time) else str(value)
