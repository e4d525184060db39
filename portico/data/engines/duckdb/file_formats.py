"""How a file is read as a table: a SELECT for it, found by looking at the file once.

Text is read strictly: a row that does not fit is an error with its line, and never left out in silence.
"""

import codecs
import gzip
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, cast

import duckdb

from portico.config.regular_file import open_regular_file
from portico.data.engines.duckdb.data_files import DataFile, StoredTable
from portico.data.engines.duckdb.json_brackets import check_brackets
from portico.data.errors import Unreadable
from portico.data.tables import Row

HEAD_BYTES = 2**20  # of a text, in which its encoding shows
LINE_BYTES = 2**20  # the longest line of a text
BUFFER_BYTES = 4 * 2**20  # for each thread that reads; DuckDB's own 32 MB would be a quarter of the usual limit
TEXT_COLUMNS = 1000  # the engine takes some 100 KB for each while it looks for their types
RECORD_BYTES = 4 * 2**20  # the longest record of JSON
CHECKED_GZIP_BYTES = 64 * 2**20  # up to which a gzip file is read once to its end before it is used
MOST_UNPACKED_BYTES = 2**30  # of such a file
JSON = frozenset({"json", "jsonl", "ndjson"})
DELIMITERS = (",", ";", "\t", "|")
NUMBERS = frozenset({"BIGINT", "DOUBLE", "HUGEINT"})
ISO_DATE = "%Y-%m-%d"  # read without a format too, and then with years before Christ and infinity
EMPTY = "(empty)"  # as sniff_csv writes what there is none of

Ask = Callable[[str], list[Row]]
Look = Callable[[], None]


@dataclass(frozen=True)
class Sql:
    """A piece of SQL that stands in a statement as it is."""

    text: str


Option = str | int | bool | Mapping[str, str] | Sql


def select(file: DataFile, whole: bool, ask: Ask, look: Look) -> str:
    """Return the SELECT that reads a file.

    Args:
        whole: look at all of it to find the types, not only at its first rows.
        ask: runs a statement and returns its rows.
        look: called between the parts of what is read here; what it raises ends that.

    Raises:
        Unreadable: it is no such file.
        duckdb.Error: as the engine says it.
    """
    if isinstance(file, StoredTable):
        return f"FROM {file.relation}"
    if file.size == 0:
        raise Unreadable(f"{file.name} is empty.")
    if file.gzipped:
        _check_gzip(file, look)
    if file.format in JSON:
        with _opened(file) as text:
            check_brackets(text, file.name, look)
    return FORMATS[file.format](file, whole, ask)


def quoted(name: str) -> str:
    """A name as it is written in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Option) -> str:
    """A value as it is written in SQL."""
    if isinstance(value, Sql):
        return value.text
    if isinstance(value, bool | int):
        return str(value).lower()
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return "{" + ", ".join(f"{literal(key)}: {literal(each)}" for key, each in value.items()) + "}"


def _call(function: str, file: DataFile, options: Mapping[str, Option]) -> str:
    given = "".join(f", {name} = {literal(value)}" for name, value in options.items())
    return f"{function}({literal(_one_file(file.path))}{given})"


def _one_file(path: Path) -> str:
    """A path that stands for itself, where the engine would take `*`, `?` and `[` for patterns."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def _parquet(file: DataFile, whole: bool, ask: Ask) -> str:  # noqa: ARG001 a Parquet file says its types itself
    return f"FROM {_call('read_parquet', file, {'hive_partitioning': False})}"


def _json(file: DataFile, whole: bool, ask: Ask) -> str:
    options: dict[str, Option] = {
        "format": "auto" if file.format == "json" else "newline_delimited",
        "records": "true",
        "maximum_depth": 2,  # what lies deeper stays JSON
        "maximum_object_size": RECORD_BYTES,
        "sample_size": -1 if whole else 20480,
        "compression": "gzip" if file.gzipped else "uncompressed",
        "hive_partitioning": False,
    }
    try:
        ask(f"DESCRIBE FROM {_call('read_json', file, options)}")
    except duckdb.BinderException as error:
        problem = "holds no rows: it must be a list of objects, or an object on each line"
        raise Unreadable(f"{file.name} {problem}.") from error
    return f"FROM {_call('read_json', file, options)}"


def _csv(file: DataFile, whole: bool, ask: Ask) -> str:
    encoding = _encoding(file)
    found = _sniff(file, whole, encoding, ask)
    unseen = "" if whole else '"'  # the first rows may have no quotation marks, and later ones do
    options: dict[str, Option] = {
        "auto_detect": False,
        "delim": found.delimiter,
        "quote": found.quote or unseen,
        "escape": found.escape or unseen,
        "skip": found.skip,
        "header": found.header,
        "columns": found.columns,
        "null_padding": found.padded,
        "hive_partitioning": False,
        **_shared(file, encoding),
        **found.given(),
    }
    if found.padded:
        options["parallel"] = False  # padding and line breaks in quotes do not go together else
    return f"FROM {_call('read_csv', file, options)}"


