"""Queries: an Ibis expression as SQL with the reader's values beside it, never in it."""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

# Stands for a value while Ibis writes SQL. Nobody outside can know it, so no name in a table can look like it.
MARK = f"portico:{secrets.token_hex(8)}:"
MARKED = re.compile(rf"'{MARK}(\d+)'")
# How a parameter is written, by the dialect of the engine: https://duckdb.org/docs/stable/sql/query_syntax/prepared_statements,
# https://www.psycopg.org/psycopg3/docs/basic/params.html
PLACEHOLDERS: dict[str, Callable[[str], str]] = {
    "duckdb": lambda number: f"$p{number}",
    "postgres": lambda number: f"%(p{number})s",
}


@dataclass(frozen=True)
class Query:
    """SQL and the values of its parameters by name."""

    sql: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass
class Values:
    """The values of one query, each bound once."""

    bound: list[Any] = field(default_factory=list)

    def bind(self, value: Any, dtype: dt.DataType | str = "string") -> ir.Scalar:
        """Return what stands for a value in an expression; it becomes the type that is named."""
        self.bound.append(value)
        return ibis.literal(f"{MARK}{len(self.bound) - 1}").cast(dtype)

    def query(self, expression: ir.Table, dialect: str) -> Query:
        """Write an expression in an engine's SQL."""
        sql = str(ibis.to_sql(expression, dialect=dialect, pretty=False))
        if dialect == "postgres":
            sql = sql.replace("%", "%%")  # psycopg's own mark
        used = {f"p{number}": self.bound[int(number)] for number in MARKED.findall(sql)}
        return Query(MARKED.sub(lambda found: PLACEHOLDERS[dialect](found[1]), sql), used)
