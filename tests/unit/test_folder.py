"""The catalog over a folder: files are tables, as they are now, described by who owns them."""

import gzip
import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import duckdb
import pytest

from portico.config.settings import Settings
from portico.data.catalog import open_catalog
from portico.data.columns import Kind
from portico.data.engines.duckdb import data_files
from portico.data.engines.duckdb import folder as folder_module
from portico.data.engines.duckdb.data_files import file_at
from portico.data.engines.duckdb.duckdb_engine import NO_VALUES, DuckDBEngine
from portico.data.engines.duckdb.file_formats import select
from portico.data.engines.duckdb.folder import FolderCatalog
from portico.data.engines.duckdb.reading import is_tiny
from portico.data.errors import DataError, NeededTooMuch, TableGone, Unreadable
from portico.data.query import Query, Values
from portico.data.sample import SAMPLE_COLUMNS
from portico.data.scheduler import Watch


@pytest.fixture
def catalog(tmp_path):
    return FolderCatalog(tmp_path, Watch(10, 4), "128MB")


def write(folder, name, text="a,b\n1,x\n2,y\n"):
    (folder / name).write_text(text, encoding="utf-8")


def rows_of(catalog, table):
    return catalog.rows(Values().query(table.relation, catalog.dialect))


def tables_in_engines(catalog):
    """The tables that the engines of a catalog have."""
    engines = {catalog._engines.of_all, catalog._engines.of_tiny}
    return [row for engine in engines for row in engine.rows("FROM duckdb_tables()")]


def titles(catalog):
    return {each.name: each.title for each in catalog.names()}


def test_files_are_tables_by_title(tmp_path, catalog):
    for name in ("order_lines.csv", "B.TSV", "a.parquet", "c.ndjson.gz", "notes.txt", "sales.csv.toml"):
        write(tmp_path, name)
    assert list(titles(catalog).items()) == [
        ("a.parquet", "A"),
        ("B.TSV", "B"),
        ("c.ndjson.gz", "C"),
        ("order_lines.csv", "Order lines"),
    ]


@pytest.mark.parametrize("kind", ["fifo", "zeros", "outside", "folder", "large", "loop"])
def test_description_that_is_no_plain_file_of_the_folder_is_said_of_its_table_alone(tmp_path, kind):
    folder, beside = tmp_path / "data", tmp_path / "secret.toml"
    folder.mkdir()
    beside.write_text('title = "Secret"')
    for name in ("bad.csv", "good.csv"):
        write(folder, name)
    sidecar = folder / "bad.csv.toml"
    make, said = {
        "fifo": (lambda: os.mkfifo(sidecar), "it is not a regular file"),
        "zeros": (lambda: sidecar.symlink_to("/dev/zero"), "it is not a regular file"),
        "outside": (lambda: sidecar.symlink_to(beside), "it is a link to a place outside the data folder"),
        "folder": (sidecar.mkdir, "it is not a regular file"),
        "large": (lambda: write(folder, sidecar.name, "#" * (256 * 1024 + 1)), "a description may have 256 KB"),
        "loop": (lambda: sidecar.symlink_to(sidecar), "symbolic links"),
    }[kind]
    make()
    catalog = FolderCatalog(folder, Watch(10, 4), "128MB")
    assert titles(catalog) == {"bad.csv": "Bad", "good.csv": "Good"}
    assert catalog.version()
    with pytest.raises(Unreadable, match=rf"bad\.csv\.toml .*{said}"):
        catalog.table("bad.csv")
    assert rows_of(catalog, catalog.table("good.csv")) == [(1, "x"), (2, "y")]


def test_description_may_be_a_link_within_the_folder(tmp_path, catalog):
    write(tmp_path, "a.csv")
    (tmp_path / "of").mkdir()
    write(tmp_path / "of", "a", 'title = "Linked"')
    (tmp_path / "a.csv.toml").symlink_to("of/a")
    assert titles(catalog) == {"a.csv": "Linked"}


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.json"])
def test_table_that_becomes_a_fifo_is_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    file = data_files.DataFile(tmp_path / name, (0, 10, 0, 0, 0))
    with pytest.raises(OSError, match="it is not a regular file"):
        select(file, True, lambda _: [], lambda: None)


