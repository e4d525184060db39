"""Queries: an Ibis expression as SQL with the reader's values beside it, never in it.

An expression holds marks where values belong, so that its SQL is the same for every value: it is written
once for all questions of one shape, which saves most of the time that a small question takes.
"""

import re
import secrets
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

PLANS = 512  # query shapes whose SQL is cached
# Stands for a value while Ibis writes SQL. Nobody outside can know it, so no name in a table can look like it.
MARK = f"portico:{secrets.token_hex(8)}:"
MARKED = re.compile(rf"'{MARK}(\w+)'")
# How a parameter is written, by the dialect of the engine: https://duckdb.org/docs/stable/sql/query_syntax/prepared_statements,
# https://www.psycopg.org/psycopg3/docs/basic/params.html
PLACEHOLDERS: dict[str, Callable[[str], str]] = {
    "duckdb": lambda name: f"${name}",
    "postgres": lambda name: f"%({name})s",
}


@dataclass(frozen=True)
class Query:
    """SQL and the values of its parameters by name."""

    sql: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Template:
    """SQL with the names of its parameters."""

    sql: str
    names: tuple[str, ...]

    def query(self, values: "Values") -> Query:
        """Put values beside the SQL."""
        return Query(self.sql, {name: values.bound[name] for name in self.names})


@dataclass
class Values:
    """The parameter values of a query by name."""

    bound: dict[str, Any] = field(default_factory=dict)

    def bind(self, value: Any, dtype: dt.DataType | str = "string") -> ir.Scalar:
        """Return what stands for a value in an expression; it becomes the type that is named."""
        name = f"b{len(self.bound)}"
        self.bound[name] = value
        return mark(name, dtype)

    def query(self, expression: ir.Table, dialect: str) -> Query:
        """Write an expression in an engine's SQL."""
        return write(expression, dialect).query(self)


class Plan:
    """The SQL of all steps of one query shape; each is compiled when it is first needed."""

    def __init__(self) -> None:
        self._steps: dict[Hashable, Template] = {}

    def query(self, step: Hashable, build: Callable[[], ir.Table], values: Values, dialect: str) -> Query:
        """The query of a step.

        Args:
            step: names it, with everything on which its expression depends beside the question's shape.
            build: makes the expression, with marks that `values` has values for.
        """
        template = self._steps.get(step)
        if template is None:
            template = self._steps[step] = write(build(), dialect)
        return template.query(values)


@lru_cache(maxsize=PLANS)
def plan_of(shape: Hashable) -> Plan:  # noqa: ARG001 - the key under which it is kept
    """The plan of a shape, the same at each call for as long as it is kept."""
    return Plan()


def mark(name: str, dtype: dt.DataType | str = "string") -> ir.Scalar:
    """What stands for a named value in an expression; it becomes the type that is named."""
    return ibis.literal(f"{MARK}{name}").cast(dtype)


def write(expression: ir.Table, dialect: str) -> Template:
    """Write an expression in an engine's SQL."""
    sql = str(ibis.to_sql(expression, dialect=dialect, pretty=False))
    if dialect == "postgres":
        sql = sql.replace("%", "%%")  # psycopg's own mark
    names = dict.fromkeys(MARKED.findall(sql))
    return Template(MARKED.sub(lambda found: PLACEHOLDERS[dialect](found[1]), sql), tuple(names))
