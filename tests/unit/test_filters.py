"""Filters: what their bounds mean, and which rows they let through."""

import duckdb
import ibis
import ibis.expr.datatypes as dt
import pytest

from portico.data.columns import describe
from portico.data.questions.filters import Filter, filter_values, filtered

WHEN = describe("ts", dt.timestamp, None)


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
    assert Filter(WHEN, high=written).bounds() == (None, last)


@pytest.mark.parametrize("engine_type", ["DOUBLE", "FLOAT", "DECIMAL(9, 2)"])
@pytest.mark.parametrize(
    ("bounds", "found"),
    [({"low": "1000"}, [2000]), ({"high": "1000"}, [5]), ({"low": "5", "high": "2000"}, [5, 2000])],
)
def test_number_that_is_not_finite_is_within_no_bounds(engine_type, bounds, found):
    relation = ibis.table({"v": "decimal(9, 2)" if "DEC" in engine_type else "float64"}, name="t")
    wanted = [Filter(describe("v", relation.schema()["v"], None), **bounds)]
    query = filter_values(wanted).query(filtered(relation, wanted), "duckdb")
    strange = "" if "DEC" in engine_type else ", ('nan'), ('inf'), ('-inf')"
    with duckdb.connect() as engine:
        engine.execute(f"CREATE TABLE t (v {engine_type})")
        engine.execute(f"INSERT INTO t VALUES (5), (2000), (NULL){strange}")
        assert [value for (value,) in engine.execute(query.sql, query.values).fetchall()] == found