def test_tables_of_one_title_are_told_apart(tmp_path, catalog):
    write(tmp_path, "sales.csv")
    write(tmp_path, "sales.tsv")
    assert titles(catalog) == {"sales.csv": "Sales (sales.csv)", "sales.tsv": "Sales (sales.tsv)"}


def test_table_says_what_it_is(tmp_path, catalog):
    write(tmp_path, "sales.csv", "day,price,shop\n2020-01-01,1.5,x\n2020-01-02,,y\n")
    table = catalog.table("sales.csv")
    assert (table.name, table.title, table.rows) == ("sales.csv", "Sales", 2)
    assert {name: column.kind for name, column in table.columns.items()} == {
        "day": Kind.TIME,
        "price": Kind.NUMBER,
        "shop": Kind.CATEGORY,
    }
    facts = table.columns["price"].facts
    assert (facts.rows, facts.known, facts.distinct, facts.low, facts.high) == (2, 1, 1, 1.5, 1.5)
    assert table.changed.timestamp() == pytest.approx((tmp_path / "sales.csv").stat().st_mtime)


def test_rows_of_a_large_text_are_not_counted(tmp_path, catalog):
    write(tmp_path, "large.csv", "a,b\n" + f"1,{'x' * 1000}\n" * 9000)
    assert catalog.table("large.csv").rows is None


def test_rows_of_parquet_are_its_own_count(tmp_path, catalog):
    with duckdb.connect() as other:
        other.execute(f"COPY (FROM range(60000)) TO '{tmp_path}/a.parquet'")
    table = catalog.table("a.parquet")
    assert (table.rows, table.columns["range"].facts.rows) == (60_000, 50_000)


# The sample.


@pytest.mark.parametrize("place", [None, "empty"])
def test_without_tables_there_is_the_sample(tmp_path, place):
    catalog = FolderCatalog(tmp_path if place else None, Watch(10, 4), "128MB")
    assert titles(catalog) == {"gapminder": "Gapminder"}
    table = catalog.table("gapminder")
    assert tuple(table.columns) == SAMPLE_COLUMNS
    assert (table.rows, len(rows_of(catalog, table))) == (1704, 1704)
    column = table.columns["gdpPercap"]
    assert (column.label, column.unit, column.weight, column.level) == ("GDP per person", "int. $ of 2005", "pop", True)
    assert table.columns["pop"].title() == "Population (persons)"
    assert table.columns["year"].kind is Kind.YEAR
    assert table.views["linechart"]["x"] == ("year",)
    assert table.views["barchart"]["range.year"] == ("2007", "2007")


def test_sample_gives_way_to_tables_and_comes_back(tmp_path, catalog):
    catalog.table("gapminder")
    write(tmp_path, "mine.csv")
    assert titles(catalog) == {"mine.csv": "Mine"}
    with pytest.raises(TableGone):
        catalog.table("gapminder")
    (tmp_path / "mine.csv").unlink()
    assert catalog.table("gapminder").title == "Gapminder"


def test_sample_of_the_readers_is_described_too(tmp_path, catalog):
    write(tmp_path, "gapminder.csv", ",".join(SAMPLE_COLUMNS) + ",more\nA,B,1952,1,2,3,4\n")
    table = catalog.table("gapminder.csv")
    assert table.columns["pop"].label == "Population"
    assert "barchart" in table.views


def test_other_table_of_that_name_is_not_described(tmp_path, catalog):
    write(tmp_path, "gapminder.csv", "pop\n1\n")
    assert catalog.table("gapminder.csv").columns["pop"].label == "Pop"


