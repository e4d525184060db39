"""Filters: what their bounds mean, and which rows they let through."""

from datetime import datetime

import duckdb
import ibis
import ibis.expr.datatypes as dt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.data.columns import describe
from portico.data.engines.duckdb.duckdb_engine import Session
from portico.data.queries.filters import EMPTY, NONE, Filter, filter_values, filtered

WHEN = describe("ts", dt.timestamp, None)
NAME, SIZE = describe("name", dt.string, None), describe("size", dt.int64, None)
BOUNDS = st.sampled_from(["", "1", "2", "3.5"])
ROWS = [
    ("a", 1, datetime(2020, 1, 1)),
    ("b", 2, datetime(2020, 1, 2)),
    (None, 3, datetime(2020, 1, 3)),
    ("", 4, datetime(2020, 1, 4)),
]
TABLE = "SELECT *, ts::TIMESTAMP_NS AS nano FROM (VALUES {}) AS t(name, size, ts)".format(
    ", ".join(
        f"({'NULL' if name is None else repr(name)}, {size}::BIGINT, TIMESTAMP '{ts}')" for name, size, ts in ROWS
    )
)


@pytest.fixture(scope="module")
def rows():
    """An engine with a table of these rows."""
    with duckdb.connect() as engine:
        engine.execute(f"CREATE TABLE t AS {TABLE}")
        yield engine


@pytest.mark.parametrize(
    ("written", "last"),
    [
        ("2020-01-01", "2020-01-01T23:59:59.999999"),
        ("2020-01-01T00:00:00", "2020-01-01T00:00:00"),
        ("2020-01-01 00:00", "2020-01-01T00:00:00"),
        ("9999-12-31", "9999-12-31T00:00:00"),
    ],
)
def test_day_as_a_last_bound_is_the_whole_day_and_a_time_is_itself(written, last):
    assert Filter(WHEN, high=written).bounds() == (None, datetime.fromisoformat(last))


@pytest.mark.parametrize("in_memory", [False, True])
@pytest.mark.parametrize("engine_type", ["DOUBLE", "FLOAT", "DECIMAL(9, 2)"])
@pytest.mark.parametrize(
    ("bounds", "found"),
    [({"low": "1000"}, [2000]), ({"high": "1000"}, [5]), ({"low": "5", "high": "2000"}, [5, 2000])],
)
def test_number_that_is_not_finite_is_within_no_bounds(engine_type, bounds, found, in_memory):
    relation = ibis.table({"v": "decimal(9, 2)" if "DEC" in engine_type else "float64"}, name="t")
    wanted = [Filter(describe("v", relation.schema()["v"], None), **bounds)]
    query = filter_values(wanted).query(filtered(relation, wanted, in_memory=in_memory), "duckdb")
    strange = "" if "DEC" in engine_type else ", ('nan'), ('inf'), ('-inf')"
    with duckdb.connect() as engine:
        engine.execute(f"CREATE TABLE t (v {engine_type})")
        engine.execute(f"INSERT INTO t VALUES (5), (2000), (NULL){strange}")
        assert [value for (value,) in engine.execute(query.sql, query.values).fetchall()] == found


@given(
    chosen=st.sets(st.sampled_from(["a", "b", NONE, EMPTY])),
    low=BOUNDS,
    high=BOUNDS,
    since=st.sampled_from(["", "2020-01-02"]),
)
def test_rows_are_the_same_where_the_plan_is_kept(rows, chosen, low, high, since):
    wanted = [
        Filter(NAME, values=tuple(sorted(chosen))),
        Filter(SIZE, low=low, high=high),
        Filter(WHEN, low=since),
    ]
    found = [asked(rows, wanted, in_memory=in_memory) for in_memory in (False, True)]
    assert found[0] == found[1] == [row for row in ROWS if _fits(row, chosen, low, high, since)]


def asked(engine, wanted, **options):
    query = query_of(wanted, **options)
    return engine.execute(query.sql, query.values).fetchall()


def query_of(wanted, **options):
    relation = ibis.table({"name": "string", "size": "int64", "ts": "timestamp", "nano": "timestamp(9)"}, name="t")
    rows = filtered(relation, wanted, **options).select("name", "size", "ts").order_by("size")
    return filter_values(wanted).query(rows, "duckdb")


def _fits(row, chosen, low, high, since):
    name, size, moment = row
    seen = NONE if name is None else name or EMPTY
    within = (not low or size >= float(low)) and (not high or size <= float(high))
    return (not chosen or seen in chosen) and within and (not since or moment >= datetime.fromisoformat(since))


@pytest.mark.parametrize(
    ("first", "then", "is_kept"),
    [
        (Filter(SIZE, low="1"), Filter(SIZE, low="2"), True),
        (Filter(WHEN, low="2020-01-01"), Filter(WHEN, low="2020-01-02"), True),
        (Filter(NAME, values=("a",)), Filter(NAME, values=("b",)), False),
    ],
)
def test_engine_keeps_its_plan_for_bounds(first, then, is_kept):
    sql = f"SELECT size FROM ({query_of([first], in_memory=True).sql}) ORDER BY size"
    with duckdb.connect() as engine:
        engine.execute(f"CREATE TABLE t AS {TABLE}")
        engine.execute("INSERT INTO t SELECT 'b', 9, '2021-01-01', '2021-01-01'")
        session = Session(engine)
        session.executed(sql, query_of([first], in_memory=True).values).fetchall()
        engine.execute("SET default_order = 'desc'")  # which is read when a plan is made
        sizes = session.executed(sql, query_of([then], in_memory=True).values).fetchall()
    assert len(sizes) > 1
    assert (sizes == sorted(sizes)) == is_kept


@pytest.mark.parametrize("in_memory", [False, True])
def test_bound_may_lie_beyond_what_nanoseconds_say(rows, in_memory):
    wanted = [Filter(describe("nano", dt.Timestamp(scale=9), None), low="0001-01-01", high="9999-01-01")]
    assert asked(rows, wanted, in_memory=in_memory) == ROWS
