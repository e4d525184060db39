"""Tables of a PostgreSQL database, asked of a real server."""

import datetime as dt
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal

import ibis
import pytest

from portico.config.log_lines import OneLineFormatter
from portico.data.columns import Facts, Kind
from portico.data.engines.postgres.database import BATCH_ROWS, DatabaseCatalog
from portico.data.errors import Cancelled, DataError, NeededTooMuch, SourceAway, TableGone, TookTooLong, Unreadable
from portico.data.query import Query, Values
from portico.data.scheduler import Watch
from tests.database import IN_ADDRESS, PASSWORD, Server
from tests.processes import ROOT
from tests.tries import TRIES, seconds_of, takes_less_than

pytestmark = pytest.mark.containers

AT_ONCE = 4
SECONDS = 10
SLOW = Query("SELECT count(*) FROM generate_series(1, 1000000000)")
ODD_NAMES = [
    "select",
    'a"b',
    "'; drop table x; --",
    "\N{BAR CHART} chart",
    "100% of %s and %(p0)s",
    "%%",
    "UPPER Case",
    "with.dots",
    "back\\slash",
    "$p0 :p0 {0} ?",
]
HOSTILE = ["'; DROP TABLE shop; --", "%s", "%(p0)s", "100%", "\\", '"', "$1", "\N{BAR CHART}", "", "''", "x" * 10_000]


@pytest.fixture(scope="module")
def tables(server: Server) -> Server:
    """The tables that most tests read."""
    server.execute(
        "CREATE TABLE shop (town text, opened date, sales numeric(10, 2), year int, open boolean)",
        "INSERT INTO shop VALUES ('Rome', '1999-05-01', 12.50, 2001, true), ('Oslo', '2003-01-31', 7.25, 2005, false),"
        " ('Rome', NULL, NULL, 2001, NULL)",
        "CREATE TABLE many AS SELECT i, i % 7 AS k FROM generate_series(1, 60000) i",
        "CREATE TABLE secret (word text)",
        "REVOKE SELECT ON secret FROM reader",
    )
    return server


@pytest.fixture
def catalog(tables: Server) -> DatabaseCatalog:
    return catalog_of(tables)


def catalog_of(server: Server, seconds: float = SECONDS, role: str = "reader") -> DatabaseCatalog:
    return DatabaseCatalog(server.address(role), Watch(seconds, AT_ONCE))


def ask(catalog: DatabaseCatalog, expression: ibis.Table, values: Values | None = None) -> list[tuple]:
    return catalog.rows((values or Values()).query(expression, catalog.dialect))


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def connections(server: Server, role: str = "reader") -> list[tuple]:
    """The state and the statement of each connection that a role has."""
    found = f"SELECT state, query FROM pg_stat_activity WHERE usename = '{role}' ORDER BY pid"
    return [tuple(part.decode() if isinstance(part, bytes) else part for part in row) for row in server.execute(found)]


def wait_for(holds, within: float = 5) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def answers(catalog: DatabaseCatalog) -> bool:
    """Whether a catalog that has little time for a query answers one now."""
    with suppress(TookTooLong):
        return catalog.rows(Query("SELECT 4")) == [(4,)]
    return False


# --- what is there


def test_tables_and_views_of_every_schema_that_can_be_read_are_listed(tables: Server):
    tables.execute(
        "CREATE SCHEMA sales",
        "CREATE SCHEMA closed",
        "GRANT USAGE ON SCHEMA sales TO reader",
        "CREATE TABLE sales.order_lines (n int)",
        "CREATE TABLE sales.shop (n int)",
        "CREATE VIEW towns AS SELECT DISTINCT town FROM shop",
        "CREATE MATERIALIZED VIEW totals AS SELECT sum(sales) FROM shop",
        "CREATE MATERIALIZED VIEW unfilled AS SELECT 1 AS n WITH NO DATA",
        "CREATE TABLE days (day date) PARTITION BY RANGE (day)",
        "CREATE TABLE days_2020 PARTITION OF days FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
        "CREATE TABLE closed.shut (n int)",
    )
    listed = {each.name: each.title for each in catalog_of(tables).names()}
    assert listed.keys() >= {"shop", "towns", "totals", "days", "sales.order_lines", "sales.shop"}
    assert not listed.keys() & {"days_2020", "secret", "closed.shut", "unfilled"}
    assert not [name for name in listed if name.startswith(("pg_", "information_schema"))]
    assert listed["sales.order_lines"] == "Order lines (sales)"
    assert listed["shop"] == "Shop"
    assert len(ask(catalog_of(tables), catalog_of(tables).table("shop").relation)) == 3
    assert ask(catalog_of(tables), catalog_of(tables).table("sales.shop").relation) == []