def test_file_is_opened_by_one_who_has_a_turn_already(tmp_path):
    """Else those who hold all turns would wait for one who opens the file and needs a turn for it."""
    catalog = FolderCatalog(tmp_path, Watch(20, 1), "128MB")
    write(tmp_path, "a.csv", "a\n" + "1\n" * 100_000)

    def ask(number):
        with catalog.turn() if number % 2 else nullcontext():
            return list(catalog.batches(Values().query(catalog.table("a.csv").relation.limit(1), catalog.dialect)))

    begun = time.monotonic()
    for _ in range(5):
        os.utime(tmp_path / "a.csv")
        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(ask, range(4))) == [[[(1,)]]] * 4
    assert time.monotonic() - begun < 15


# Files that change.


def test_file_that_comes_changes_and_goes_is_seen(tmp_path, catalog):
    write(tmp_path, "other.csv")
    write(tmp_path, "turn.csv", "a\n1\n")
    assert rows_of(catalog, catalog.table("turn.csv")) == [(1,)]
    write(tmp_path, "turn.csv", "b\n2\n3\n")
    table = catalog.table("turn.csv")
    assert (list(table.columns), rows_of(catalog, table)) == (["b"], [(2,), (3,)])
    (tmp_path / "turn.csv").unlink()
    assert "turn.csv" not in titles(catalog)
    with pytest.raises(TableGone, match=r"turn\.csv"):
        catalog.table("turn.csv")


def looks_of(looked_at, monkeypatch):
    """A list that grows by each look through a folder, and not by those of other threads through others."""
    looks, scandir = [], os.scandir

    def counted(folder):
        if folder == looked_at:
            looks.append(folder)
        return scandir(folder)

    monkeypatch.setattr(data_files.os, "scandir", counted)
    return looks


def test_folder_is_looked_through_again_when_something_came_or_went(tmp_path, catalog, monkeypatch):
    monkeypatch.setattr(data_files, "SETTLED_NS", 0)
    monkeypatch.setattr(data_files, "LISTED_S", 3600)
    looks = looks_of(tmp_path, monkeypatch)
    write(tmp_path, "a.csv")
    for _ in range(3):
        assert list(titles(catalog)) == ["a.csv"]
    assert len(looks) == 1
    let_its_time_go_on()
    write(tmp_path, "b.csv")
    assert list(titles(catalog)) == ["a.csv", "b.csv"]
    let_its_time_go_on()
    (tmp_path / "a.csv").unlink()
    assert list(titles(catalog)) == ["b.csv"]
    let_its_time_go_on()
    (tmp_path / "b.csv").rename(tmp_path / "c.csv")
    write(tmp_path, "c.csv.toml", 'title = "See"')
    assert titles(catalog) == {"c.csv": "See"}
    looks.clear()
    write(tmp_path, "c.csv.toml", 'title = "Other"')
    assert titles(catalog) == {"c.csv": "Other"}
    assert looks == []


def let_its_time_go_on():
    """Until what changes next bears another time: a kernel tells it in steps of some milliseconds."""
    time.sleep(0.02)


@pytest.mark.parametrize("settings", [{}, {"SETTLED_NS": 0, "LISTED_S": 0}], ids=["changed just now", "does not tell"])
def test_folder_that_may_have_changed_unseen_is_looked_through_again(tmp_path, catalog, monkeypatch, settings):
    for name, value in settings.items():
        monkeypatch.setattr(data_files, name, value)
    looks = looks_of(tmp_path, monkeypatch)
    write(tmp_path, "a.csv")
    for _ in range(3):
        titles(catalog)
    assert len(looks) == 3


def test_folder_with_links_is_looked_through_each_time(tmp_path, monkeypatch):
    monkeypatch.setattr(data_files, "SETTLED_NS", 0)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "here").mkdir()
    catalog = FolderCatalog(tmp_path / "here", Watch(10, 4), "128MB")
    write(tmp_path / "elsewhere", "a.csv")
    write(tmp_path / "elsewhere", "b.csv")
    for name in ("a.csv", "b.csv"):
        (tmp_path / "here" / name).symlink_to(tmp_path / "elsewhere" / name)
    assert list(titles(catalog)) == ["a.csv", "b.csv"]
    (tmp_path / "elsewhere" / "a.csv").unlink()
    assert list(titles(catalog)) == ["b.csv"]


