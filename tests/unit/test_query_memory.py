"""Large queries run alone, spill to disk, are stopped before memory runs out, and are not repeated after they killed a process."""

import fcntl
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from portico.config.errors import ConfigError
from portico.data import process_memory
from portico.data import scheduler as running
from portico.data.engines.duckdb.duckdb_engine import DuckDBEngine
from portico.data.engines.duckdb.folder import FolderCatalog
from portico.data.errors import Busy, NeededTooMuch
from portico.data.killer_queries import REFUSED_FOR_S, SUFFIX, marked
from portico.data.query import Query
from portico.data.scheduler import Watch
from portico.data.spill import LEFT_FOR_S, prepare_spill
from tests.processes import ROOT

LIMIT_S = 30
ENDLESS = "SELECT count(*) FROM range(10000000) a, range(10000000) b WHERE a.range + b.range = -1"

DIES_OF_A_QUERY = """
import os, sys
from pathlib import Path
from portico.data.killer_queries import marked
with marked(Path(sys.argv[1]), "SELECT 1") as may_run:
    assert may_run
    os.kill(os.getpid(), 9)
"""


def test_large_queries_run_one_after_another_beside_small_ones():
    watch, running_now, most = Watch(LIMIT_S, 4), [], []
    entered, go_on = threading.Event(), threading.Event()

    def large(number):
        with watch.turn():
            watch.run_alone()
            running_now.append(number)
            most.append(len(running_now))
            entered.set()
            assert go_on.wait(LIMIT_S)
            running_now.remove(number)

    with ThreadPoolExecutor(4) as threads:
        done = [threads.submit(large, number) for number in range(4)]
        assert entered.wait(LIMIT_S)
        with watch.turn():  # those who wait for the large turn hold no other
            pass
        go_on.set()
        for each in done:
            each.result(LIMIT_S)
    assert most == [1, 1, 1, 1]


def test_wait_for_the_large_turn_counts_as_waiting_and_ends():
    watch = Watch(LIMIT_S, 4, waits=0.2)
    with watch.turn():
        watch.run_alone()
        with ThreadPoolExecutor(1) as other, pytest.raises(Busy):
            other.submit(lambda: run_alone(watch)).result(LIMIT_S)
    run_alone(watch)  # both turns were given back


def run_alone(watch: Watch) -> None:
    with watch.turn():
        watch.run_alone()


def test_large_query_is_stopped_when_memory_is_short_and_a_small_one_goes_on(monkeypatch):
    watch = Watch(LIMIT_S, 4)
    engine = DuckDBEngine([], watch, "128MB")
    small_began, small_may_end = threading.Event(), threading.Event()

    def small():
        with watch.running(lambda: None):
            small_began.set()
            assert small_may_end.wait(LIMIT_S)
            return "answered"

    with ThreadPoolExecutor(1) as other:
        answer = other.submit(small)
        assert small_began.wait(LIMIT_S)
        with watch.turn():
            watch.run_alone()
            monkeypatch.setattr(running, "is_short_of_memory", lambda: True)
            with pytest.raises(NeededTooMuch, match="Ask for less"):
                engine.rows(ENDLESS)
            monkeypatch.setattr(running, "is_short_of_memory", lambda: False)
        small_may_end.set()
        assert answer.result(LIMIT_S) == "answered"
    assert engine.rows("SELECT 1") == [(1,)]


@pytest.mark.parametrize(
    ("limit", "used", "short"),
    [
        ("536870912", 400, False),
        ("536870912", 450, True),
        ("268435456", 190, False),
        ("268435456", 210, True),
        ("max", 9999, False),
    ],
)
@pytest.mark.parametrize("row", ["anon", "total_rss"])
def test_memory_is_short_near_the_limit_of_the_container(tmp_path, monkeypatch, row, limit, used, short):
    (tmp_path / "limit").write_text(f"{limit}\n")
    (tmp_path / "statistics").write_text(f"file 999999999999\n{row} {used * 2**20}\n")
    cgroup = process_memory.Cgroup(tmp_path / "limit", tmp_path / "statistics", row)
    monkeypatch.setattr(process_memory, "CGROUPS", (cgroup,))
    process_memory._limited.cache_clear()
    try:
        assert process_memory.is_short_of_memory() is short
    finally:
        process_memory._limited.cache_clear()


def test_query_that_a_process_died_of_is_refused_by_every_replica_for_a_while(tmp_path):
    died = subprocess.run([sys.executable, "-c", DIES_OF_A_QUERY, str(tmp_path)], cwd=ROOT, check=False)
    assert died.returncode == -9
    with marked(tmp_path, "SELECT 1") as may_run:
        assert not may_run
    with marked(tmp_path, "SELECT 2") as may_run:
        assert may_run
    (left,) = tmp_path.glob(f"*{SUFFIX}")
    os.utime(left, (0, time.time() - REFUSED_FOR_S - 1))
    with marked(tmp_path, "SELECT 1") as may_run:
        assert may_run
    assert not [*tmp_path.iterdir()]


