"""A reduced line covers the same pixels as the line through all points, checked in numbers and not by looking."""

import os
from itertools import pairwise
from math import floor

import duckdb
import ibis
import pytest

from portico.data.engines.duckdb.duckdb_engine import NO_VALUES
from portico.data.engines.duckdb.folder import FolderCatalog
from portico.data.errors import Unreadable
from portico.data.queries.lines import EACH, LineQuestion, find_lines, line_data
from portico.data.queries.reduce import points_of, reduced
from portico.data.query import Values
from portico.data.scheduler import Watch

COLUMNS = 1000
MANY = 10_000_000
FEW = 3_000  # with stretches of several pixels between two points

# Drawn line by line: both ends of each stretch between two points, and where it crosses from pixel column
# to pixel column. Written apart from what is tested, in the engine, since Python would take minutes for it.
DRAWN_IN_FULL = f"""
WITH placed AS (
    SELECT (x - $low) / ($high - $low) * {COLUMNS} AS x, value FROM points
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
    covers_the_same(engine, line, low, high)
    assert drawn(line, low, high).keys() == set(range(COLUMNS))


def covers_the_same(engine, line, low, high):
    """Check that a line covers in each pixel column what the line through all of `points` does."""
    found = engine.execute(DRAWN_IN_FULL, {"low": low, "high": high}).fetchall()
    whole = {place: (least, most) for place, least, most in found}
    shown = drawn(line, low, high)
    assert shown.keys() == whole.keys()
    for place, ends in whole.items():
        assert shown[place] == pytest.approx(ends, rel=1e-9), place


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A catalog with a table of ten million measurements, and an engine of its own that has its points."""
    folder = tmp_path_factory.mktemp("large")
    engine = duckdb.connect(config={"threads": 2, "memory_limit": "3GB"})
    engine.execute(f"""
        COPY (
            SELECT TIMESTAMP '2024-01-01 00:00:07.5' + to_milliseconds(i * 1000 + hash(i) % 700) AS "at",
                   sin(i / 100000.0) * 100 + hash(i * 7) % 10000 / 100.0 + (hash(i * 3) % 1000003 = 0)::INT * 5000 AS value
            FROM range({MANY}) numbers(i)
        ) TO '{folder / "large.parquet"}' (FORMAT parquet)
    """)
    engine.execute(f"CREATE VIEW points AS SELECT epoch(\"at\") AS x, value FROM '{folder / 'large.parquet'}'")
    yield FolderCatalog(folder, Watch(60, 4), "128MB"), engine
    engine.close()


def ask(catalog, **more):
    table = catalog.table("large.parquet")
    question = LineQuestion(table, table.columns["at"], table.columns["value"], **more)
    return find_lines(catalog, question, COLUMNS)


def test_line_of_an_overview_covers_what_the_whole_line_covers(large):
    catalog, engine = large
    found = ask(catalog, aggregate=EACH)
    assert found.columns == COLUMNS
    assert len(found.points[""]) <= 4 * COLUMNS
    covers_the_same(engine, found.points[""], found.low, found.high)
    last = engine.execute("SELECT max(x) FROM points").fetchone()[0]
    assert found.low < last < found.high < last + 0.02 * (last - found.low)  # little room stays empty


@pytest.mark.parametrize("aggregate", ["sum", "mean", "min", "max", "count"])
@pytest.mark.parametrize("grain", ["hour", "week", "month"])
def test_calendar_of_an_overview_is_that_of_all_rows(large, aggregate, grain):
    catalog, engine = large
    wanted = engine.execute(f"""
        SELECT epoch(date_trunc('{grain}', make_timestamp((x * 1000000)::BIGINT))), {aggregate.replace("mean", "avg")}(value)
        FROM points GROUP BY 1 ORDER BY 1
    """).fetchall()
    points = ask(catalog, aggregate=aggregate, grain=grain).points[""]
    assert [x for x, _ in points] == [x for x, _ in wanted]
    assert [value for _, value in points] == pytest.approx([value for _, value in wanted], rel=1e-9)


def test_overview_that_was_let_go_is_made_anew(tmp_path):
    names = "abcde"  # more than are kept
    columns = ", ".join(f"i * {place + 1}::DOUBLE AS {name}" for place, name in enumerate(names))
    duckdb.execute(f"""
        COPY (SELECT TIMESTAMP '2024-01-01' + to_seconds(i) AS "at", {columns} FROM range({MANY // 10}) numbers(i))
        TO '{tmp_path / "large.parquet"}' (FORMAT parquet)
    """)
    catalog = FolderCatalog(tmp_path, Watch(60, 4), "128MB")
    table = catalog.table("large.parquet")
    for place, name in [*enumerate(names), *enumerate(names)]:
        for asked in ({"aggregate": "max", "grain": "day"}, {"aggregate": EACH}):
            question = LineQuestion(table, table.columns["at"], table.columns[name], **asked)
            (points,) = find_lines(catalog, question, COLUMNS).points.values()
            assert points[-1][1] == (MANY // 10 - 1) * (place + 1)


def test_overview_is_of_the_file_as_it_is_now(tmp_path):
    file, catalog = tmp_path / "large.parquet", FolderCatalog(tmp_path, Watch(60, 4), "128MB")
    for factor in (1, 3):
        duckdb.execute(f"""
            COPY (SELECT TIMESTAMP '2024-01-01' + to_seconds(i) AS "at", i * {factor}::DOUBLE AS value
                  FROM range({MANY // 10}) numbers(i)) TO '{file}' (FORMAT parquet)
        """)
        points = ask(catalog, aggregate="max", grain="day").points[""]
        assert points[-1][1] == (MANY // 10 - 1) * factor


def test_overview_of_a_file_that_changes_meanwhile_is_not_left_behind(tmp_path, monkeypatch):
    file, catalog = tmp_path / "large.parquet", FolderCatalog(tmp_path, Watch(60, 4), "128MB")
    duckdb.execute(f"""
        COPY (SELECT TIMESTAMP '2024-01-01' + to_seconds(i) AS "at", i::DOUBLE AS value
              FROM range({MANY // 10}) numbers(i)) TO '{file}' (FORMAT parquet)
    """)
    rows = catalog._engines.of_all.rows

    def rows_and_a_change(sql, values=NO_VALUES):
        answer = rows(sql, values)
        if sql.startswith("CREATE TABLE"):
            os.utime(file)
        return answer

    monkeypatch.setattr(catalog._engines.of_all, "rows", rows_and_a_change)
    for _ in range(4):
        table = catalog.table("large.parquet")
        with pytest.raises(Unreadable, match="changed"):
            catalog.overview(table, table.columns["at"], table.columns["value"])
    assert rows("SELECT count(*) FROM duckdb_tables()") == [(0,)]
    assert not catalog._overviews._making


def test_every_point_of_a_large_line_is_streamed_with_the_usual_memory(tmp_path):
    rows, catalog = 3_000_000, FolderCatalog(tmp_path, Watch(60, 4), "128MB")
    duckdb.execute(f"""
        COPY (SELECT TIMESTAMP '2024-01-01' + to_seconds(i) AS "at", i::DOUBLE AS value
              FROM range({rows}) numbers(i)) TO '{tmp_path}/large.parquet' (FORMAT parquet)
    """)
    table = catalog.table("large.parquet")
    columns = table.columns
    question = LineQuestion(table, columns["at"], columns["value"], aggregate=EACH)
    taken, values = line_data(catalog, question)
    assert sum(len(batch) for batch in catalog.batches(values.query(taken, catalog.dialect))) == rows
