"""Files of rows: what is written comes back, a spreadsheet runs nothing, and memory does not grow with the rows."""

import csv
import io
import math
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import duckdb
import ibis
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portico.data.errors import NeededTooMuch, SourceAway, Unreadable
from portico.data.export import export
from portico.data.export.export import csv_file, parquet_file
from tests.open_things import open_here, settled
from tests.processes import ROOT

MIB = 1024 * 1024
KINDS = {
    "boolean": st.booleans(),
    "int8": st.integers(-(2**7), 2**7 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "float32": st.floats(width=32),
    "float64": st.floats(),
    "decimal(38, 0)": st.integers(-(10**38) + 1, 10**38 - 1).map(Decimal),
    "decimal(12, 3)": st.decimals(-(10**8), 10**8, places=3),
    "date": st.dates(),
    "timestamp": st.datetimes(),
    "string": st.text(st.characters(exclude_categories=["Cs"])) | st.text("\"',\r\n\\ \0xé=;N", max_size=6),
}
COLUMNS = st.lists(st.sampled_from(sorted(KINDS)), min_size=1, max_size=5)

MEMORY_OF_A_MILLION = """
import sys
import ibis
from portico.data.export.export import csv_file, parquet_file

SCHEMA = ibis.schema({"n": "int64", "text": "string", "x": "float64"})

def batches(rows):
    for begin in range(0, rows, 2000):
        yield [(n, f"some text of row {n}", n / 7) for n in range(begin, begin + 2000)]

def peak():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])

write = {"csv": csv_file, "parquet": parquet_file}[sys.argv[1]]
sum(len(part) for part in write(SCHEMA, batches(2_000)))
before = peak()
size = sum(len(part) for part in write(SCHEMA, batches(1_000_000)))
print(size, (peak() - before) * 1024)
assert not {"numpy", "pandas", "pyarrow"} & set(sys.modules)
"""


def schema(**columns):
    return ibis.schema(columns)


def written_csv(columns, rows):
    return b"".join(csv_file(schema(**columns), [rows])).decode()


@pytest.fixture
def read_parquet(tmp_path):
    """A function that writes batches as Parquet and returns the columns' types and the rows that come back."""

    def write_and_read(columns, *batches):
        return read_back(tmp_path / "data.parquet", ibis.schema(columns), batches)

    return write_and_read


def read_back(file, columns, batches):
    file.write_bytes(b"".join(parquet_file(columns, batches)))
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        described = connection.execute(f"DESCRIBE FROM '{file}'").fetchall()
        rows = connection.execute(f"FROM '{file}'").fetchall()
    return {name: kind for name, kind, *_ in described}, rows


def same(one, other):
    return one == other or (isinstance(one, float) and isinstance(other, float) and math.isnan(one + other))


# --- CSV


def test_csv_has_a_header_and_ends_lines_as_rfc_4180_says():
    assert written_csv({"a": "int64", "b c": "string"}, [(1, "x"), (2, 'y"z')]) == 'a,b c\r\n1,x\r\n2,"y""z"\r\n'


def test_csv_without_rows_is_its_header():
    assert b"".join(csv_file(schema(a="int64"), [])) == b"a\r\n"


@pytest.mark.parametrize(
    ("kind", "value", "cell"),
    [
        ("int64", -(2**63), "-9223372036854775808"),
        ("float64", 0.1 + 0.2, "0.30000000000000004"),
        ("float64", -1e-320, "-1e-320"),
        ("float64", math.nan, "nan"),
        ("decimal(10, 2)", Decimal("-1.50"), "-1.50"),
        ("decimal(38, 10)", Decimal("0E-10"), "0.0000000000"),
        ("boolean", True, "true"),
        ("date", date(2024, 2, 29), "2024-02-29"),
        ("date", "0044-03-15 (BC)", "-0043-03-15"),
        ("date", "0001-12-31 (BC)", "0000-12-31"),
        ("date", "20000-01-01", "20000-01-01"),
        ("timestamp", "0044-03-15 (BC) 10:00:00.5", "-0043-03-15T10:00:00.5"),
        ("time", time(0, 0), "00:00:00"),
        ("timestamp", datetime(2024, 2, 29, 1, 2, 3), "2024-02-29T01:02:03"),
        ("timestamp('UTC')", datetime(2024, 2, 29, tzinfo=UTC), "2024-02-29T00:00:00+00:00"),
        ("array<int64>", [1, None], '"[1, null]"'),
        ("struct<a: date>", {"a": date(2024, 1, 1)}, '"{""a"": ""2024-01-01""}"'),
        ("binary", b"\x00\xff", "00ff"),
        ("string", "é\n☃", '"é\n☃"'),
        ("string", "", '""'),
        ("int64", None, '""'),  # a line with nothing on it would be no line
    ],
)
def test_csv_cell(kind, value, cell):
    assert written_csv({"a": kind}, [(value,)]) == f"a\r\n{cell}\r\n"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_null_is_an_empty_cell(kind):
    assert written_csv({"a": kind, "b": kind}, [(None, None)]) == "a,b\r\n,\r\n"


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t1", "\r1", "\n1", "\0=1", "＝1+1"])
def test_text_that_a_spreadsheet_would_run_is_made_harmless(text):
    cells = list(csv.reader(io.StringIO(written_csv({text: "string"}, [(text,)]), newline="")))
    assert cells == [[f"'{text}"], [f"'{text}"]]


@pytest.mark.parametrize("apart", [";", "\t", "\r", "\n", '; "', ";\n "])
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "＝"])
def test_text_that_is_parted_elsewhere_begins_no_formula(apart, sign):
    text = f"a{apart}{sign}1;b"
    cells = list(csv.reader(io.StringIO(written_csv({"n": "int64", text: "string"}, [(-1, text)]), newline="")))
    assert cells == [["n", f"a{apart}'{sign}1;b"], ["-1", f"a{apart}'{sign}1;b"]]