@dataclass(frozen=True)
class _Sniffed:
    """What a text of separated values looks like."""

    delimiter: str
    quote: str
    escape: str
    comment: str
    skip: int
    header: bool
    columns: Mapping[str, str]  # name to type
    date_format: str | None
    timestamp_format: str | None
    padded: bool = False
    decimal: str = "."

    def given(self) -> dict[str, Option]:
        """The options that are given only where there is something to say."""
        options = {
            "comment": self.comment,
            "dateformat": self.date_format if self.date_format != ISO_DATE else "",
            "timestampformat": self.timestamp_format,
            "decimal_separator": self.decimal if self.decimal != "." else None,
        }
        return {name: value for name, value in options.items() if value}

    def is_torn(self) -> bool:
        """Whether it was taken for a single column because its rows are not of one length."""
        return len(self.columns) == 1 and any(delimiter in next(iter(self.columns)) for delimiter in DELIMITERS)

    def numbers(self) -> int:
        return sum(dtype in NUMBERS for dtype in self.columns.values())


def _sniff(file: DataFile, whole: bool, encoding: str, ask: Ask) -> _Sniffed:
    options: dict[str, Option] = {"sample_size": -1 if whole else 20480, **_shared(file, encoding)}
    if file.format == "tsv":
        options["delim"] = "\t"
    found = _sniff_with(file, options, ask)
    if found.is_torn() or (found.skip and not found.header):  # a header that is shorter than its rows is skipped else
        found = _wider(found, _sniff_with(file, options | {"null_padding": True, "parallel": False}, ask))
    if found.delimiter == ";":  # where a comma is the decimal point
        options |= {"delim": ";", "decimal_separator": ",", "null_padding": found.padded, "parallel": not found.padded}
        commas = _sniff_with(file, options, ask)
        found = commas if commas.numbers() > found.numbers() else found
    return found


def _wider(strict: _Sniffed, padded: _Sniffed) -> _Sniffed:
    """Prefer rows that are filled up to those that were taken for something else or skipped."""
    return padded if len(padded.columns) > 1 and padded.skip <= strict.skip else strict


def _sniff_with(file: DataFile, options: Mapping[str, Option], ask: Ask) -> _Sniffed:
    fields = "Delimiter, Quote, Escape, Comment, SkipRows, HasHeader, Columns, DateFormat, TimestampFormat"
    row = ask(f"FROM {_call('sniff_csv', file, options)} SELECT {fields}")[0]
    quote, escape, comment = (mark if mark != EMPTY else "" for mark in row[1:4])
    columns = {column["name"]: column["type"] for column in row[6]}
    padded, decimal = bool(options.get("null_padding")), str(options.get("decimal_separator", "."))
    return _Sniffed(row[0], quote, escape, comment, row[4], row[5], columns, row[7], row[8], padded, decimal)


def _shared(file: DataFile, encoding: str) -> dict[str, Option]:
    return {
        "compression": "gzip" if file.gzipped else "none",
        "encoding": encoding,
        "buffer_size": BUFFER_BYTES,
        "max_line_size": LINE_BYTES,
    }


class _Unpacked(gzip.GzipFile):
    """A gzip file that closes the file below it, which GzipFile leaves open if it did not open it itself."""

    def __init__(self, below: IO[bytes]) -> None:
        super().__init__(fileobj=below)
        self._below = below

    def close(self) -> None:
        super().close()
        self._below.close()


def _opened(file: DataFile) -> IO[bytes]:
    """Open a text file, decompressed if needed."""
    return cast(IO[bytes], _Unpacked(_raw(file))) if file.gzipped else _raw(file)


def _raw(file: DataFile) -> IO[bytes]:
    return open_regular_file(file.path, file.path.parent)


def _encoding(file: DataFile) -> str:
    """Tell UTF-8, UTF-16 and Latin-1 apart; raises Unreadable for what is no text."""
    with _opened(file) as text:
        head = text.read(HEAD_BYTES + 1)
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_BE)):
        raise Unreadable(f"{file.name} is written in an encoding that is not read here. Save it as UTF-8.")
    if head.startswith(codecs.BOM_UTF16_LE):
        return "utf-16"
    if b"\0" in head:
        raise Unreadable(f"{file.name} is no text: it holds bytes that no text has.")
    if len(head) > LINE_BYTES and b"\n" not in head and b"\r" not in head:
        raise Unreadable(f"{file.name} has no lines: its first is longer than {LINE_BYTES // 2**20} MB.")
    if max(head.partition(b"\n")[0].count(delimiter.encode()) for delimiter in DELIMITERS) >= TEXT_COLUMNS:
        raise Unreadable(f"{file.name} has too many columns for a text: more than {TEXT_COLUMNS}. Save it as Parquet.")
    return "utf-8" if _is_utf8(head) else "latin-1"


def _is_utf8(head: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)  # which forgives a character that is cut at the end
    except UnicodeDecodeError:
        return False
    return True


def _check_gzip(file: DataFile, look: Look) -> None:
    unpacked = 0
    try:
        with _opened(file) as content:
            reads = iter(lambda: content.read(HEAD_BYTES), b"")
            for part in reads if file.size <= CHECKED_GZIP_BYTES else islice(reads, 1):
                look()
                unpacked += len(part)
                if unpacked > MOST_UNPACKED_BYTES:
                    most = f"{MOST_UNPACKED_BYTES // 2**20} MB"
                    raise Unreadable(
                        f"{file.name} is too large once it is unpacked: more than {most}. Save it as Parquet."
                    )
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Unreadable(f"{file.name} is damaged or not complete: it cannot be unpacked.") from error
    if unpacked == 0:
        raise Unreadable(f"{file.name} is empty.")


FORMATS: Mapping[str, Callable[[DataFile, bool, Ask], str]] = {
    "csv": _csv,
    "tsv": _csv,
    "json": _json,
    "jsonl": _json,
    "ndjson": _json,
    "parquet": _parquet,
}