def test_new_and_dropped_tables_are_noticed_within_seconds(tables: Server, catalog: DatabaseCatalog):
    assert "fleeting" not in {each.name for each in catalog.names()}
    tables.execute("CREATE TABLE fleeting AS SELECT 1 AS n")
    wait_for(lambda: "fleeting" in {each.name for each in catalog.names()})
    table = catalog.table("fleeting")
    tables.execute("ALTER TABLE fleeting ADD COLUMN more int")
    wait_for(lambda: "more" in catalog.table("fleeting").columns)
    tables.execute("DROP TABLE fleeting")
    with pytest.raises(TableGone):
        ask(catalog, table.relation)
    wait_for(lambda: "fleeting" not in {each.name for each in catalog.names()})
    with pytest.raises(TableGone):
        catalog.table("fleeting")


def test_table_tells_its_types_and_what_its_first_rows_hold(catalog: DatabaseCatalog):
    table = catalog.table("shop")
    assert (table.title, table.rows, table.changed) == ("Shop", 3, None)
    assert {name: (str(column.dtype), column.kind) for name, column in table.columns.items()} == {
        "town": ("string", Kind.CATEGORY),
        "opened": ("date", Kind.TIME),
        "sales": ("decimal", Kind.NUMBER),
        "year": ("int32", Kind.YEAR),
        "open": ("boolean", Kind.CATEGORY),
    }
    assert table.columns["town"].facts == Facts(3, 3, 2)
    assert table.columns["sales"].facts == Facts(3, 2, 2, 7.25, 12.5)
    assert table.columns["year"].facts == Facts(3, 3, 2, 2001, 2005)
    assert catalog.table("shop") is table


@pytest.fixture
def long_look(monkeypatch):
    """A first look that is not given up because the machine is busy: what it takes is another test's."""
    monkeypatch.setattr("portico.data.engines.postgres.database.FIRST_LOOK_S", SECONDS)


def test_only_the_first_rows_of_a_large_table_are_looked_at(catalog: DatabaseCatalog, long_look):
    table = catalog.table("many")
    assert table.columns["i"].facts == Facts(50_000, 50_000, 50_000, 1, 50_000)
    assert table.rows is None


def test_wide_table_is_described_without_facts_of_all_columns(tables: Server, long_look):
    columns = ", ".join(f"i AS c{number}" for number in range(1000))
    tables.execute(f"CREATE TABLE wide AS SELECT {columns} FROM generate_series(1, 2000) i")
    table = catalog_of(tables).table("wide")
    assert len(table.columns) == 1000
    assert table.columns["c0"].facts == Facts(1953, 1953, 1953, 1, 1953)
    assert table.columns["c999"].facts is None