def test_text_with_a_semicolon_is_in_quotes():
    assert written_csv({"a;b": "string", "n": "float64"}, [("x;y", -1.5)]) == '"a;b",n\r\n"x;y",-1.5\r\n'


@pytest.mark.parametrize("text", ["", "'", "a=1", " =1", "1-1", "é", "a;b", "a\n\nb", "a; b", "1;2"])
def test_other_text_is_left_as_it_is(text):
    assert list(csv.reader(io.StringIO(written_csv({"a": "string"}, [(text,)]), newline=""))) == [["a"], [text]]


def plain(text):
    """A text without apostrophes, which are what may be added."""
    return text.replace("'", "")


@given(st.lists(st.tuples(KINDS["string"], KINDS["float64"], KINDS["int64"]), max_size=20))
def test_csv_comes_back_but_for_apostrophes(rows):
    text = written_csv({"t": "string", "x": "float64", "n": "int64"}, rows)
    cells = list(csv.reader(io.StringIO(text, newline="")))
    back = [(plain(t), float(x), int(n)) for t, x, n in cells[1:]]
    expected = [(plain(t), float(x), n) for t, x, n in rows]
    assert all(same(a, b) for one, other in zip(back, expected, strict=True) for a, b in zip(one, other, strict=True))


# --- Parquet