def test_file_of_the_same_size_and_time_is_seen_as_another(tmp_path, catalog):
    write(tmp_path, "turn.csv", "a\n1\n")
    before = (tmp_path / "turn.csv").stat()
    assert rows_of(catalog, catalog.table("turn.csv")) == [(1,)]
    write(tmp_path, "new", "a\n2\n")
    os.utime(tmp_path / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
    (tmp_path / "new").rename(tmp_path / "turn.csv")
    assert rows_of(catalog, catalog.table("turn.csv")) == [(2,)]


def test_broken_file_that_is_mended_is_read(tmp_path, catalog):
    write(tmp_path, "a.json", "[")
    with pytest.raises(Unreadable):
        catalog.table("a.json")
    write(tmp_path, "a.json", '[{"a": 1}]')
    assert rows_of(catalog, catalog.table("a.json")) == [(1,)]


def test_file_is_read_once_for_each_version(tmp_path, catalog):
    write(tmp_path, "a.csv")
    assert catalog.table("a.csv") is catalog.table("a.csv")
    with ThreadPoolExecutor(8) as threads:
        tables = list(threads.map(lambda _: catalog.table("a.csv"), range(50)))
    assert len({id(table) for table in tables}) == 1


def test_old_versions_are_let_go(tmp_path, catalog):
    for number in range(10):
        write(tmp_path, "a.csv", f"a\n{number}\n")
        catalog.table("a.csv")
    assert len(tables_in_engines(catalog)) == 2


def test_what_was_read_of_a_file_that_is_gone_is_let_go(tmp_path, catalog):
    write(tmp_path, "stays.csv")
    catalog.table("stays.csv")
    for number in range(10):
        name = f"export-{number}.csv"
        write(tmp_path, name)
        write(tmp_path, f"{name}.toml", 'title = "Export"')
        write(tmp_path, "broken.json", "[")
        with catalog.turn():
            assert len(catalog.names()) == 3
            catalog.table(name)
            with pytest.raises(Unreadable):
                catalog.table("broken.json")
        for each in (name, f"{name}.toml", "broken.json"):
            (tmp_path / each).unlink()
    with catalog.turn():
        assert [each.name for each in catalog.names()] == ["stays.csv"]
        assert rows_of(catalog, catalog.table("stays.csv")) == [(1, "x"), (2, "y")]
    assert len(tables_in_engines(catalog)) == 1
    readings = catalog._readings
    kept = (readings._found, readings._versions, readings._opening, catalog._descriptions)
    assert [len(each) for each in kept] == [1, 1, 1, 0]


def test_views_of_files_that_are_gone_are_let_go(tmp_path, catalog):
    duckdb.execute(f"COPY (FROM range(10)) TO '{tmp_path}/a.parquet'")
    catalog.table("a.parquet")
    (tmp_path / "a.parquet").unlink()
    with catalog.turn():
        catalog.names()
    assert catalog._engines.of_all.rows("FROM duckdb_views() WHERE NOT internal") == []


def test_file_that_is_gone_and_comes_back_is_read_again(tmp_path, catalog):
    write(tmp_path, "a.csv", "a\n1\n")
    table = catalog.table("a.csv")
    (tmp_path / "a.csv").rename(tmp_path / "away")
    with catalog.turn():
        catalog.names()
        with pytest.raises(Unreadable, match="changed while it was read"):
            rows_of(catalog, table)
        (tmp_path / "away").rename(tmp_path / "a.csv")
        assert rows_of(catalog, catalog.table("a.csv")) == [(1,)]


def test_copies_are_limited_and_come_back(tmp_path, catalog, monkeypatch):
    monkeypatch.setattr(folder_module, "COPIES_BYTES", 100)
    tables = []
    for number in range(10):
        write(tmp_path, f"{number}.csv", f"a\n{number}{' ' * 40}\n")
        tables.append(catalog.table(f"{number}.csv"))
    assert len(tables_in_engines(catalog)) == 2
    for _ in range(3):
        assert [rows_of(catalog, table) for table in tables] == [[(number,)] for number in range(10)]


def test_copies_make_room_for_a_query_that_needs_it(tmp_path, catalog):
    write(tmp_path, "a.csv", LARGER_THAN_TINY)
    write(tmp_path, "b.csv", LARGER_THAN_TINY)
    whole = Values().query(catalog.table("a.csv").relation, catalog.dialect)
    catalog.table("b.csv")
    large = Query(
        f"SELECT max(x) FROM (SELECT repeat(range::VARCHAR, 20) AS x FROM range(9000000) ORDER BY x LIMIT 4000000), ({whole.sql})"
    )
    with pytest.raises(NeededTooMuch):
        catalog.rows(large)
    assert len(tables_in_engines(catalog)) == 1


LARGER_THAN_TINY = "a,b\n" + "1,x\n" * 70_000
SORTED = "SELECT max(x) AS x FROM (SELECT repeat(range::VARCHAR, 20) AS x FROM range({}) ORDER BY x LIMIT {}), ({})"


def test_query_of_a_tiny_table_that_needs_more_memory_has_it(tmp_path, catalog):
    write(tmp_path, "a.csv")
    whole = Values().query(catalog.table("a.csv").relation, catalog.dialect)
    assert catalog._engines.of_tiny.rows("SELECT current_setting('threads')") == [(1,)]
    assert len(catalog._engines.of_tiny.rows("FROM duckdb_tables()")) == 1
    large = Query(SORTED.format(200_000, 150_000, whole.sql))
    with pytest.raises(NeededTooMuch):
        catalog._engines.of_tiny.rows(large.sql)
    assert catalog.rows(large) == [(sorted(str(each) * 20 for each in range(200_000))[149_999],)]
    assert len(catalog._engines.of_all.rows("FROM duckdb_tables()")) == len(tables_in_engines(catalog)) == 1
    assert catalog.rows(whole) == [(1, "x"), (2, "y")]


def test_download_of_a_tiny_table_that_needs_more_memory_has_it(tmp_path, catalog):
    write(tmp_path, "a.csv")
    whole = Values().query(catalog.table("a.csv").relation, catalog.dialect)
    assert len(streamed(catalog, Query(SORTED.format(200_000, 150_000, whole.sql)))) == 1
    assert len(catalog._engines.of_all.rows("FROM duckdb_tables()")) == len(tables_in_engines(catalog)) == 1


@pytest.mark.parametrize(("text", "attempts"), [("a,b\n1,x\n", 2), (LARGER_THAN_TINY, 1)])
def test_query_that_needs_more_memory_than_there_is_is_tried_once_in_an_engine(
    tmp_path, catalog, monkeypatch, text, attempts
):
    write(tmp_path, "a.csv", text)
    whole = Values().query(catalog.table("a.csv").relation, catalog.dialect)
    large, asked, rows = Query(SORTED.format(9_000_000, 4_000_000, whole.sql)), [], DuckDBEngine.rows

    def counted(engine, sql, values=NO_VALUES):
        asked.append(sql)
        return rows(engine, sql, values)

    monkeypatch.setattr(DuckDBEngine, "rows", counted)
    with pytest.raises(NeededTooMuch):
        catalog.rows(large)
    assert asked.count(large.sql) == attempts


def test_file_that_is_not_so_tiny_unpacked_leaves_nothing_behind(tmp_path, catalog):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(("n\n" + "1\n" * 2_000_000).encode()))
    assert is_tiny(file_at(tmp_path / "a.csv.gz"))
    assert catalog.table("a.csv.gz").rows == 2_000_000
    assert len(catalog._engines.of_all.rows("FROM duckdb_tables()")) == len(tables_in_engines(catalog)) == 1