def test_types_that_no_chart_is_drawn_of_do_not_break_a_table(tables: Server):
    tables.execute(
        "CREATE TYPE mood AS ENUM ('sad', 'ok')",
        "CREATE TYPE pair AS (a int, b text)",
        "CREATE DOMAIN positive AS int CHECK (value > 0)",
        "CREATE TABLE odd_types (j json, jb jsonb, p point, x xml, a int[], r int4range, c pair, b bytea, s interval,"
        " v tsvector, bits bit(3), cls regclass, scale numeric(5, -2), m mood, u uuid, i inet, d positive, mo money,"
        ' padded char(5), one "char", t time, tz timetz)',
        "INSERT INTO odd_types VALUES ('{}', '{}', '(1,2)', '<a/>', '{1,2}', '[1,2)', '(1,a)', '\\x00', '1 day', 'a',"
        " '101', 'pg_class', 1200, 'ok', '459ce435-c5e2-45bd-b367-5ae111f52cb0', '10.0.0.1', 3, 12.5, 'ab', 'x',"
        " '12:00', '12:00+02')",
    )
    catalog = catalog_of(tables)
    table = catalog.table("odd_types")
    others = {"j", "jb", "p", "x", "a", "r", "c", "b", "s", "v", "bits", "cls"}
    assert {column.name for column in table.of_kind(Kind.OTHER)} == others
    assert {column.name for column in table.of_kind(Kind.NUMBER)} == {"scale", "d", "mo"}
    values = Values()
    same = [table.relation[name] == values.bind(text) for name, text in {"m": "ok", "padded": "ab", "one": "x"}.items()]
    same.append(table.relation.u == values.bind("459ce435-c5e2-45bd-b367-5ae111f52cb0", "uuid"))
    same.append(table.relation.i == values.bind("10.0.0.1", "inet"))
    chosen = table.relation.filter(same).select("m", "padded", "mo", "d")
    assert ask(catalog, chosen, values) == [("ok", "ab", Decimal("12.50"), 3)]
    assert len(ask(catalog, table.relation)[0]) == len(table.columns)


def test_values_that_are_no_numbers_or_no_dates_of_python_are_left_out(tables: Server):
    tables.execute(
        "CREATE TABLE edges (n numeric, f double precision, d date, t timestamp, z timestamptz)",
        "INSERT INTO edges VALUES ('NaN', 'NaN', 'infinity', 'infinity', '-infinity'),"
        " ('Infinity', '-Infinity', '0044-03-15 BC', '0044-03-15 BC', '20000-01-01'),"
        " (1e400, 5, '2020-02-29', '2020-02-29 12:00', '2020-02-29 12:00+09'), (-2.5, 1, NULL, NULL, NULL)",
    )
    catalog = catalog_of(tables)
    table = catalog.table("edges")
    assert table.columns["n"].facts == Facts(4, 4, 4, -2.5, None)
    assert table.columns["f"].facts == Facts(4, 4, 4, 1, 5)
    at = dt.datetime(2020, 2, 29, 12, 0)
    there = dt.datetime(2020, 2, 29, 3, 0, tzinfo=dt.UTC)
    none = (None, None, None)
    assert ask(catalog, table.relation.select("d", "t", "z")) == [none, none, (at.date(), at, there), none]


def test_days_are_those_of_utc_whatever_the_server_is_set_to(catalog: DatabaseCatalog):
    assert catalog.rows(
        Query("SELECT current_setting('timezone'), '2020-01-01 23:30+00'::timestamptz::date::text")
    ) == [("UTC", "2020-01-01")]


def test_facts_that_take_long_are_done_without(tables: Server, monkeypatch):
    tables.execute("CREATE VIEW slow AS SELECT n, pg_sleep(0.1)::text AS s FROM generate_series(1, 1000) n")
    monkeypatch.setattr("portico.data.engines.postgres.database.FIRST_LOOK_S", 0.5)
    assert takes_less_than(3, lambda: catalog_of(tables).table("slow"))
    table = catalog_of(tables).table("slow")
    assert table.columns["n"].kind == Kind.NUMBER
    assert table.columns["n"].facts is None


def test_columns_that_a_role_may_not_read_are_not_there(tables: Server):
    tables.execute(
        "CREATE TABLE staff AS SELECT 'Ada' AS name, 100 AS pay",
        "REVOKE SELECT ON staff FROM reader",
        "GRANT SELECT (name) ON staff TO reader",
    )
    catalog = catalog_of(tables)
    table = catalog.table("staff")
    assert list(table.columns) == ["name"]
    assert ask(catalog, table.relation) == [("Ada",)]


# --- names and values


