"""What DuckDB says of a file or a query that failed, in words for a reader: no paths, no SQL."""

import errno
import os
import re

import duckdb

from portico.data.errors import DataError, SourceAway, Unreadable

LONGEST_QUOTE = 60  # characters of a value that are repeated to the reader
LINE = re.compile(r"CSV Error on Line: (\d+)")
WRONG_COUNT = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
WRONG_VALUE = re.compile(
    r"Error when converting column \"(.*?)\"\. Could not convert string \"(.*?)\" to '(.*?)'", re.DOTALL
)
JSON_PLACE = re.compile(r"in file \".*?\", (?:at byte \d+ )?in (?:record/value|line) (\d+): (.*?)\.?\s*(?:\n|$)")
TOO_LONG = re.compile(r"[Mm]aximum.object.size")
PARQUET_WORDS = ("Parquet", "parquet", "magic bytes", "TType", "TProtocol", "ecompression failure", "Snappy", "ZSTD")
OF_LINES = {
    "unterminated quote": "has a quotation mark in line {line} that is not closed as it should be.",
    "nicode": "is not written in UTF-8, as line {line} shows. Save it as UTF-8.",
    "aximum line size": "has a line that is too long: line {line}.",
}
REFUSALS = (errno.EACCES, errno.EPERM)  # which stay until somebody changes the file
PASSING = {os.strerror(code) for code in errno.errorcode if code not in REFUSALS}
OF_QUERY = (duckdb.OutOfRangeException, duckdb.ConversionException)


def explained(error: Exception, file: str) -> DataError:
    """Say what is wrong with a file that the engine or the system could not read.

    SourceAway is for what may pass by itself and is not of the file: a disk that does not answer, too many open files.
    """
    if isinstance(error, OSError):
        return _of_system(error, file)
    text = str(error)
    if isinstance(error, duckdb.IOException) and (said := _said_by_system(text)):
        return SourceAway(f"{file} cannot be read now: {said}. Try again.")
    for explain in (_of_line, _of_json, _of_place, _of_parquet, _of_format):
        problem = explain(text)
        if problem:
            return Unreadable(f"{file} {problem}")
    if isinstance(error, duckdb.IOException):
        return SourceAway(f"{file} cannot be read now. Try again.")
    return Unreadable(f"{file} cannot be read.")


def explained_query(error: duckdb.Error) -> DataError:
    """Say why a query of tables that can be read has no answer."""
    if isinstance(error, OF_QUERY):
        return DataError("A value in this question or its answer is out of range. Ask for something else.")
    return DataError("This could not be worked out. Ask for something else.")


def speaks_of_a_file(error: duckdb.Error) -> bool:
    """Return True if an error comes from reading a file, not from computing."""
    text = str(error)
    read = isinstance(error, duckdb.IOException | duckdb.PermissionException | duckdb.InvalidInputException)
    return read or any(explain(text) for explain in (_of_line, _of_json, _of_parquet))


def _of_system(error: OSError, file: str) -> DataError:
    if error.errno is None or error.errno in REFUSALS:  # the errors of gzip itself have no number
        return Unreadable(f"{file} cannot be read: {error.strerror or 'it is damaged'}.")
    return SourceAway(f"{file} cannot be read now: {error.strerror}. Try again.")


def _said_by_system(text: str) -> str:
    """What the system said, with which the engine ends: `IO Error: Cannot open file "…": Too many open files`."""
    said = text.partition("\n")[0].rpartition(": ")[2].strip()
    return said if said in PASSING else ""


def _of_line(text: str) -> str:
    line = LINE.search(text)
    if line is None:
        return ""
    if counts := WRONG_COUNT.search(text):
        return f"has {counts[2]} values in line {line[1]}, where {counts[1]} were expected."
    if value := WRONG_VALUE.search(text):
        return (
            f'has "{_short(value[2])}" in line {line[1]}, column "{_short(value[1])}", which holds {_type(value[3])}.'
        )
    for words, problem in OF_LINES.items():
        if words in text:
            return problem.format(line=line[1])
    return f"cannot be read from line {line[1]} on."


def _of_json(text: str) -> str:
    place = JSON_PLACE.search(text)
    if place is not None:
        return f"is no JSON that can be read as a table. In record {place[1]}: {_short(place[2])}."
    if TOO_LONG.search(text):
        return "has a record that is too long for a row of a table."
    return "is no JSON that can be read as a table." if "JSON" in text else ""


def _of_parquet(text: str) -> str:
    if any(word in text for word in PARQUET_WORDS):
        return "is no complete Parquet file: it was cut off or is damaged. Write it again."
    return ""


def _of_place(text: str) -> str:
    if "disabled by configuration" in text:
        return "is a link to a place outside the data folder, where nothing is read."
    if "ermission denied" in text:
        return "cannot be read: permission denied."
    return ""


def _of_format(text: str) -> str:
    if "GZIP" in text or "gzip" in text:
        return "is damaged or not complete: it cannot be unpacked."
    if "sniffing file" in text:
        return "is no table that can be made out: its lines do not have the same columns."
    if "not latin-1" in text:
        return "is written in an encoding that is not read here, as Windows-1252 is. Save it as UTF-8."
    if "encoded" in text:
        return "is not written in an encoding that is read here. Save it as UTF-8."
    if "altered" in text:
        return "changed while it was read. Try again."
    return ""


def _type(dtype: str) -> str:
    if "INT" in dtype or dtype in {"DOUBLE", "FLOAT"} or dtype.startswith("DECIMAL"):
        return "numbers in the lines before"
    if dtype.startswith(("DATE", "TIME")):
        return "dates or times in the lines before"
    return "other values in the lines before"


def _short(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= LONGEST_QUOTE else plain[: LONGEST_QUOTE - 1] + "…"