def test_table_that_is_just_being_made_is_asked_again(tmp_path, catalog, monkeypatch):
    write(tmp_path, "a.csv")
    query = Values().query(catalog.table("a.csv").relation, catalog.dialect)
    rows, failures = DuckDBEngine.rows, [duckdb.BinderException("Binder Error: no such column")]

    def failing(engine, sql, values=NO_VALUES):
        if sql == query.sql and failures:
            raise failures.pop()
        return rows(engine, sql, values)

    monkeypatch.setattr(DuckDBEngine, "rows", failing)
    assert catalog.rows(query) == [(1, "x"), (2, "y")]


def test_tiny_table_of_many_columns_is_read_where_there_is_more_memory(tmp_path, catalog):
    names = [f"column {number}" for number in range(400)]
    write(tmp_path, "wide.csv", f"{','.join(names)}\n{','.join(['x'] * 400)}\n")
    assert list(catalog.table("wide.csv").columns) == names
    assert len(catalog._engines.of_all.rows("FROM duckdb_tables()")) == len(tables_in_engines(catalog)) == 1


def let_go_before_the_query(catalog, monkeypatch, times):
    """Let the engine let go of what a query asks after the catalog has made sure of it, as another query may."""
    used, left = catalog._used, list(range(times))

    def used_and_dropped(query):
        found = used(query)
        if left:
            left.pop()
            catalog._drop([each.view for each in found])
        return found

    monkeypatch.setattr(catalog, "_used", used_and_dropped)


