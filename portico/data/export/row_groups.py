"""Row groups of Parquet: rows in CSV go in, a small Parquet file comes out, and DuckDB does the work.

Given all rows through one pipe, DuckDB would keep every part of the CSV that it has read. A file for each row
group bounds what it holds. The files have no name: containers have nothing to write to.
"""

import os
import sys
import threading
from contextlib import AbstractContextManager
from tempfile import TemporaryFile
from typing import IO

import duckdb
import ibis.expr.datatypes as dt
from ibis import Schema
from ibis.backends.sql.datatypes import DuckDBType

from portico.data.engines.duckdb.file_formats import quoted
from portico.data.errors import NeededTooMuch, Unreadable

WRITER_MEMORY = "64MB"
MOST_DIGITS = 38  # of a decimal in DuckDB
TEXT_MARK = "'"  # in front of each text, so that an empty one is not taken for NULL

# One row group at a time in a process: its memory is bounded however many readers take data away.
writing = threading.Lock()


class RowGroupWriter(AbstractContextManager["RowGroupWriter"]):
    """Makes Parquet files of rows, in a DuckDB that can reach two files in memory and nothing else.

    Args:
        schema: the columns of every file.
    """

    def __init__(self, schema: Schema) -> None:
        self._kinds = [stored_type(dtype) for dtype in schema.types]
        self._names = list(schema.names)
        self._rows, self._file = memory_file(), memory_file()
        self._connection = self._connect()

    def write(self, rows: bytes) -> bytes:
        """Return a Parquet file of rows in CSV: no header, texts with their mark, an empty cell for NULL.

        Raises:
            NeededTooMuch: a row is too large to be written.
            Unreadable: a value does not fit the type of its column.
        """
        replace(self._rows, rows)
        try:
            with writing:
                self._connection.execute(self._copy(len(rows)))
        except duckdb.OutOfMemoryException as error:
            raise NeededTooMuch("A row of this table is too large to be written as Parquet. Take it as CSV.") from error
        except duckdb.Error as error:
            text = "A value of this table does not fit its column's type, which Parquet insists on. Take it as CSV."
            raise Unreadable(text) from error
        self._file.seek(0)
        return self._file.read()

    def _connect(self) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(config={"threads": 1, "memory_limit": WRITER_MEMORY, "temp_directory": ""})
        connection.execute(f"SET allowed_paths = ['{path_of(self._rows)}', '{path_of(self._file)}']")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET preserve_insertion_order = false")  # one thread keeps it, and so holds back less
        connection.execute("SET lock_configuration = true")
        return connection

    def _copy(self, length: int) -> str:
        columns = ", ".join(f"'c{place}': '{kind}'" for place, kind in enumerate(self._kinds))
        options = r"""auto_detect=false, header=false, delim=',', quote='"', escape='"', nullstr='', new_line='\r\n'"""
        room = max(length + 1, 1024)  # the default would be 32 MB
        source = (
            f"read_csv('{path_of(self._rows)}', columns={{{columns}}}, {options}, "
            f"parallel=false, max_line_size={room}, buffer_size={room})"
        )
        selected = ", ".join(self._selected())
        target = f"'{path_of(self._file)}' (FORMAT parquet, USE_TMP_FILE false)"
        return f"COPY (SELECT {selected} FROM {source}) TO {target}"  # noqa: S608 - types, and names in quotes

    def _selected(self) -> list[str]:
        cells = [f"substr(c{n}, 2)" if kind == "VARCHAR" else f"c{n}" for n, kind in enumerate(self._kinds)]
        return [f"{cell} AS {quoted(name)}" for cell, name in zip(cells, self._names, strict=True)]

    def __exit__(self, *_error: object) -> None:
        """Close what is open."""
        self._connection.close()
        self._rows.close()
        self._file.close()


def stored_type(dtype: dt.DataType) -> str:
    """The type in DuckDB, and so in Parquet, of an Ibis type; VARCHAR for what is written as text."""
    if dtype.is_decimal() and not 0 < (dtype.precision or 0) <= MOST_DIGITS:
        return "DOUBLE"
    if dtype.is_timestamp():
        return "TIMESTAMPTZ" if dtype.timezone else "TIMESTAMP"  # of microseconds, as the rows have them
    if dtype.is_numeric() or dtype.is_boolean() or dtype.is_date():
        return str(DuckDBType.to_string(dtype))
    return "VARCHAR"


def memory_file() -> IO[bytes]:
    """Open a file that has no name and, where the system has that, is in memory only."""
    if sys.platform == "linux":
        return open(os.memfd_create("portico"), "w+b", buffering=0)  # noqa: PTH123 - it has no path
    return TemporaryFile(buffering=0)


def path_of(file: IO[bytes]) -> str:
    """The path under which this process can open a file that has no name."""
    return f"/dev/fd/{file.fileno()}"


def replace(file: IO[bytes], content: bytes) -> None:
    """Make this the content of an unbuffered file."""
    file.seek(0)
    file.truncate()
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]
