"""The engine: asked from threads and after a fork, closed to all but its folders, and light."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import duckdb
import pytest

from portico.data.engines.duckdb.duckdb_engine import DuckDBEngine
from portico.data.errors import NeededTooMuch
from portico.data.scheduler import Watch
from tests.processes import ROOT

AROUND_A_FORK = """
import os, signal, threading
from portico.data.engines.duckdb.folder import FolderCatalog
from portico.data.query import Values
from portico.data.scheduler import Watch
catalog = FolderCatalog(None, Watch(10, 4), "128MB")
table = catalog.table("gapminder").relation
count = Values().query(table.agg(rows=table.count()), "duckdb")
answers = [catalog.rows(count)]
child = os.fork()
signal.alarm(15)  # ends either of the two: what waits for the parent's threads waits for ever
asking = threading.Thread(target=lambda: answers.append(catalog.rows(count)))  # as a server's threads do
asking.start()
asking.join()
assert answers == [[(1704,)]] * 2
if child:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""

HEAVY = ("numpy", "pandas", "pyarrow", "pytz")
LIGHT = f"""
import sys
from datetime import datetime
from pathlib import Path
from portico.data.engines.duckdb.folder import FolderCatalog
from portico.data.query import Values
from portico.data.scheduler import Watch
catalog = FolderCatalog(Path(sys.argv[1]), Watch(10, 4), "128MB")
for name in catalog.names():
    table, values = catalog.table(name.name), Values()
    chosen = table.relation.filter(table.relation[0].cast("string") != values.bind("x"))
    assert catalog.rows(values.query(chosen, "duckdb"))
    assert list(catalog.batches(values.query(chosen, "duckdb")))
assert not {{*sys.modules}} & {{*{HEAVY!r}}}, {{*sys.modules}} & {{*{HEAVY!r}}}
"""


@pytest.fixture
def asked(tmp_path):
    return DuckDBEngine([tmp_path], Watch(10, 4), "128MB")


def test_engine_answers_with_plain_rows(asked):
    assert asked.rows("FROM range(2)") == [(0,), (1,)]


def test_rows_come_in_batches(asked):
    sizes = [len(batch) for batch in asked.batches("FROM range(5000)")]
    assert sum(sizes) == 5000
    assert len(sizes) > 1


@pytest.mark.parametrize(
    "value",
    [
        "",
        "x",
        "'; DROP TABLE x; --",
        '"',
        "\\'",
        "a\0b",
        "😀 é",
        "$p0",
        "%s",
        "x" * 100_000,
        None,
        True,
        -7,
        2**63 - 1,
        -(2**63) - 1,
        2**70,
        datetime(1, 1, 1, 0, 0, 0, 1),
        datetime(9999, 12, 31, 23, 59, 59, 999999),
        0.1,
    ],
)
def test_value_comes_back_as_it_was_given(asked, value):
    [(back,)] = asked.rows("SELECT $p0", {"p0": value})
    assert back == value
    assert type(back) is type(value)


def test_values_that_are_listed_come_back(asked):
    assert asked.rows("SELECT $p0, $p1", {"p1": [1, 2], "p0": ["a", "'"]}) == [(["a", "'"], [1, 2])]


def test_threads_that_ask_at_once_all_get_their_answer(asked):
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda number: asked.rows("SELECT $p0", {"p0": number}), range(100)))
    assert answers == [[(number,)] for number in range(100)]


@pytest.mark.parametrize("change", ["CREATE TABLE other (a BIGINT)", "DROP TABLE IF EXISTS other"])
def test_what_was_prepared_before_the_tables_changed_is_prepared_anew(asked, change):
    prepared = "SELECT count(*) FROM duckdb_prepared_statements()"
    asked.rows("SELECT $p0", {"p0": 1})
    assert asked.rows(prepared) == [(1,)]
    asked.rows(change)
    assert asked.rows(prepared) == [(0,)]


def test_failed_query_leaves_the_engine_usable(asked):
    with pytest.raises(duckdb.CatalogException):
        asked.rows("FROM missing")
    assert asked.rows("SELECT 1") == [(1,)]


def test_query_above_the_limit_of_memory_fails_alone(asked):
    with pytest.raises(
        NeededTooMuch, match=r"needs more memory .* Whoever runs this site can allow more \(PORTICO_QUERY_MEMORY\)\."
    ):
        asked.rows(
            "SELECT max(x) FROM (SELECT repeat(range::VARCHAR, 20) AS x FROM range(10000000) ORDER BY x LIMIT 5000000)"
        )
    assert asked.rows("SELECT 1") == [(1,)]


def test_query_above_the_limit_of_memory_spills_where_it_may(tmp_path):
    spilling = DuckDBEngine([], Watch(60, 4), "64MB", spill=tmp_path / "spill")
    rows = spilling.rows("SELECT count(*) FROM (SELECT DISTINCT repeat(range::VARCHAR, 9) FROM range(1000000))")
    assert rows == [(1_000_000,)]


@pytest.mark.parametrize(
    "statement",
    [
        "FROM read_csv('{outside}')",
        "FROM read_csv('{folder}/../outside.csv')",
        "FROM read_text('/etc/passwd')",
        "FROM 'https://127.0.0.1:1/a.csv'",
        "COPY (SELECT 1) TO '{outside}'",
        "ATTACH '{outside}'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET threads = 4",
        "SET enable_external_access = true",
        "SET TimeZone = 'CET'",
        "SET lock_configuration = false",
    ],
)
def test_what_lies_outside_the_folder_is_closed(tmp_path, statement):
    folder, outside = tmp_path / "folder", tmp_path / "outside.csv"
    folder.mkdir()
    outside.write_text("a\n1\n")
    closed = DuckDBEngine([folder], Watch(10, 4), "128MB")
    with pytest.raises((duckdb.PermissionException, duckdb.InvalidInputException)):
        closed.rows(statement.format(folder=folder, outside=outside))


def test_what_is_created_is_forgotten_when_it_is_closed(tmp_path):
    forgotten = []
    closing = DuckDBEngine([tmp_path], Watch(10, 4), "128MB", lambda: forgotten.append(True))
    closing.rows("CREATE TABLE a AS SELECT 1")
    closing.close()
    assert forgotten == [True]
    with pytest.raises(duckdb.CatalogException):
        closing.rows("FROM a")


def test_query_works_in_parent_and_child_of_a_fork_and_both_end():
    subprocess.run([sys.executable, "-c", AROUND_A_FORK], cwd=ROOT, check=True)


def test_answers_need_neither_pandas_nor_arrow(tmp_path):
    (tmp_path / "a.csv").write_text("a,b,t\n1,2020-01-01,2020-01-01T00:00:00+02:00\n")
    (tmp_path / "b.json").write_text('[{"a": 1.5, "b": ["x"], "c": {"d": null}}]')
    with duckdb.connect() as other:
        other.execute(f"COPY (SELECT 1 AS a, now() AS b, 1::HUGEINT AS c) TO '{tmp_path}/c.parquet'")
    subprocess.run([sys.executable, "-c", LIGHT, str(tmp_path)], cwd=ROOT, check=True)