@pytest.mark.parametrize("name", ODD_NAMES)
def test_table_and_column_of_any_name_can_be_asked(tables: Server, name: str):
    tables.execute(
        f"DROP TABLE IF EXISTS {quoted(name)}",
        f"CREATE TABLE {quoted(name)} ({quoted(name)} text, n int)",
        f"INSERT INTO {quoted(name)} VALUES ('one', 1), ('two', 2)",
    )
    catalog = catalog_of(tables)
    table = catalog.table(name if "." not in name else f"public.{name}")
    assert table.columns[name].facts == Facts(2, 2, 2)
    values = Values()
    two = values.query(table.relation.filter(table.relation[name] == values.bind("two")), catalog.dialect)
    assert catalog.rows(two) == [("two", 2)]
    assert list(catalog.batches(two)) == [[("two", 2)]]
    assert ask(catalog, table.relation.select(name).order_by(name)) == [("one",), ("two",)]


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: repr(value)[:20])
def test_value_is_compared_and_nothing_else(catalog: DatabaseCatalog, value: str):
    values, shop = Values(), catalog.table("shop").relation
    assert ask(catalog, shop.filter(shop.town == values.bind(value)), values) == []
    echoed = Values()
    shown = shop.limit(1).select(value=echoed.bind(value).concat(""))
    assert ask(catalog, shown, echoed) == [(value,)]


@pytest.mark.parametrize("value", ["\0", "\ud800"])
def test_value_that_no_text_of_the_server_can_be_is_said(catalog: DatabaseCatalog, value: str):
    values, shop = Values(), catalog.table("shop").relation
    with pytest.raises(Unreadable):
        ask(catalog, shop.filter(shop.town == values.bind(value)), values)
    assert len(ask(catalog, shop)) == 3


def test_values_of_other_types_become_those_that_are_named(catalog: DatabaseCatalog):
    values, shop = Values(), catalog.table("shop").relation
    late = shop.opened >= values.bind(dt.date(2000, 1, 1), "date")
    cheap = shop.sales < values.bind("7.255", shop.sales.type())
    assert ask(catalog, shop.filter(late, cheap).select("town"), values) == [("Oslo",)]


# --- reading and nothing else


@pytest.mark.parametrize("role", ["reader", "postgres"])
def test_nothing_can_be_written(tables: Server, role: str):
    with pytest.raises(Unreadable):
        catalog_of(tables, role=role).rows(Query("INSERT INTO shop (town) VALUES ('Bonn') RETURNING town"))
    assert tables.execute("SELECT count(*) FROM shop") == [(3,)]


def test_table_without_permission_is_said_to_be_unreadable(catalog: DatabaseCatalog):
    with pytest.raises(Unreadable, match="does not let this site read"):
        catalog.rows(Query("SELECT * FROM secret"))
    with pytest.raises(TableGone):
        catalog.table("secret")


def test_schema_that_was_closed_meanwhile_is_unreadable(tables: Server):
    tables.execute(
        "CREATE SCHEMA open_today",
        "GRANT USAGE ON SCHEMA open_today TO reader",
        "CREATE TABLE open_today.visits AS SELECT 1 AS n",
    )
    catalog = catalog_of(tables)
    visits = catalog.table("open_today.visits").relation
    tables.execute("REVOKE USAGE ON SCHEMA open_today FROM reader")
    with pytest.raises(Unreadable):
        ask(catalog, visits)


def test_query_that_needs_too_much_disk_is_ended_alone(tables: Server):
    tables.execute("ALTER ROLE reader SET temp_file_limit = '1MB'", "ALTER ROLE reader SET work_mem = '64kB'")
    try:
        catalog = catalog_of(tables)
        with pytest.raises(NeededTooMuch):
            catalog.rows(Query("SELECT n FROM generate_series(1, 1000000) n ORDER BY md5(n::text) LIMIT 100000"))
        assert catalog.rows(Query("SELECT 1")) == [(1,)]
    finally:
        tables.execute("ALTER ROLE reader RESET ALL")


# --- batches


def test_all_rows_come_in_batches(catalog: DatabaseCatalog):
    many = catalog.table("many").relation
    sizes = [len(batch) for batch in catalog.batches(Values().query(many, "postgres"))]
    assert sizes == [BATCH_ROWS] * 12