@settings(max_examples=80)
@given(data=st.data())
def test_parquet_comes_back_as_it_went(data, tmp_path_factory):
    kinds = data.draw(COLUMNS)
    row = st.tuples(*(st.none() | KINDS[kind] for kind in kinds))
    batches = data.draw(st.lists(st.lists(row, max_size=5), max_size=4))
    columns = ibis.schema({f"column {place}": kind for place, kind in enumerate(kinds)})
    group_rows = data.draw(st.integers(1, 6))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "GROUP_ROWS", group_rows)
        types, rows = read_back(tmp_path_factory.getbasetemp() / "data.parquet", columns, batches)
    expected = [row for batch in batches for row in batch]
    assert list(types) == list(columns.names)
    assert len(rows) == len(expected)
    assert all(same(a, b) for one, other in zip(rows, expected, strict=True) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize(
    ("kind", "stored"),
    [
        ("boolean", "BOOLEAN"),
        ("int32", "INTEGER"),
        ("uint8", "UTINYINT"),
        ("float32", "FLOAT"),
        ("decimal(12, 3)", "DECIMAL(12,3)"),
        ("decimal", "DOUBLE"),
        ("date", "DATE"),
        ("timestamp", "TIMESTAMP"),
        ("timestamp(9)", "TIMESTAMP"),
        ("timestamp('Europe/Oslo')", "TIMESTAMP WITH TIME ZONE"),
        ("string", "VARCHAR"),
        ("uuid", "VARCHAR"),
        ("array<int64>", "VARCHAR"),
    ],
)
def test_parquet_keeps_the_type_even_without_rows(read_parquet, kind, stored):
    assert read_parquet({"a": kind}) == ({"a": stored}, [])


def test_parquet_keeps_moments_whatever_their_zone(tmp_path):
    columns = ibis.schema({"t": "timestamp('Europe/Oslo')"})
    moment = datetime(2024, 1, 1, 12, tzinfo=timezone(timedelta(hours=-3, minutes=-30)))
    file = tmp_path / "data.parquet"
    file.write_bytes(b"".join(parquet_file(columns, [[(moment,)]])))
    assert duckdb.sql(f"SELECT epoch(t) FROM '{file}'").fetchall() == [(moment.timestamp(),)]


@pytest.mark.parametrize(("kind", "value"), [("date", "0044-03-15 (BC)"), ("timestamp", "0044-03-15 (BC) 10:00:00")])
def test_parquet_keeps_what_python_cannot_hold(read_parquet, kind, value):
    assert read_parquet({"a": kind}, [(value,)])[1] == [(value,)]


@pytest.mark.parametrize("value", ["NaN", "Infinity"])
def test_decimal_without_digits_is_null_where_parquet_has_none(read_parquet, value):
    assert read_parquet({"a": "decimal(10, 2)"}, [(Decimal(value),)])[1] == [(None,)]
    assert str(read_parquet({"a": "decimal"}, [(Decimal(value),)])[1][0][0]) in ("nan", "inf")


@pytest.mark.parametrize("names", [('a"b', "c'd"), ("x, y", "{z}"), ("select", "é ☃"), ("a\nb", " ")])
def test_parquet_keeps_the_names_of_columns(read_parquet, names):
    types, rows = read_parquet(dict.fromkeys(names, "int64"), [(1, 2)])
    assert (tuple(types), rows) == (names, [(1, 2)])


def test_parquet_has_as_many_row_groups_as_the_rows_fill(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "GROUP_ROWS", 1000)
    file = tmp_path / "data.parquet"
    batches = [[(n, f"text {n}" * 3) for n in range(begin, begin + 700)] for begin in range(0, 70_000, 700)]
    file.write_bytes(b"".join(parquet_file(schema(n="int64", text="string"), batches)))
    count = f"SELECT count(DISTINCT row_group_id), sum(row_group_num_rows) FROM parquet_metadata('{file}') WHERE column_id = 0"
    assert duckdb.sql(count).fetchone() == (50, 70_000)  # of two pieces of 700 rows
    assert duckdb.sql(f"SELECT n FROM '{file}' WHERE text = 'text 69123text 69123text 69123'").fetchall() == [(69123,)]
    assert duckdb.sql(f"SELECT count(*) FROM '{file}' WHERE text = 'nothing'").fetchall() == [(0,)]


def test_rows_of_wide_texts_are_written_in_bounded_groups(read_parquet):
    wide = "é" * 1_000_000
    rows = read_parquet({"a": "string"}, [(wide,)] * 6)[1]
    assert rows == [(wide,)] * 6


def test_row_that_does_not_fit_the_writer_is_said(read_parquet):
    with pytest.raises(NeededTooMuch, match="CSV"):
        read_parquet({"a": "string"}, [("x" * 40_000_000,)])


def test_value_that_does_not_fit_its_type_is_said(read_parquet):
    with pytest.raises(Unreadable, match="CSV"):
        read_parquet({"a": "int8"}, [(1000,)])


def test_writer_reaches_no_file_but_its_own(tmp_path):
    with export.RowGroupWriter(schema(a="int64")) as writer:
        for statement in (
            f"COPY (SELECT 1) TO '{tmp_path}/x.csv'",
            "FROM read_csv('/etc/hostname')",
            "RESET memory_limit",
        ):
            with pytest.raises(duckdb.Error):
                writer._connection.execute(statement)
    assert list(tmp_path.iterdir()) == []


# --- both


def endless():
    while True:
        yield [(1, "x")] * 1000


def failing():
    yield [(1, "x")] * 250_000
    raise SourceAway("The database is away.")


@pytest.mark.parametrize("write", [csv_file, parquet_file])
def test_nothing_is_left_open_when_the_reader_goes_away(write):
    next(write(schema(n="int64", text="string"), endless()))
    before = settled(open_here)
    for _ in range(3):
        parts = write(schema(n="int64", text="string"), endless())
        for _ in range(2):
            assert next(parts)
        parts.close()
    assert settled(open_here) == before


@pytest.mark.parametrize("write", [csv_file, parquet_file])
def test_source_that_fails_in_the_middle_ends_the_file_with_its_error(write):
    before = settled(open_here)
    parts = write(schema(n="int64", text="string"), failing())
    assert next(parts)
    with pytest.raises(SourceAway):
        list(parts)
    del parts
    assert settled(open_here) == before


@pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")
@pytest.mark.parametrize(("suffix", "most"), [("csv", 4 * MIB), ("parquet", 64 * MIB)])
def test_a_million_rows_need_little_memory(suffix, most):
    command = [sys.executable, "-c", MEMORY_OF_A_MILLION, suffix]
    size, grown = map(int, subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split())
    assert size > 8 * MIB
    assert grown < most


def test_long_run_of_blanks_in_a_text_is_read_once():
    read = subprocess.run(
        [sys.executable, "-c", "from portico.data.export.export import harmless; harmless('x' + chr(9) * 300_000)"],
        cwd=ROOT,
        timeout=20,
        check=False,
    )
    assert read.returncode == 0