def streamed(catalog, query):
    return [row for batch in catalog.batches(query) for row in batch]


@pytest.mark.parametrize("ask", [FolderCatalog.rows, streamed])
def test_copy_that_is_let_go_before_the_first_rows_is_read_again(tmp_path, catalog, monkeypatch, ask):
    write(tmp_path, "a.csv", "a\n1\n")
    query = Values().query(catalog.table("a.csv").relation, catalog.dialect)
    let_go_before_the_query(catalog, monkeypatch, 1)
    assert ask(catalog, query) == [(1,)]
    let_go_before_the_query(catalog, monkeypatch, 2)
    with pytest.raises(Unreadable, match="changed while it was read"):
        ask(catalog, query)


def test_table_is_read_again_where_the_engine_has_let_go_of_it(tmp_path, catalog):
    write(tmp_path, "a.csv", "a\n1\n")
    table = catalog.table("a.csv")
    catalog._engines.of_all.close()  # as a fork does
    assert rows_of(catalog, table) == [(1,)]


def test_table_that_is_gone_with_its_copy_is_an_error(tmp_path, catalog):
    write(tmp_path, "a.csv", "a\n1\n")
    table = catalog.table("a.csv")
    catalog._engines.of_all.close()
    write(tmp_path, "a.csv", "b\n1\n")
    with pytest.raises(Unreadable, match="changed while it was read"):
        rows_of(catalog, table)


def test_values_stay_beside_the_query(tmp_path, catalog):
    write(tmp_path, "a.csv", "a,b\n1,it's\n2,y\n")
    table, values = catalog.table("a.csv").relation, Values()
    query = values.query(table.filter(table.b == values.bind("it's")).select("a"), catalog.dialect)
    assert "it's" not in query.sql
    assert catalog.rows(query) == [(1,)]
    assert list(catalog.batches(query)) == [[(1,)]]


def test_value_of_another_type_is_an_error_for_readers(tmp_path, catalog):
    write(tmp_path, "a.csv")
    table, values = catalog.table("a.csv").relation, Values()
    with pytest.raises(DataError, match="out of range") as caught:
        catalog.rows(values.query(table.filter(table.a == values.bind("much", "int64")), catalog.dialect))
    assert "much" not in str(caught.value)


# What lies beside a table.