def test_batches_that_nobody_takes_leave_nothing_open(tables: Server, catalog: DatabaseCatalog):
    batches = catalog.batches(Values().query(catalog.table("many").relation, "postgres"))
    next(batches)
    assert [state for state, _ in connections(tables)].count("idle in transaction") == 1
    batches.close()
    wait_for(lambda: "idle in transaction" not in [state for state, _ in connections(tables)])
    assert catalog.rows(Query("SELECT 1")) == [(1,)]


def test_failing_batches_leave_the_catalog_usable(catalog: DatabaseCatalog):
    with pytest.raises(Unreadable):
        list(catalog.batches(Query("SELECT 1 / (n - 5500) FROM generate_series(1, 6000) n")))
    assert catalog.rows(Query("SELECT 1")) == [(1,)]


def test_rows_in_batches_may_take_longer_than_a_chart(tables: Server):
    # Longer than a server gives a chart, which is two seconds more, and far less than it gives this.
    slow = Query("SELECT n, pg_sleep(0.005) FROM generate_series(1, 1000) n")
    assert [len(batch) for batch in catalog_of(tables, seconds=2).batches(slow)] == [1000]


def test_batches_are_stopped_at_their_own_limit(tables: Server):
    catalog = catalog_of(tables, seconds=0.1)
    with pytest.raises(TookTooLong):
        list(catalog.batches(SLOW))
    assert not runs_in(tables, SLOW)


# --- stopping


def runs_in(server: Server, query: Query) -> bool:
    return any(state == "active" and query.sql in text for state, text in connections(server))


def test_query_over_its_time_is_stopped_in_the_server(tables: Server):
    catalog = catalog_of(tables, seconds=0.5)

    def ask() -> None:
        with pytest.raises(TookTooLong, match=r"0\.5 seconds"):
            catalog.rows(SLOW)

    assert takes_less_than(2, ask)  # the server stops it too, later
    assert not runs_in(tables, SLOW)
    wait_for(lambda: answers(catalog))


def test_query_of_a_reader_who_left_is_stopped_in_the_server(tables: Server, monkeypatch):
    left = threading.Event()
    monkeypatch.setattr("portico.data.scheduler.reader_socket", lambda: "a socket")
    monkeypatch.setattr("portico.data.scheduler.has_left", lambda reader: left.is_set())
    with ThreadPoolExecutor() as threads:
        asking = threads.submit(catalog_of(tables, seconds=30).rows, SLOW)
        wait_for(lambda: runs_in(tables, SLOW))
        left.set()
        with pytest.raises(Cancelled):
            asking.result(timeout=5)
    assert not runs_in(tables, SLOW)


def test_server_stops_a_query_that_its_process_forgot(tables: Server):
    settings = Query("SELECT current_setting('statement_timeout'), current_setting('application_name')")
    assert catalog_of(tables, seconds=30).rows(settings) == [("32s", "portico")]


def test_time_limit_holds_while_the_server_is_frozen(tables: Server):
    """It takes connections, as a machine does whose disk hangs, and answers nothing: not even "stop"."""
    catalog = catalog_of(tables, seconds=0.5)

    def first() -> None:
        with pytest.raises(TookTooLong):
            catalog.rows(Query("SELECT 2"))

    def second() -> None:
        with pytest.raises((SourceAway, TookTooLong)):  # there is no connection, so that a fresh one is tried
            catalog.rows(Query("SELECT 3"))

    def seconds_while_frozen() -> tuple[float, float]:
        wait_for(lambda: answers(catalog))
        tables.docker("pause")
        try:
            return seconds_of(first), seconds_of(second)
        finally:
            tables.docker("unpause")

    assert any(waited < 5 and again < 5 for waited, again in (seconds_while_frozen() for _ in range(TRIES)))
    wait_for(lambda: answers(catalog))


# --- away, and back


def test_broken_connections_are_not_noticed(tables: Server, catalog: DatabaseCatalog):
    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(catalog.rows, [Query("SELECT pg_sleep(0.2)")] * AT_ONCE))
    for _ in range(2):
        tables.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
        assert catalog.rows(Query("SELECT 1")) == [(1,)]
    tables.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
    assert list(catalog.batches(Query("SELECT 1"))) == [[(1,)]]


