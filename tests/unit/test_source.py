"""The engine behind the charts: asked from threads, and after a fork."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import duckdb
import ibis
import pytest

from portico.data.source import Source
from tests.processes import ROOT

NUMBERS = ibis.table({"n": "int64"}, name="numbers")
TOTAL = NUMBERS.agg(total=NUMBERS.n.sum())
FORK_LIMIT_S = 15  # a query or an end that waits for the parent's threads waits for ever

AROUND_A_FORK = f"""
import os, signal, threading
from portico.data.gapminder import TABLE, sample
count = TABLE.agg(rows=TABLE.count())
answers = [sample().rows(count)]
child = os.fork()
signal.alarm({FORK_LIMIT_S})  # ends either of the two
asking = threading.Thread(target=lambda: answers.append(sample().rows(count)))  # as a server's threads do
asking.start()
asking.join()
assert answers == [[(1704,)]] * 2
if child:
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
"""


def numbered(loads):
    def load(connection):
        loads.append(connection)
        connection.execute("CREATE TABLE numbers AS SELECT range AS n FROM range(1000)")

    return Source(load)


def test_source_answers_with_plain_rows():
    assert numbered([]).rows(NUMBERS.order_by("n").limit(2)) == [(0,), (1,)]


def test_source_is_opened_at_its_first_query_and_once():
    loads = []
    source = numbered(loads)
    assert loads == []
    source.rows(TOTAL)
    source.rows(TOTAL)
    assert len(loads) == 1


def test_threads_that_ask_at_once_all_get_their_answer():
    loads = []
    source = numbered(loads)
    with ThreadPoolExecutor(16) as threads:
        answers = list(threads.map(lambda limit: source.rows(NUMBERS.order_by("n").limit(limit)), range(100)))
    assert [len(rows) for rows in answers] == list(range(100))
    assert len(loads) == 1


def test_failed_query_leaves_the_source_usable():
    source = numbered([])
    with pytest.raises(duckdb.CatalogException):
        source.rows(ibis.table({"n": "int64"}, name="missing"))
    assert source.rows(TOTAL) == [(499500,)]


def test_query_works_in_parent_and_child_of_a_fork_and_both_end():
    subprocess.run([sys.executable, "-c", AROUND_A_FORK], cwd=ROOT, check=True)
