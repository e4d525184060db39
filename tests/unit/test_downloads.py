"""Taking the data of a view away: over HTTP, from a table in DuckDB and from sources that fail."""

import http.client
import time
from contextlib import nullcontext

import duckdb
import ibis
import psutil
import pytest

from portico.charts.downloads import FORMATS, file_names, offer_downloads
from portico.charts.form import OneOf
from portico.charts.protocol import ViewData
from portico.data.errors import (
    Busy,
    Cancelled,
    DataError,
    NeededTooMuch,
    SourceAway,
    TableGone,
    TookTooLong,
    Unreadable,
)
from portico.data.query import Values
from portico.data.tables import Table
from portico.page.loader import init_app
from tests.open_things import SETTLE_LIMIT_S, open_here, settled
from tests.processes import free_port, running_process
from tests.small_sites import PAGE, write_site

SUFFIXES = [each.suffix for each in FORMATS]
SALES = ibis.table({"product": "string", "amount": "float64"}, name="sales")
PLACES = {"north": "North", "south": "South"}
SILENT_S = 1  # in place of the usual half minute

# A page with the data of a query that never ends, or fails after many rows.
STREAMING = f"""
from contextlib import nullcontext
from itertools import repeat
from types import SimpleNamespace

import ibis
from portico.charts import downloads
from portico.charts.protocol import ViewData
from portico.data.errors import SourceAway
from portico.data.query import Values
from portico.data.tables import Table
from portico.charts.downloads import offer_downloads
from portico.charts.form import OneOf
{PAGE}
downloads.SILENT_S = {SILENT_S}

class Streaming:
    catalog = SimpleNamespace(dialect="duckdb", turn=nullcontext)

    def ask(self, form):
        self.catalog.batches = lambda query: rows_then(end)
        end = form.ask(OneOf("end", "End", "never", {{"never": "Never", "failure": "Failure"}}))

    def data(self, question):
        relation = ibis.table({{"n": "int64", "text": "string"}}, name="rows")
        return ViewData(Table("rows", "Rows", relation, {{}}), relation, Values())

def rows_then(end):
    yield from repeat([(1, "x" * 100)] * 1000, 1000 if end == "failure" else 10 ** 9)
    raise SourceAway("Away.")

construct_page_alone = construct_page

def construct_page(server):
    server = construct_page_alone(server)
    offer_downloads(server.extensions["portico_apps"][-1], Streaming())
    return server
"""


class InDuckDB:
    """A catalog of one table in DuckDB."""

    dialect = "duckdb"
    turn = nullcontext

    def __init__(self):
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute(
            "CREATE TABLE sales AS SELECT * FROM (VALUES ('=apples', 1.5, 'north'), ('pears', NULL, 'north'), ('figs', 3, 'south')) _(product, amount, place)"
        )

    def batches(self, query):
        with self.connection.cursor() as cursor:
            cursor.execute(query.sql, query.values)
            while batch := cursor.fetchmany(2):
                yield batch


class OfBatches:
    """A catalog whose every query has these batches; an error among them is raised."""

    dialect = "duckdb"
    turn = nullcontext

    def __init__(self, *batches):
        self.given, self.asked, self.left = batches, 0, 0

    def batches(self, query):
        self.asked += 1
        try:
            for batch in self.given:
                if isinstance(batch, Exception):
                    raise batch
                yield batch
        finally:
            self.left += 1


class Sales:
    """A chart of the table of sales: the rows of one place."""

    def __init__(self, catalog, error=None, title="Sales"):
        self.catalog, self.error = catalog, error
        self.table = Table("sales", title, SALES, {})

    def ask(self, form):
        return form.ask(OneOf("place", "Place", "north", PLACES))

    def data(self, place):
        if self.error:
            raise self.error
        values = Values()
        relation = ibis.table({**SALES.schema(), "place": "string"}, name="sales")
        rows = relation.filter(relation.place == values.bind(place)).select("product", "amount")
        return ViewData(self.table, rows.order_by("product"), values)


@pytest.fixture
def site_with(small_site):
    """A function that gives a client of a site whose page `a` offers the data of a chart."""

    def client_of(chart):
        server = init_app(small_site({"a": PAGE}))
        app = server.extensions["portico_apps"][0]
        server._got_first_request = False  # it was asked while it was warmed
        offer_downloads(app, chart)
        return server.test_client()

    return client_of


def test_csv_is_what_the_view_shows(site_with):
    answer = site_with(Sales(InDuckDB())).get("/a/_data.csv?place=north")
    assert (answer.status_code, answer.text) == (200, "product,amount\r\n'=apples,1.5\r\npears,\r\n")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8; header=present"


def test_parquet_is_what_the_view_shows(site_with, tmp_path):
    answer = site_with(Sales(InDuckDB())).get("/a/_data.parquet?place=south")
    (tmp_path / "data.parquet").write_bytes(answer.data)
    assert duckdb.sql(f"FROM '{tmp_path}/data.parquet'").fetchall() == [("figs", 3.0)]
    assert answer.headers["Content-Type"] == "application/vnd.apache.parquet"


@pytest.mark.parametrize("query", ["", "?nothing=1", "?place=nowhere&width=7&place=", "?place=%00&=&&"])
def test_what_the_address_says_wrongly_is_ignored(site_with, query):
    answer = site_with(Sales(InDuckDB())).get(f"/a/_data.csv{query}")
    assert (answer.status_code, answer.text.count("\r\n")) == (200, 3)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_file_is_named_kept_by_nobody_and_taken_for_nothing_else(site_with, suffix):
    answer = site_with(Sales(InDuckDB())).get(f"/a/_data.{suffix}")
    assert answer.headers["Content-Disposition"] == f'attachment; filename="Sales - A.{suffix}"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Length" not in answer.headers