def test_database_that_was_away_answers_the_next_question(tables: Server, catalog: DatabaseCatalog, caplog):
    fresh = catalog_of(tables)
    assert catalog.rows(Query("SELECT 1")) == [(1,)]
    tables.docker("stop")
    try:
        with caplog.at_level(logging.DEBUG, logger="portico.data"):
            for each in (catalog, fresh):
                with pytest.raises(SourceAway) as raised:
                    each.rows(Query("SELECT 'of the query'"))
                assert_tells_nothing(str(raised.value), tables)
                with pytest.raises(SourceAway):
                    each.names()
                with pytest.raises(SourceAway):
                    list(each.batches(Query("SELECT 1")))
        assert "refused" in caplog.text
        assert PASSWORD not in caplog.text
        assert IN_ADDRESS not in caplog.text
    finally:
        tables.docker("start")
        tables.wait_until_ready()
    for each in (catalog, fresh):
        assert each.rows(Query("SELECT 1")) == [(1,)]
        assert len(ask(each, each.table("shop").relation)) == 3


def assert_tells_nothing(text: str, server: Server) -> None:
    for word in (PASSWORD, IN_ADDRESS, "127.0.0.1", str(server.port), "reader", "SELECT", "of the query"):
        assert word not in text


@pytest.mark.parametrize("wrong", ["password", "database", "role"])
def test_address_that_is_not_let_in_is_said_without_what_is_in_it(tables: Server, wrong: str, caplog):
    right = tables.address()
    address = {
        "password": right.replace(IN_ADDRESS, "hunter2"),
        "database": right.replace("/postgres", "/nosuch"),
        "role": right.replace("reader", "nosuch"),
    }[wrong]
    with pytest.raises(SourceAway) as raised:
        DatabaseCatalog(address, Watch(SECONDS, AT_ONCE)).names()
    assert_tells_nothing(str(raised.value), tables)
    assert caplog.records
    assert "hunter2" not in caplog.text
    assert IN_ADDRESS not in caplog.text


def test_failure_tells_readers_nothing_of_the_query(catalog: DatabaseCatalog, tables: Server, caplog):
    for sql in ("SELECT nosuch FROM shop", "SELECT 1 / 0", "SELECT 'of the query'::int"):
        with pytest.raises(DataError) as raised:
            catalog.rows(Query(sql))
        assert_tells_nothing(str(raised.value), tables)
    assert len(caplog.records) == 3


SET_ALL = (
    "set_config('statement_timeout', '0', false)",
    "set_config('default_transaction_read_only', 'off', false)",
    "set_config('timezone', 'Asia/Tokyo', false)",
    "set_config('search_path', 'pg_catalog', false)",
    "set_config('role', 'pg_monitor', false)",
    "set_config('session_characteristics.x', '1', false)",
    "pg_advisory_lock(4711)::text",
)
SETTINGS_NOW = """
SELECT current_setting('statement_timeout'), current_setting('default_transaction_read_only'),
  current_setting('timezone'), current_setting('search_path'), current_user::text, session_user::text,
  current_setting('client_encoding'), coalesce(current_setting('session_characteristics.x', true), ''),
  (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')
"""


def test_what_a_view_sets_is_gone_at_the_next_question(tables: Server, catalog: DatabaseCatalog):
    setting = ", ".join(f"{each} AS c{place}" for place, each in enumerate(SET_ALL))
    tables.execute(
        "GRANT pg_monitor TO reader",
        f"CREATE OR REPLACE VIEW sets AS SELECT {setting}",
        "GRANT SELECT ON sets TO reader",
    )
    asked = Query("SELECT pg_backend_pid()")
    backend, before = catalog.rows(asked), catalog.rows(Query(SETTINGS_NOW))
    assert before[0][:3] == ("12s", "on", "UTC")
    assert len(catalog.rows(Query("SELECT * FROM sets"))) == 1
    assert catalog.rows(asked) == backend  # the same session
    assert catalog.rows(Query(SETTINGS_NOW)) == before
    assert sum(len(batch) for batch in catalog.batches(Query("SELECT * FROM sets"))) == 1
    with pytest.raises(DataError):  # it fails behind what it sets
        catalog.rows(Query("SELECT c0, c1, 1 / (SELECT 0) FROM sets"))
    assert catalog.rows(asked) == backend
    assert catalog.rows(Query(SETTINGS_NOW)) == before
    tables.execute("DROP VIEW sets")


