"""A file as a table in the engine: a view of it or a copy, its columns, and what its first rows say."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import count

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
from ibis.backends.sql.datatypes import DuckDBType

from portico.data.columns import Facts, describe
from portico.data.engines.duckdb.data_files import DataFile
from portico.data.engines.duckdb.duckdb_engine import DuckDBEngine
from portico.data.engines.duckdb.file_formats import literal, quoted, select
from portico.data.query import MARK
from portico.data.tables import Codes, Row, Table

LOG = logging.getLogger("portico.data")
SMALL_BYTES = 8 * 2**20  # a text up to this is kept in memory, and all of it is looked at for its types
SMALL_GZIP_BYTES = 2**20
TINY_BYTES, TINY_GZIP_BYTES = 256 * 2**10, 64 * 2**10
FIRST_ROWS = 50_000  # that facts are taken from
FIRST_CELLS = 2_000_000  # and no more than these, in a wide table
COLUMNS_WITH_FACTS = 256
COLUMNS_AT_ONCE = 64  # of which facts are asked in one query: each takes the engine about half a megabyte
RESULTS = 5  # of each column, in that query
MOST_CODED = 250  # texts of a column that has another of their places: with what is missing a byte tells them apart
CODED_COLUMNS = 32  # of a table: each is a query when the table is read
LONGEST_CODED = 200  # characters of such a text
LOOKED_AT = 40  # characters of a text, which is longer than a number or a time
WHOLE_NUMBER = dt.Decimal(38, 0)  # stands for UHUGEINT, which Ibis does not know

Ask = Callable[[str], list[Row]]


@dataclass(frozen=True)
class Reading:
    """A version of a file that can be asked.

    Attributes:
        view: its name in the engine.
        copied: bytes of the file that were copied into memory; 0 for one that is read at each query.
        engine: which has it.
    """

    file: DataFile
    view: str
    table: Table
    copied: int
    engine: DuckDBEngine


def is_tiny(file: DataFile) -> bool:
    """Return True if a text file has so few rows that several threads do not speed up a query."""
    return file.is_text and file.size <= (TINY_GZIP_BYTES if file.gzipped else TINY_BYTES)


def open_file(file: DataFile, view: str, engine: DuckDBEngine, look: Callable[[], None]) -> Reading:
    """Make a file a table in an engine.

    Args:
        look: called between the parts of what Python reads; what it raises ends that.

    Raises:
        DataError, duckdb.Error, OSError: it cannot be read.
    """
    ask = engine.rows
    small = file.is_text and file.size <= (SMALL_GZIP_BYTES if file.gzipped else SMALL_BYTES)
    reads = select(file, small, ask, look)
    kind = "TABLE" if small else "VIEW"
    projection = ", ".join(
        _as_read(name, dtype) for name, dtype in _types(reads, ask).items() if name in (file.only or {name})
    )
    ask(f"CREATE OR REPLACE {kind} {quoted(view)} AS FROM ({reads}) SELECT {projection}")
    schema = {name: dtype_of(text) for name, text in _types(f"FROM {quoted(view)}", ask).items()}
    facts = _facts(view, schema, ask)
    relation = ibis.table(ibis.schema(schema), name=view)
    codes = _code(relation, facts, ask) if small else None
    table = Table(
        name=file.name,
        title=file.title,
        relation=codes.relation.select(*schema) if codes else relation,
        columns={name: describe(name, dtype, facts.get(name)) for name, dtype in schema.items()},
        changed=None if file.only else file.changed,  # the sample's file is as old as the package, its data is not
        rows=_rows(file, view, small, ask),
        in_memory=small,
        codes=codes,
    )
    return Reading(file, view, table, file.size if small else 0, engine)


@cache
def dtype_of(text: str) -> dt.DataType:
    """The type of Ibis for a type as DuckDB writes it; Unknown for those that Ibis does not know."""
    if text == "UHUGEINT":
        return WHOLE_NUMBER
    try:
        return DuckDBType.from_string(text)
    except Exception:
        LOG.warning("a type of DuckDB that Ibis does not read: %s", text)
        return dt.Unknown()


def _types(query: str, ask: Ask) -> Mapping[str, str]:
    return {row[0]: row[1] for row in ask(f"DESCRIBE {query}")}


def _as_read(name: str, dtype: str) -> str:
    """Moments with an offset become times in UTC: DuckDB hands out the former with the help of pytz alone."""
    if dtype.startswith("ENUM("):  # which compares with no text that is none of its values
        return f"CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}"
    if dtype == "TIMESTAMP WITH TIME ZONE":
        return f"CAST({quoted(name)} AS TIMESTAMP) AS {quoted(name)}"
    return quoted(name)


def _code(copy: ir.Table, facts: Mapping[str, Facts], ask: Ask) -> Codes | None:
    """Give a copy a column of codes for each column of few texts."""
    schema, view = copy.schema(), copy.get_name()
    few = [name for name, found in facts.items() if schema[name].is_string() and 0 < found.distinct <= MOST_CODED]
    asked = few[:CODED_COLUMNS]
    texts = {name: found for name in asked if _can_be_listed(found := _texts_of(view, name, ask))}
    if not texts:
        return None
    codes = {name: f"{MARK}{name}" for name in texts}
    listed = (
        f"CAST({quoted(name)} AS ENUM({', '.join(map(literal, texts[name]))})) AS {quoted(code)}"
        for name, code in codes.items()
    )
    ask(f"CREATE OR REPLACE TABLE {quoted(view)} AS FROM {quoted(view)} SELECT *, {', '.join(listed)}")
    types = dict(schema.items()) | dict.fromkeys(codes.values(), dt.string)
    return Codes(ibis.table(ibis.schema(types), name=view), codes)


def _texts_of(view: str, name: str, ask: Ask) -> list[str]:
    column = quoted(name)
    distinct = f"FROM {quoted(view)} SELECT DISTINCT {column} AS text WHERE {column} IS NOT NULL"
    return [text for (text,) in ask(f"FROM ({distinct}) ORDER BY text LIMIT {MOST_CODED + 1}")]


def _can_be_listed(texts: list[str]) -> bool:
    return len(texts) <= MOST_CODED and all(len(each) <= LONGEST_CODED and "\0" not in each for each in texts)


def _rows(file: DataFile, view: str, small: bool, ask: Ask) -> int | None:
    if small or file.is_counted:  # from memory or the file's own count: both without a scan
        return int(ask(f"FROM {quoted(view)} SELECT count(*)")[0][0])
    return None


def _facts(view: str, schema: Mapping[str, dt.DataType], ask: Ask) -> dict[str, Facts]:
    names = list(schema)[:COLUMNS_WITH_FACTS]
    rows = min(FIRST_ROWS, FIRST_CELLS // max(1, len(schema)))
    facts: dict[str, Facts] = {}
    for start in range(0, len(names), COLUMNS_AT_ONCE):
        some = names[start : start + COLUMNS_AT_ONCE]
        first = f"FROM {quoted(view)} SELECT {', '.join(map(quoted, some))} LIMIT {rows}"
        wanted = ", ".join(part for name in some for part in _asked_of(name, schema[name]))
        answer = ask(f"FROM ({first}) SELECT count(*), {wanted}")[0]
        facts |= {name: _read_facts(answer, at) for name, at in zip(some, count(1, RESULTS), strict=False)}
    return facts


def _read_facts(answer: Row, at: int) -> Facts:
    known, distinct, low, high, texts = answer[at : at + RESULTS]
    return Facts(answer[0], known, distinct, low, high, tuple(dict.fromkeys(text for text in texts or () if text)))


def _asked_of(name: str, dtype: dt.DataType) -> tuple[str, ...]:
    column = quoted(name)
    # Counted in a list of hashes, as count(DISTINCT …) takes 2 MB for each column, however few its values are.
    distinct = f"coalesce(list_unique(list(CASE WHEN {column} IS NOT NULL THEN hash({column}) END)), 0)"
    if not dtype.is_numeric() or dtype.is_boolean():
        return f"count({column})", distinct, "NULL", "NULL", _texts(column) if dtype.is_string() else "NULL"
    number = f"CAST({column} AS DOUBLE)"
    finite = f"CASE WHEN isfinite({number}) THEN {number} END"  # FILTER would copy all columns for each of them
    return f"count({column})", distinct, f"min({finite})", f"max({finite})", "NULL"


def _texts(column: str) -> str:
    """The first text in order, the last and the longest: words would be among them, were there any beside numbers."""
    text = f"nullif(trim(left({column}, {LOOKED_AT})), '')"
    return f"[min({text}), max({text}), arg_max({text}, length({text}))]"