def test_description_beside_a_table_says_how_it_is_shown(tmp_path, catalog):
    write(tmp_path, "sales.csv", "price,pieces\n1,2\n")
    write(
        tmp_path,
        "sales.csv.toml",
        'title = "Sold"\n[columns.price]\nlabel = "Price"\nunit = "€"\nweight = "pieces"\nlevel = true\n'
        '[views.barchart]\nx = ["price"]\n"range.price" = ["1", ""]\n',
    )
    table = catalog.table("sales.csv")
    price = table.columns["price"]
    assert (price.title(), price.weight, price.level) == ("Price (€)", "pieces", True)
    assert table.columns["pieces"].label == "Pieces"
    assert table.views == {"barchart": {"x": ("price",), "range.price": ("1", "")}}
    assert (table.title, titles(catalog)) == ("Sold", {"sales.csv": "Sold"})


def test_description_that_changes_is_seen(tmp_path, catalog):
    write(tmp_path, "a.csv")
    assert catalog.table("a.csv").title == "A"
    write(tmp_path, "a.csv.toml", 'title = "First"')
    assert (catalog.table("a.csv").title, titles(catalog)) == ("First", {"a.csv": "First"})
    (tmp_path / "a.csv.toml").unlink()
    assert (catalog.table("a.csv").title, titles(catalog)) == ("A", {"a.csv": "A"})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("title = ", "is not TOML"),
        ("titel = 'x'", "titel = 'x': is not a key; known here: columns, title, views"),
        ("title = 1", "title = 1: must be a text"),
        ("columns = 1", "columns = 1: must be a table"),
        ("columns.a = 1", "columns.a = 1: must be a table"),
        ("columns.a.colour = 'red'", "columns.a.colour = 'red': is not a key; known here: label, level, unit, weight"),
        ("columns.a.label = 1", "columns.a.label = 1: must be a text"),
        ("columns.a.level = 'yes'", "columns.a.level = 'yes': must be true or false"),
        ("columns.c.label = 'x'", "columns.c: the table has no column of this name"),
        ("columns.a.weight = 'c'", "columns.a.weight = 'c': must name a column of numbers"),
        ("columns.a.weight = 'b'", "columns.a.weight = 'b': must name a column of numbers"),
        ("views.barchart = []", r"views.barchart = \[\]: must be a table"),
        ("views.barchart.x = 'a'", "views.barchart.x = 'a': must be a list of texts"),
        ("views.barchart.x = [1]", r"views.barchart.x = \[1\]: must be a list of texts"),
    ],
)
def test_mistake_in_a_description_is_named(tmp_path, catalog, text, problem):
    write(tmp_path, "a.csv")
    write(tmp_path, "b.csv")
    write(tmp_path, "a.csv.toml", text)
    with pytest.raises(Unreadable, match=rf"^a\.csv\.toml:? {problem}"):
        catalog.table("a.csv")
    assert titles(catalog) == {"a.csv": "A", "b.csv": "B"}
    assert len(rows_of(catalog, catalog.table("b.csv"))) == 2


# The catalog of a process.


def test_catalog_of_the_settings_is_opened_once(tmp_path):
    write(tmp_path, "a.csv")
    settings = Settings(site_folder=tmp_path, pages=(), data=str(tmp_path))
    assert open_catalog(settings) is open_catalog(settings)
    assert [each.name for each in open_catalog(settings).names()] == ["a.csv"]
    assert [each.name for each in open_catalog(Settings(site_folder=tmp_path, pages=())).names()] == ["gapminder"]


def test_version_changes_with_every_file_and_description_and_with_nothing_else(tmp_path, catalog):
    versions = [catalog.version()]
    for name, text in [("a.csv", "x\n1\n"), ("a.csv", "x\n2\n"), ("b.csv", "x\n1\n"), ("a.csv.toml", 'title = "A"\n')]:
        write(tmp_path, name, text)
        os.utime(tmp_path / name, ns=(len(versions), len(versions)))
        versions.append(catalog.version())
    (tmp_path / "b.csv").unlink()
    versions.append(catalog.version())
    assert len(set(versions)) == len(versions)
    write(tmp_path, "notes.txt")
    assert catalog.version() == versions[-1]


def test_version_of_the_sample_is_always_the_same():
    assert FolderCatalog(None, Watch(10, 4), "128MB").version() == "gapminder"