def test_file_of_a_foreign_title_has_both_names(site_with):
    answer = site_with(Sales(InDuckDB(), title='Größe "☃"\r\n/x')).get("/a/_data.csv")
    name = "Gr%C3%B6%C3%9Fe%20%E2%98%83x%20-%20A.csv"
    assert answer.headers["Content-Disposition"] == f"attachment; filename=\"Groe x - A.csv\"; filename*=UTF-8''{name}"


@pytest.mark.parametrize(
    ("name", "ascii_name"),
    [("", "data.csv"), ("☃", "data.csv"), ("..", "data.csv"), ("a/../b", "a..b.csv"), ("x" * 500, "x" * 120 + ".csv")],
)
def test_every_name_is_one_of_a_file(name, ascii_name):
    assert file_names(name, "csv")["filename"] == ascii_name


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_head_says_the_same_without_asking_for_rows(site_with, suffix):
    catalog = OfBatches([("x", 1.0)])
    client = site_with(Sales(catalog))
    head = client.head(f"/a/_data.{suffix}")
    assert (head.status_code, head.data, catalog.asked) == (200, b"", 0)
    got = client.get(f"/a/_data.{suffix}")
    assert dict(head.headers) == dict(got.headers)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_other_methods_are_not_allowed(site_with, suffix):
    assert site_with(Sales(InDuckDB())).post(f"/a/_data.{suffix}").status_code == 405


FAILURES = [
    (TableGone, 404),
    (Unreadable, 422),
    (TookTooLong, 422),
    (NeededTooMuch, 422),
    (DataError, 422),
    (Busy, 503),
    (Cancelled, 503),
    (SourceAway, 503),
]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(("failure", "status"), FAILURES)
@pytest.mark.parametrize("where", ["question", "first rows"])
def test_failure_before_the_first_byte_is_a_page_that_says_so(site_with, suffix, failure, status, where):
    error = failure("No luck <today>.")
    client = site_with(Sales(OfBatches(error), error if where == "question" else None))
    answer = client.get(f"/a/_data.{suffix}", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert "No luck &lt;today&gt;." in answer.text
    assert "<nav" in answer.text
    assert "data-retry" not in answer.text
    assert "Content-Disposition" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert ("Retry-After" in answer.headers) == (status == 503)


def test_script_gets_a_failure_as_a_line_of_text(site_with):
    client = site_with(Sales(OfBatches(Busy("Later."))))
    answer = client.get("/a/_data.csv", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.text) == (503, "Later.\n")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_query_is_left_when_its_rows_have_failed(site_with, suffix):
    catalog = OfBatches([], Busy("Later."))
    site_with(Sales(catalog)).get(f"/a/_data.{suffix}")
    assert (catalog.asked, catalog.left) == (1, 1)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_failure_in_the_middle_is_no_whole_file(site_with, suffix):
    catalog = OfBatches(*[[("x", 1.0)] * 10_000] * 60, SourceAway("Away."))
    answer = site_with(Sales(catalog)).get(f"/a/_data.{suffix}", buffered=False)
    with pytest.raises(SourceAway):
        for _part in answer.response:
            pass
    answer.close()
    assert catalog.left == 1


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("parts", [0, 1, 2])
def test_nothing_stays_open_when_the_reader_leaves(site_with, suffix, parts):
    catalog = OfBatches(*[[("x", 1.0)] * 10_000] * 60)
    client = site_with(Sales(catalog))
    client.get(f"/a/_data.{suffix}").close()
    before = settled(open_here)
    answer = client.get(f"/a/_data.{suffix}", buffered=False)
    rest = iter(answer.response)
    for _ in range(parts):
        next(rest)
    answer.close()
    assert catalog.left == 2
    assert settled(open_here) == before


@pytest.fixture(scope="module")
def streaming_service(tmp_path_factory):
    """The port and the worker process of a service whose page streams."""
    folder = write_site(tmp_path_factory.mktemp("site"), {"a": STREAMING})
    port = free_port()
    with running_process("portico", port, PORTICO_SITE=str(folder)) as process:
        connection, answer = get(port, "/a/_status")
        assert answer.read()
        connection.close()
        yield port, psutil.Process(process.pid).children()[0]


def get(port, address):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", address)
    return connection, connection.getresponse()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_connection_is_cut_when_the_source_fails_in_the_middle(streaming_service, suffix):
    port, _worker = streaming_service
    connection, answer = get(port, f"/a/_data.{suffix}?end=failure")
    assert answer.status == 200
    with pytest.raises(http.client.IncompleteRead):
        answer.read()
    connection.close()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_service_lets_go_of_a_file_whose_reader_has_left(streaming_service, suffix):
    port, worker = streaming_service
    before = settled(worker.num_fds)
    for _ in range(3):
        connection, answer = get(port, f"/a/_data.{suffix}")
        assert answer.read(500)
        answer.close()
        connection.close()
    assert settled(worker.num_fds) == before
    assert worker.cpu_percent(0.3) < 50


def test_service_lets_go_of_a_file_that_its_reader_does_not_take(streaming_service):
    port, worker = streaming_service
    connection, answer = get(port, "/a/_data.csv")
    deadline = time.monotonic() + SETTLE_LIMIT_S
    while any(each.status == psutil.CONN_ESTABLISHED for each in worker.net_connections()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        answer.read()  # what was on its way, and no more
    connection.close()