@pytest.mark.parametrize("setting", ["statement_timeout", "idle_session_timeout", "transaction_timeout"])
def test_limit_of_a_millisecond_that_a_question_leaves_ends_no_other(tables: Server, setting: str):
    """The server may end the reset of the session, or the session while it rests."""
    catalog = DatabaseCatalog(tables.address(), Watch(SECONDS, 1))
    for number in range(20):
        assert catalog.rows(Query(f"SELECT set_config('{setting}', '1', false)")) == [("1ms",)]
        assert catalog.rows(Query(f"SELECT {number}, pg_sleep(0.01)::text")) == [(number, "")]


def test_error_of_the_database_is_one_line_of_the_log(tables: Server, catalog: DatabaseCatalog, caplog):
    tables.execute(
        "CREATE OR REPLACE FUNCTION forge() RETURNS int LANGUAGE plpgsql AS "
        """$$ BEGIN RAISE EXCEPTION E'first\\n{"status": 200}\\r{"status": 201}'; END $$"""
    )
    with pytest.raises(DataError):
        catalog.rows(Query("SELECT forge()"))
    (record,) = caplog.records
    assert '{"status": 200}' in record.getMessage()
    assert len(OneLineFormatter("%(message)s").format(record).splitlines()) == 1


# --- connections


def test_there_are_never_more_connections_than_queries_at_once(tables: Server, catalog: DatabaseCatalog):
    wait_for(lambda: drop_connections(tables) == 0)
    most, done = 0, threading.Event()

    def count() -> None:
        nonlocal most
        while not done.is_set():
            most = max(most, len(connections(tables)))

    with ThreadPoolExecutor(20) as threads:
        counting = threads.submit(count)
        answers = list(threads.map(lambda n: catalog.rows(Query("SELECT pg_sleep(0.01), %(n)s", {"n": n})), range(200)))
        done.set()
        counting.result()
    assert [rows[0][1] for rows in answers] == list(range(200))
    assert 1 <= most <= AT_ONCE


def drop_connections(server: Server) -> int:
    server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
    return len(connections(server))


def test_no_connection_crosses_a_fork(tables: Server, catalog: DatabaseCatalog):
    """Nor is one of the parent ended by the child, also one that was in use."""
    backend = Query("SELECT pg_backend_pid()")
    batches = catalog.batches(Query("SELECT pg_backend_pid() FROM generate_series(1, 20000)"))
    in_use = next(batches)[0]
    assert catalog.rows(backend) != [in_use]
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            signal.alarm(10)
            os.write(writing, str(catalog.rows(backend)[0][0]).encode())
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    of_child = int(os.read(reading, 20))
    os.close(reading)
    os.close(writing)
    assert of_child not in {in_use[0], catalog.rows(backend)[0][0]}
    assert sum(len(batch) for batch in batches) == 20000 - BATCH_ROWS


IN_A_PROCESS_OF_ITS_OWN = """
import sys
from portico.data.engines.postgres.database import DatabaseCatalog
from portico.data.query import Values
from portico.data.scheduler import Watch
from portico.config.log_lines import OneLineFormatter
catalog = DatabaseCatalog(sys.argv[1], Watch(10, 4))
catalog.rows(Values().query(catalog.table("shop").relation, catalog.dialect))
assert list(catalog.batches(Values().query(catalog.table("edges").relation, catalog.dialect)))
loaded = {"pandas", "numpy", "pyarrow", "ibis.backends.postgres"} & set(sys.modules)
assert not loaded, loaded
"""


def test_neither_pandas_nor_numpy_is_loaded(tables: Server):
    tables.execute("CREATE TABLE IF NOT EXISTS edges AS SELECT 1.5 AS n")
    subprocess.run([sys.executable, "-c", IN_A_PROCESS_OF_ITS_OWN, tables.address()], cwd=ROOT, check=True)
