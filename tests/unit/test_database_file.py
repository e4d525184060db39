"""A DuckDB database file: its tables and views as they are now, read and never written."""

import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from werkzeug.datastructures import MultiDict

from portico.charts.form import Form
from portico.config.errors import ConfigError
from portico.config.settings import Settings, read_settings
from portico.data.catalog import open_catalog
from portico.data.columns import Kind
from portico.data.engines.duckdb.database_file import DatabaseFileCatalog, refused
from portico.data.errors import DataError, SourceAway, TableGone, Unreadable
from portico.data.query import Query, Values
from portico.data.scheduler import Watch
from services.barchart.page import BarChart
from tests.processes import ROOT

SHOP = (
    "CREATE TYPE size AS ENUM ('small', 'large')",
    """CREATE TABLE orders AS SELECT i AS id, ['small', 'large'][1 + i % 2]::size AS size, 1.5 * i AS price,
    TIMESTAMPTZ '2024-01-01 00:00:00+00' + i * INTERVAL 1 DAY AS at FROM range(100) t(i)""",
    "CREATE VIEW totals AS SELECT size, sum(price) AS total FROM orders GROUP BY size",
    'CREATE SCHEMA "o\'dd"',
    'CREATE TABLE "o\'dd"."select a""b" AS SELECT 1 AS v',
)
WRITES = "import duckdb, sys; other = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"


def written(path, *statements):
    with duckdb.connect(str(path)) as other:
        for statement in statements:
            other.execute(statement)
    return path


@pytest.fixture
def shop(tmp_path):
    return written(tmp_path / "sh'op 1.duckdb", *SHOP)


@pytest.fixture
def catalog(shop):
    return DatabaseFileCatalog(shop, Watch(10, 4), "128MB")


