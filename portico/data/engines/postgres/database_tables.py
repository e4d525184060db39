"""What PostgreSQL's catalogue and the first rows of a table say of it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir
from psycopg import sql

from portico.data.columns import Facts, readable_name

FIRST_ROWS = 50_000
FIRST_CELLS = 500_000  # a wide table is looked at in fewer rows
FIRST_COLUMNS = 256  # four results each stay below the 1,664 that a query may have

# Tables and views, materialised ones, partitioned and foreign ones; neither what an extension brought with it, nor
# partitions: https://www.postgresql.org/docs/current/catalog-pg-class.html
RELATIONS = """
SELECT c.oid, c.xmin::text, n.nspname, c.relname, pg_table_is_visible(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND NOT c.relispartition AND c.relispopulated
  AND n.nspname <> 'information_schema' AND left(n.nspname, 3) <> 'pg_'
  AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY NOT pg_table_is_visible(c.oid), n.nspname, c.relname
"""
# Of a domain, the type below it.
COLUMNS = """
SELECT a.attname, CASE WHEN t.typtype = 'e' THEN 'enum' ELSE t.typname END, has_column_privilege(a.attrelid, a.attnum, 'SELECT')
FROM pg_attribute a JOIN pg_type d ON d.oid = a.atttypid
JOIN pg_type t ON t.oid = CASE WHEN d.typtype = 'd' THEN d.typbasetype ELSE d.oid END
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
# By their names in pg_type, without length and precision: a reader's value is cast to the type of the column that it
# is compared with, and would be cut to these. What is not here is of no use to a chart.
TYPES: dict[str, dt.DataType] = {
    "bool": dt.boolean,
    "int2": dt.int16,
    "int4": dt.int32,
    "int8": dt.int64,
    "float4": dt.float32,
    "float8": dt.float64,
    "numeric": dt.decimal,
    "text": dt.string,
    "varchar": dt.string,
    "uuid": dt.uuid,
    "inet": dt.inet,
    "macaddr": dt.macaddr,
    "date": dt.date,
    "time": dt.time,
    "timestamp": dt.timestamp,
    "timestamptz": dt.Timestamp(timezone="UTC"),
}
# Types that compare with no value of another type, or not as they are shown: these are read as another one.
READ_AS: dict[str, dt.DataType] = {
    "bpchar": dt.string,
    "char": dt.string,
    "cidr": dt.string,
    "citext": dt.string,
    "enum": dt.string,
    "macaddr8": dt.string,
    "money": dt.decimal,
    "name": dt.string,
    "timetz": dt.string,
}


@dataclass(frozen=True)
class Relation:
    """A table or view as the database lists it.

    `version` is another one after each change of its definition.
    """

    oid: int
    version: str
    schema: str
    table: str
    visible: bool  # by its own name, without that of its schema

    @property
    def name(self) -> str:
        """Its name in addresses: `orders`, or `sales.orders` where the schema is needed."""
        return self.table if self.visible and "." not in self.table else f"{self.schema}.{self.table}"

    @property
    def title(self) -> str:
        title = readable_name(self.table)
        return title if self.visible else f"{title} ({self.schema})"


@dataclass(frozen=True)
class TypedColumn:
    """A column by its name in the table and that of its type in pg_type."""

    name: str
    type_name: str
    readable: bool

    @property
    def dtype(self) -> dt.DataType:
        return TYPES.get(self.type_name) or READ_AS.get(self.type_name) or dt.unknown


def ibis_table(relation: Relation, columns: Sequence[TypedColumn]) -> ir.Table:
    """Return the table in Ibis: its columns that can be read, with the types that they are read as."""
    types = {column.name: dt.unknown if column.type_name in READ_AS else column.dtype for column in columns}
    table = ibis.table(types, name=relation.table, database=relation.schema)
    return table.select([_as_read(table, column) for column in columns if column.readable])


def _as_read(table: ir.Table, column: TypedColumn) -> ir.Column:
    value = table[column.name]
    return value.cast(column.dtype).name(column.name) if column.type_name in READ_AS else value


@dataclass(frozen=True)
class FirstLook:
    """The question what the first rows of a table hold, and its answer.

    Types without equality (json, points) are not in it, for no chart is drawn of them.
    """

    relation: Relation
    columns: Sequence[TypedColumn]

    @classmethod
    def at(cls, relation: Relation, columns: Sequence[TypedColumn]) -> "FirstLook":
        return cls(relation, [column for column in columns if not column.dtype.is_unknown()][:FIRST_COLUMNS])

    @property
    def limit(self) -> int:
        """The rows that are looked at."""
        return min(FIRST_ROWS, FIRST_CELLS // max(1, len(self.columns)))

    def query(self) -> sql.Composed:
        """Write it in SQL: how many rows, then four results a column."""
        inner: list[sql.Composable] = [_plain(column, index) for index, column in enumerate(self.columns)] or [
            sql.SQL("1")
        ]
        outer: list[sql.Composable] = [
            sql.SQL("count(*)"),
            *(_results(column, index) for index, column in enumerate(self.columns)),
        ]
        return sql.SQL("SELECT {} FROM (SELECT {} FROM {} LIMIT {}) AS first").format(
            sql.SQL(", ").join(outer),
            sql.SQL(", ").join(inner),
            sql.Identifier(self.relation.schema, self.relation.table),
            sql.Literal(self.limit),
        )

    def facts(self, answer: Sequence[Any]) -> dict[str, Facts]:
        """Read the answer, by the columns' names."""
        rows, results = answer[0], answer[1:]
        return {
            column.name: Facts(rows, known, distinct, _finite(low), _finite(high))
            for column, known, distinct, low, high in zip(
                self.columns, results[::4], results[1::4], results[2::4], results[3::4], strict=True
            )
        }


def _plain(column: TypedColumn, index: int) -> sql.Composed:
    """The column in a form that is quickly compared; of a long text, the beginning."""
    name, alias = sql.Identifier(column.name), sql.Identifier(f"c{index}")
    if column.dtype.is_decimal():
        return sql.SQL("{}::numeric AS {}").format(name, alias)
    if column.dtype.is_numeric() or column.dtype.is_temporal():
        return sql.SQL("{} AS {}").format(name, alias)
    return sql.SQL('left({}::text, 200) COLLATE "C" AS {}').format(name, alias)


def _results(column: TypedColumn, index: int) -> sql.Composed:
    value = sql.Identifier(f"c{index}")
    known = sql.SQL("count({0}), count(DISTINCT {0}), ").format(value)
    if not column.dtype.is_numeric() or column.dtype.is_boolean():
        return known + sql.SQL("NULL, NULL")
    if column.dtype.is_integer():
        return known + sql.SQL("min({0}), max({0})").format(value)
    finite = sql.SQL("FILTER (WHERE {} NOT IN ('NaN', 'Infinity', '-Infinity'))").format(value)
    return known + sql.SQL("min({0}) {1}, max({0}) {1}").format(value, finite)


def _finite(number: Any) -> float | None:
    """A number as a float, None where it has none: `numeric` holds what no float does."""
    return float(number) if number is not None and math.isfinite(float(number)) else None