def test_query_that_fails_or_runs_twice_at_once_may_run_again(tmp_path):
    def fails():
        with marked(tmp_path, "SELECT 1") as first, marked(tmp_path, "SELECT 1") as second:
            assert (first, second) == (True, True)
            raise NeededTooMuch

    with pytest.raises(NeededTooMuch):
        fails()
    with marked(tmp_path, "SELECT 1") as may_run:
        assert may_run


def test_catalog_refuses_a_large_query_that_another_replica_died_of(tmp_path):
    data, spill = tmp_path / "data", tmp_path / "spill"
    data.mkdir()
    spill.mkdir()
    writes = "import duckdb, sys; duckdb.sql(f\"COPY (SELECT range AS n FROM range(600000)) TO '{sys.argv[1]}' (FORMAT parquet)\")"
    subprocess.run([sys.executable, "-c", writes, str(data / "large.parquet")], check=True)
    sums = [asked(data, spill) for _ in range(2)]
    assert sums == [[(600_000,)], [(600_000,)]]
    subprocess.run([sys.executable, "-c", DIES_IN_THE_CATALOG, str(data), str(spill)], cwd=ROOT, check=False)
    with pytest.raises(NeededTooMuch):
        asked(data, spill)


def asked(data, spill):
    catalog = FolderCatalog(data, Watch(LIMIT_S, 4), "128MB", spill)
    view = catalog.table("large.parquet").relation.get_name()
    return catalog.rows(Query(f"SELECT count(*) FROM {view}"))


DIES_IN_THE_CATALOG = """
import os, sys
from pathlib import Path
from portico.data.engines.duckdb.duckdb_engine import DuckDBEngine
from portico.data.engines.duckdb.folder import FolderCatalog
from portico.data.query import Query
from portico.data.scheduler import Watch
catalog = FolderCatalog(Path(sys.argv[1]), Watch(30, 4), "128MB", Path(sys.argv[2]))
view = catalog.table("large.parquet").relation.get_name()
DuckDBEngine.rows = lambda *_: os.kill(os.getpid(), 9)
catalog.rows(Query(f"SELECT count(*) FROM {view}"))
"""


def test_two_processes_spill_into_folders_of_their_own(tmp_path):
    spills = "SELECT count(*) FROM (SELECT DISTINCT repeat(range::VARCHAR, 9) FROM range(1000000))"
    engine = DuckDBEngine([], Watch(60, 4), "64MB", spill=tmp_path)
    assert engine.rows(spills) == [(1_000_000,)]
    assert [folder.name.endswith(f"-{os.getpid()}") for folder in tmp_path.iterdir()] == [True]


def test_spill_folder_loses_what_killed_processes_left_long_ago(tmp_path):
    old, new = tmp_path / "gone-7" / "block.tmp", tmp_path / "here-8" / "block.tmp"
    for file in (old, new):
        file.parent.mkdir()
        file.touch()
    os.utime(old, (0, time.time() - LEFT_FOR_S - 1))
    assert prepare_spill(tmp_path) == tmp_path
    assert not old.exists()
    assert new.exists()


def test_spill_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"environment: PORTICO_SPILL = '.*/file/spill': must be a folder that"):
        prepare_spill(tmp_path / "file" / "spill")


def test_spill_folder_of_a_process_that_runs_stays_however_old(tmp_path):
    mine = tmp_path / "spill" / "host-7"
    mine.mkdir(parents=True)
    os.utime(mine, (0, 0))
    prepare_spill(tmp_path / "spill")
    assert mine.is_dir()


def test_file_that_goes_while_the_spill_folder_is_prepared_stops_no_start(tmp_path, monkeypatch):
    gone = [tmp_path / f"of-another{SUFFIX}"]
    monkeypatch.setattr("pathlib.Path.iterdir", lambda _folder: iter(gone))
    monkeypatch.setattr("pathlib.Path.rglob", lambda _folder, _pattern: iter(gone))
    assert prepare_spill(tmp_path) == tmp_path


def test_query_that_ends_as_another_asks_for_it_is_not_taken_for_a_killer(tmp_path, monkeypatch):
    lock = fcntl.flock
    first = marked(tmp_path, "SELECT 1")
    assert first.__enter__()

    def after_the_first_ends(*arguments):
        first.__exit__(None, None, None)  # between opening the file and asking for its lock
        lock(*arguments)

    monkeypatch.setattr(fcntl, "flock", after_the_first_ends)
    with marked(tmp_path, "SELECT 1") as may_run:
        assert may_run


def test_query_runs_where_it_cannot_be_marked(tmp_path):
    with marked(tmp_path / "gone", "SELECT 1") as may_run:
        assert may_run