@contextmanager
def another_program_writes(path):
    with subprocess.Popen(
        [sys.executable, "-c", WRITES, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        yield
        other.stdin.close()


def open_files():
    links = Path("/proc/self/fd").iterdir()
    return [str(each.readlink()) for each in links if each.is_symlink()]


def rows_of(catalog, name):
    return catalog.rows(Values().query(catalog.table(name).relation, catalog.dialect))


def test_tables_and_views_are_offered_those_of_other_schemas_with_its_name(catalog):
    assert {each.name: each.title for each in catalog.names()} == {
        "o'dd.select a\"b": "O'dd.select a\"b",
        "orders": "Orders",
        "totals": "Totals",
    }
    assert rows_of(catalog, "o'dd.select a\"b") == [(1,)]


def test_table_says_what_it_is(catalog):
    table = catalog.table("orders")
    kinds = {name: column.kind for name, column in table.columns.items()}
    assert kinds == {"id": Kind.NUMBER, "size": Kind.CATEGORY, "price": Kind.NUMBER, "at": Kind.TIME}
    assert (table.title, table.rows, table.changed is not None) == ("Orders", 100, True)
    assert catalog.table("totals").rows is None


def test_values_of_an_enumeration_are_texts_of_which_any_can_be_asked(catalog):
    chart = BarChart(catalog)
    for wanted, bars in (("large", ["large"]), ("none of them", [])):
        address = MultiDict({"table": "orders", "x": "size", "filter": "size", "in.size": wanted})
        drawn = chart.draw(chart.ask(Form(address)), 1000).figure
        assert [bar for trace in drawn["data"] for bar in trace["y"]] == bars


def test_file_that_is_replaced_is_seen_at_once(tmp_path, shop, catalog):
    assert len(rows_of(catalog, "orders")) == 100
    values = Values()
    wanted = catalog.table("orders").relation.filter(lambda table: table.id == values.bind(7, "int64"))
    before = values.query(wanted, catalog.dialect)
    assert len(catalog.rows(before)) == 1  # with a statement that stays prepared
    version = catalog.version()
    assert version
    assert catalog.version() == version
    written(tmp_path / "new", "CREATE TABLE orders AS SELECT 7 AS v").replace(shop)
    assert [each.name for each in catalog.names()] == ["orders"]
    assert rows_of(catalog, "orders") == [(7,)]
    assert catalog.version() not in ("", version)
    assert len([each for each in open_files() if each.startswith(str(shop))]) == 1  # not the one before
    with pytest.raises(Unreadable, match=r"orders changed while it was read\. Try again\."):
        catalog.rows(before)
    with pytest.raises(TableGone, match="There is no table totals now"):
        catalog.table("totals")


def test_tables_that_the_file_has_no_longer_are_let_go(tmp_path, shop, catalog):
    for name in ("orders", "totals"):
        catalog.table(name)
    written(tmp_path / "new", "CREATE TABLE orders AS SELECT 7 AS v").replace(shop)
    with catalog.turn():
        catalog.names()
        catalog.table("orders")
    readings = catalog._readings
    assert readings._versions.keys() == readings._opening.keys() == {"orders"}
    views = catalog._engines.of_all.rows("FROM duckdb_views() WHERE NOT internal")
    assert len(views) == len(readings._found) == 2  # the version before may be asked still


SIDE_EFFECTS = {
    "logging": "FROM enable_logging(storage='file', storage_config={'path': '/tmp/log'})",
    "quoted": """FROM "Enable_Logging"('QueryLog')""",
    "profiling": "SELECT (SELECT count(*) FROM enable_profiling())",
    "checkpoint": "FROM checkpoint()",
    "truncate": "FROM orders, truncate_duckdb_logs()",
    "hidden": "FROM query('FROM enable_lo' || 'gging()')",
    "by_macro": "FROM logs()",
    "by_view": "FROM quoted",
}
AROUND = "FROM range(3), generate_series(1, 2), (SELECT unnest([1])), (SELECT sum(price) AS enable_logging FROM orders)"
ASKED = """
import sys
from pathlib import Path
from portico.data.errors import DataError
from portico.data.engines.duckdb.database_file import DatabaseFileCatalog, refused
from portico.data.query import Values
from portico.data.scheduler import Watch

catalog = DatabaseFileCatalog(Path(sys.argv[1]), Watch(10, 4), "128MB")
for name in catalog.names():
    try:
        rows = catalog.rows(Values().query(catalog.table(name.name).relation, catalog.dialect))
        print(f"{name.name}: {len(rows)} rows")
    except DataError as error:
        print(f"{name.name}: {error}")
"""


def test_view_with_side_effects_is_an_error_and_the_others_answer(shop):
    views = [f"CREATE VIEW {name} AS {sql}" for name, sql in SIDE_EFFECTS.items()]
    macros = ["CREATE MACRO logs() AS TABLE FROM enable_logging('QueryLog')"]
    written(shop, *macros, *views, f"CREATE VIEW around AS {AROUND}")
    command = [sys.executable, "-c", ASKED, str(shop)]  # it ended the process that asked
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    answers = dict(line.split(": ", 1) for line in said)
    assert all(answers.pop(name).startswith(f"{name} is not shown: it uses ") for name in SIDE_EFFECTS)
    assert answers == {"around": "6 rows", "o'dd.select a\"b": "1 rows", "orders": "100 rows", "totals": "2 rows"}


def test_view_that_would_end_the_process_while_it_is_bound_is_known_by_its_text():
    calls = re.compile(r"\b(pandas_scan)\(")
    defined = [
        ("v", "CREATE VIEW v AS SELECT * FROM m()"),
        ("m", "SELECT * FROM pandas_scan(NULL)"),
        ("good", "SELECT 1"),
    ]
    assert refused(defined, calls) == {"v": "pandas_scan", "m": "pandas_scan"}


def test_file_is_not_written(shop, catalog):
    before = shop.read_bytes()
    alias = rows_of(catalog, "orders") and catalog.rows(Query("FROM duckdb_databases() SELECT database_name, readonly"))
    assert [readonly for name, readonly in alias if name.startswith("d") and "_" in name] == [True]
    assert shop.read_bytes() == before
    assert list(shop.parent.iterdir()) == [shop]


def test_whole_numbers_of_any_width_are_told_apart(shop):
    written(shop, f"CREATE TABLE wide AS SELECT {2**120}::HUGEINT + i % 3 AS id, 's' || i % 2 AS s FROM range(6) t(i)")
    chart = BarChart(DatabaseFileCatalog(shop, Watch(10, 4), "128MB"))

    def bars(**address):
        return chart.draw(chart.ask(Form(MultiDict({"table": "wide", **address}))), 1000).figure["data"]

    assert [bar["x"] for bar in bars(x="s", measure="id", aggregate="distinct")] == [[3, 3]]
    for aggregate in ("sum", "mean"):
        parts = bars(x="id", measure="id", aggregate=aggregate, split="s")
        assert [part["x"] for part in parts] == [[str(2**120 + i) for i in range(3)]] * 2


def test_view_reads_no_other_file(tmp_path, shop):
    (tmp_path / "secret.csv").write_text("a\n1\n")
    written(shop, f"CREATE VIEW leak AS FROM '{tmp_path / 'secret.csv'}'")
    catalog = DatabaseFileCatalog(shop, Watch(10, 4), "128MB")
    with pytest.raises(DataError, match=r"^leak [^/]*$"):
        catalog.table("leak")
    assert len(rows_of(catalog, "orders")) == 100


def test_view_of_what_is_gone_is_named_and_the_others_work(shop):
    written(shop, "CREATE TABLE other AS SELECT 1 AS a", "CREATE VIEW broken AS FROM other", "DROP TABLE other")
    catalog = DatabaseFileCatalog(shop, Watch(10, 4), "128MB")
    with pytest.raises(Unreadable, match=r"^broken asks for something that is not in sh'op 1\.duckdb"):
        catalog.table("broken")
    assert len(rows_of(catalog, "orders")) == 100


def test_file_that_another_program_writes_is_away_until_it_is_done(shop, catalog):
    with another_program_writes(shop), pytest.raises(SourceAway, match=r"^sh'op 1\.duckdb is being written") as caught:
        catalog.names()
    assert "/" not in str(caught.value)
    assert len(rows_of(catalog, "orders")) == 100


def test_file_that_goes_is_said_and_seen_when_it_comes_back(shop, catalog):
    assert len(rows_of(catalog, "orders")) == 100
    shop.rename(shop.with_name("away"))
    with pytest.raises(SourceAway, match=r"^sh'op 1.duckdb is not there now\.$"):
        catalog.names()
    shop.with_name("away").rename(shop)
    assert len(rows_of(catalog, "orders")) == 100


def test_file_that_becomes_no_database_is_said(shop, catalog):
    assert len(rows_of(catalog, "orders")) == 100
    (shop.parent / "junk").write_bytes(b"x" * 5000)
    (shop.parent / "junk").replace(shop)
    with pytest.raises(Unreadable, match=r"^sh'op 1.duckdb is not a DuckDB database\.$"):
        catalog.names()


def test_setting_names_a_database_file(registry, shop, monkeypatch):
    monkeypatch.chdir(shop.parent)
    for text in (f"duckdb://{shop}", f"duckdb://{shop.name}", f"DuckDB://{shop}"):
        data = read_settings(registry, {"PORTICO_DATA": text}).data
        assert data == f"duckdb://{shop}"
    catalog = open_catalog(Settings(shop.parent, (), data=data))
    assert [each.name for each in catalog.names()] == ["o'dd.select a\"b", "orders", "totals"]


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("missing.duckdb", "cannot be read: No such file"),
        ("", "cannot be read: it is not a regular file"),
        ("text.duckdb", "is not a DuckDB database"),
        ("empty.duckdb", "is not a DuckDB database"),
    ],
)
def test_setting_that_names_no_database_file_stops_the_start(registry, tmp_path, name, problem):
    (tmp_path / "text.duckdb").write_text("a,b\n1,2\n" * 100)
    (tmp_path / "empty.duckdb").touch()
    with pytest.raises(ConfigError, match=rf"environment: PORTICO_DATA = \(not shown.*\): the file {problem}"):
        read_settings(registry, {"PORTICO_DATA": f"duckdb://{tmp_path / name}"})
