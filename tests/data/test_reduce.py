"""A reduced line covers the same pixels as the line through all points, checked in numbers and not by looking."""

from itertools import pairwise
from math import floor

import duckdb
import ibis
import pytest

from portico.data.query import Values
from portico.data.reduce import points_of, reduced

COLUMNS = 1000
MANY = 10_000_000
FEW = 3_000  # with stretches of several pixels between two points

# Drawn line by line: both ends of each stretch between two points, and where it crosses from pixel column
# to pixel column. Written apart from what is tested, in the engine, since Python would take minutes for it.
DRAWN_IN_FULL = f"""
WITH placed AS (
    SELECT (x - low) / (high - low) * {COLUMNS} AS x, value
    FROM points, (SELECT min(x) AS low, max(x) AS high FROM points)
), stretches AS (
    SELECT lag(x) OVER along AS x0, lag(value) OVER along AS v0, x AS x1, value AS v1
    FROM placed WINDOW along AS (ORDER BY x)
), crossings AS (
    SELECT unnest(range(floor(x0)::BIGINT + 1, floor(x1)::BIGINT + 1)) AS edge, x0, v0, x1, v1
    FROM stretches WHERE floor(x0) < floor(x1)
), crossed AS (
    SELECT edge, v0 + (v1 - v0) * (edge - x0) / (x1 - x0) AS value FROM crossings
), covered AS (
    SELECT floor(x)::BIGINT AS place, value FROM placed
    UNION ALL SELECT edge, value FROM crossed
    UNION ALL SELECT edge - 1, value FROM crossed
)
SELECT least(place, {COLUMNS - 1}) AS place, min(value), max(value) FROM covered GROUP BY 1
"""


def drawn(points, low, high):
    """What a line through these points covers: the lowest and the highest value in each pixel column."""
    covered = {}

    def cover(place, value):
        place = min(place, COLUMNS - 1)
        lowest, highest = covered.get(place, (value, value))
        covered[place] = min(lowest, value), max(highest, value)

    placed = [((x - low) / (high - low) * COLUMNS, value) for x, value in points]
    for x, value in placed:
        cover(floor(x), value)
    for (x0, v0), (x1, v1) in pairwise(placed):
        for edge in range(floor(x0) + 1, floor(x1) + 1):
            value = v0 + (v1 - v0) * (edge - x0) / (x1 - x0)
            cover(edge, value)
            cover(edge - 1, value)
    return covered


@pytest.mark.parametrize(("count", "spread"), [(MANY, 1), (FEW, 97)])
def test_reduced_line_covers_what_the_whole_line_covers(count, spread):
    engine = duckdb.connect(config={"threads": 2, "memory_limit": "2GB"})
    engine.execute(f"""
        CREATE TABLE points AS
        SELECT 1.7e9 + i + hash(i) % {spread} / 100.0 AS x,
               sin(i / 100000.0) * 100 + hash(i * 7) % 10000 / 100.0 + (hash(i * 3) % 1000003 = 0)::INT * 5000 AS value
        FROM range({count}) numbers(i)
    """)
    points = ibis.table({"x": "float64", "value": "float64"}, name="points").mutate(part=ibis.literal(""))
    low, high = engine.execute("SELECT min(x), max(x) FROM points").fetchone()
    query = Values().query(reduced(points, *map(ibis.literal, (low, high, COLUMNS)), "duckdb"), "duckdb")
    (line,) = points_of(engine.execute(query.sql, query.values).fetchall()).values()
    assert len(line) <= 4 * COLUMNS
    whole = {place: (least, most) for place, least, most in engine.execute(DRAWN_IN_FULL).fetchall()}
    shown = drawn(line, low, high)
    assert shown.keys() == whole.keys() == set(range(COLUMNS))
    for place, (least, most) in whole.items():
        assert shown[place] == pytest.approx((least, most), rel=1e-9), place
