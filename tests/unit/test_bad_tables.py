"""Tables as they come: broken files are named with what is wrong, odd ones are read, and the others go on working."""

import codecs
import errno
import gzip
import json
import os
import random
import resource
import subprocess
import sys
from contextlib import contextmanager

import duckdb
import pytest

from portico.data.columns import Kind
from portico.data.engines.duckdb import file_formats, json_brackets
from portico.data.engines.duckdb.engine_errors import explained
from portico.data.engines.duckdb.folder import FolderCatalog
from portico.data.errors import DataError, SourceAway, TableGone, TookTooLong, Unreadable
from portico.data.query import Values
from portico.data.scheduler import Patience, Watch, with_patience
from tests.processes import ROOT

GOOD = "good.csv"
LONG_LINE_BYTES = 64 * 2**20  # stands for a gigabyte: only its first megabyte is looked at, however long it is
LARGE_ROWS = 900_000  # more than 8 MB: read at each query


def written(path, what):
    path.write_bytes(what if isinstance(what, bytes) else what.encode())
    return path


def write_parquet(path, select):
    with duckdb.connect() as other:
        other.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet)")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    written(folder / GOOD, "a,b\n1,x\n2,y\n")
    return folder


@pytest.fixture
def catalog(folder):
    return FolderCatalog(folder, Watch(10, 4), "128MB")


def all_rows(catalog, table):
    return catalog.rows(Values().query(table.relation, catalog.dialect))


def read(catalog, name):
    """The columns of a table and its rows, in which each value stands by its column's name."""
    table = catalog.table(name)
    return table, [dict(zip(table.columns, row, strict=True)) for row in all_rows(catalog, table)]


def check_others_work(catalog):
    assert GOOD in [each.name for each in catalog.names()]
    assert read(catalog, GOOD)[1] == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]


def check_broken(catalog, name, problem):
    """A table is listed, asking for it says what is wrong, twice the same, and nothing else is harmed."""
    assert name in [each.name for each in catalog.names()]
    for _ in range(2):
        with pytest.raises(DataError, match=problem) as caught:
            read(catalog, name)
        assert str(caught.value).startswith(name)
        assert "/" not in str(caught.value)
        assert "\n" not in str(caught.value)
        assert "SELECT" not in str(caught.value)
    check_others_work(catalog)


def cut(content):
    return content[: len(content) // 2]


PACKED = gzip.compress("\n".join(f"{number},{number * 7919 % 10007}" for number in range(50_000)).encode())
MANY_LINES = "a,b\n" + f"1,{'x' * 300}\n" * 30_000  # more than are looked at for their types
BROKEN = {
    "empty.csv": ("", "is empty"),
    "empty.parquet": ("", "is empty"),
    "empty.json": ("", "is empty"),
    "empty.csv.gz": (gzip.compress(b""), "is empty"),
    "garbage.csv": (random.Random(1).randbytes(100_000), "is no text"),
    "garbage.json": (random.Random(1).randbytes(10_000), "is no"),
    "garbage.parquet": (b"PAR1" + random.Random(1).randbytes(5000) + b"\x10\0\0\0PAR1", "is no complete Parquet file"),
    "big-endian.csv": (codecs.BOM_UTF16_BE + "a,b\n1,2\n".encode("utf-16-be"), "encoding .* Save it as UTF-8"),
    "number.csv": (MANY_LINES + "x,3\n", 'has "x" in line 30002, column "a", which holds numbers'),
    "ragged.csv": (MANY_LINES + "1,2,3\n", "has 3 values in line 30002, where 2 were expected"),
    "wide.csv": (",".join(f"c{n}" for n in range(5000)) + "\n" + ",".join("1" * 5000), "has too many columns"),
    "cut.csv.gz": (cut(PACKED), "is damaged or not complete"),
    "changed.csv.gz": (PACKED[:300] + b"\0\xff\x11" + PACKED[303:], "is damaged or not complete"),
    "unpacked.csv.gz": ("a,b\n1,2\n", "is damaged or not complete"),
    "text.json": ('"text"', "holds no rows"),
    "numbers.json": ("[1, 2, 3]", "holds no rows"),
    "nothing.json": ("[]", "holds no rows"),
    "null.json": ("null", "holds no rows"),
    "cut.json": ('[{"a": 1}, {"a": ', "is no complete JSON"),
    "cut-between.json": ('[{"a": 1},', "is no complete JSON"),
    "cut.ndjson": ('{"a": 1}\n{"a": "x', "is no complete JSON"),
    "twice.json": ('[{"a": 1, "a": 2}]', "record 1: .* duplicate key"),
    "latin.json": ('[{"a": "ä"}]'.encode("latin-1"), "invalid UTF-8"),
    "lists.json": ("[" * 100_000 + "]" * 100_000, "is nested too deep"),
    "objects.json": ('[{"a":' + '{"a":' * 50_000 + "1" + "}" * 50_000 + "}]", "is nested too deep"),
    "objects.ndjson": ('{"a":' * 3000 + "1" + "}" * 3000, "is nested too deep"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_file_is_named_with_what_is_wrong(folder, catalog, name):
    content, problem = BROKEN[name]
    written(folder / name, content)
    check_broken(catalog, name, problem)


def test_text_without_lines_is_refused_at_once(folder, catalog):
    with (folder / "line.csv").open("wb") as file:
        file.writelines([b"x" * 2**20] * (LONG_LINE_BYTES // 2**20))
    check_broken(catalog, "line.csv", "its first is longer than 1 MB")


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_parquet_that_was_cut_off_is_named(folder, catalog, part):
    write_parquet(folder / "cut.parquet", "SELECT range AS a FROM range(100000)")
    content = (folder / "cut.parquet").read_bytes()
    written(folder / "cut.parquet", content[: int(len(content) * part)])
    check_broken(catalog, "cut.parquet", "is no complete Parquet file")


def test_parquet_that_is_damaged_inside_is_named(folder, catalog):
    write_parquet(folder / "inside.parquet", "SELECT range AS a, 'text ' || range AS b FROM range(100000)")
    content = (folder / "inside.parquet").read_bytes()
    written(folder / "inside.parquet", content[:1000] + random.Random(2).randbytes(5000) + content[6000:])
    check_broken(catalog, "inside.parquet", "is no complete Parquet file")


# What can be read is read.

READ = {
    "header.csv": ("a,b\n", []),
    "short.csv": (
        "a,b,c\n1,2,3\n4,5\n6,7,8\n",
        [{"a": 1, "b": 2, "c": 3}, {"a": 4, "b": 5, "c": None}, {"a": 6, "b": 7, "c": 8}],
    ),
    "long.csv": ("a,b\n1,2\n3,4,5\n", [{"a": 1, "b": 2, "column2": None}, {"a": 3, "b": 4, "column2": 5}]),
    "comma.csv": ("a,b\n1,2,\n3,4,\n", [{"a": 1, "b": 2}, {"a": 3, "b": 4}]),
    "twice.csv": ("a,a,A\n1,2,3\n", [{"a": 1, "a_1": 2, "A_2": 3}]),
    "repeated.csv": ("a,b\na,b\n1,2\n", [{"a": "a", "b": "b"}, {"a": "1", "b": "2"}]),
    "preamble.csv": ("Report of 2020\n\na,b,c\n1,2,3\n4,5,6\n", [{"a": 1, "b": 2, "c": 3}, {"a": 4, "b": 5, "c": 6}]),
    "quotes.csv": (
        'a,b\n"x, y","line\nbreak"\n"say ""hi""",z\n',
        [{"a": "x, y", "b": "line\nbreak"}, {"a": 'say "hi"', "b": "z"}],
    ),
    "lone.csv": ('a,b\n1,"2\n3,4\n', [{"a": 1, "b": '"2'}, {"a": 3, "b": "4"}]),
    "inside.csv": ('a,b\n"x"y,2\nz,4\n', [{"a": '"x"y', "b": 2}, {"a": "z", "b": 4}]),
    "comma-decimal.csv": ("a;b\n1,5;x\n2,5;y\n", [{"a": 1.5, "b": "x"}, {"a": 2.5, "b": "y"}]),
    "tabs.TSV": ("a\tb\n1,5\tx\n", [{"a": "1,5", "b": "x"}]),
    "windows.csv": ("a,b\r\n1,x\r\n", [{"a": 1, "b": "x"}]),
    "mark.csv": ("\ufeffa,b\n1,ä\n", [{"a": 1, "b": "ä"}]),
    "utf16.csv": ("a,b\n1,ä\n".encode("utf-16"), [{"a": 1, "b": "ä"}]),
    "latin.csv": ("a,b\n1,Ärger\n".encode("latin-1"), [{"a": 1, "b": "Ärger"}]),
    "infinite.csv": ("a,b\nNaN,1\ninf,2\n-inf,3\n1.5,\n", None),
    "christ.csv": ("d,n\n9999-12-31,1\ninfinity,2\n0044-03-15 (BC),3\n", None),
    "huge.csv": ("a\n170141183460469231731687303715884105727\n1\n", [{"a": 2.0**127}, {"a": 1}]),
    "object.json": ('{"a": 1}', [{"a": 1}]),
    "lines.json": ('{"a": 1}\n{"a": 2}', [{"a": 1}, {"a": 2}]),
    "lines.JSONL": ('{"a": 1}\n{"b": "x"}\n', [{"a": 1, "b": None}, {"a": None, "b": "x"}]),
    "packed.ndjson.gz": (gzip.compress(b'{"a": "]["}\n'), [{"a": "]["}]),
    "nested.json": ('[{"a": {"b": {"c": [1]}}, "d": 1}]', [{"a": {"b": '{"c":[1]}'}, "d": 1}]),
    "sales[1].csv": ("a\n1\n", [{"a": 1}]),
    "what?*.csv": ("a\n1\n", [{"a": 1}]),
    "it's.csv": ("a\n1\n", [{"a": 1}]),
    'say "x"; --.csv': ("a\n1\n", [{"a": 1}]),
    "😀 é.csv": ("a\n1\n", [{"a": 1}]),
    "year=2020.csv": ("a\n1\n", [{"a": 1}]),
}


@pytest.mark.parametrize("name", READ)
def test_odd_file_is_read(folder, catalog, name):
    content, expected = READ[name]
    written(folder / name, content)
    rows = read(catalog, name)[1]
    assert expected is None or rows == expected
    check_others_work(catalog)


@pytest.mark.parametrize("shift", range(4))
def test_brackets_and_marks_in_texts_are_no_brackets(folder, catalog, monkeypatch, shift):
    monkeypatch.setattr(json_brackets, "PART_BYTES", 3)  # so that parts end everywhere
    texts = [" " * shift, '"]', "\\", '\\"[{', "\\\\", "[" * 600, '\n"}', "]" * 9]
    written(folder / "texts.json", json.dumps([{"a": text} for text in texts]))
    assert [row["a"] for row in read(catalog, "texts.json")[1]] == texts


ODD_NAMES = ["select", 'a"b', "'; drop table x; --", "😀", "a b", "%s", "$p0", "A B", "{x}", "x\\", "ä" * 300]


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_columns_of_any_name_can_be_asked(folder, catalog, ending):
    name = f"odd.{ending}"
    if ending == "parquet":
        columns = ", ".join(
            f'{number} AS "{each.replace(chr(34), chr(34) * 2)}"' for number, each in enumerate(ODD_NAMES)
        )
        write_parquet(folder / name, f"SELECT {columns}")
    else:
        header = ",".join('"' + each.replace('"', '""') + '"' for each in ODD_NAMES)
        escaped = [each.replace("\\", "\\\\").replace('"', '\\"') for each in ODD_NAMES]
        record = ",".join(f'"{each}":{number}' for number, each in enumerate(escaped))
        written(
            folder / name,
            f"{header}\n{','.join(map(str, range(len(ODD_NAMES))))}\n" if ending == "csv" else f"[{{{record}}}]",
        )
    table, rows = read(catalog, name)
    assert len(table.columns) == len(ODD_NAMES)
    assert list(rows[0].values()) == list(range(len(ODD_NAMES)))
    for number, column in enumerate(table.columns):
        values = Values()
        chosen = table.relation.filter(table.relation[column] == values.bind(number, "int64"))
        total = chosen.agg(total=chosen[column].sum())
        assert catalog.rows(values.query(total, catalog.dialect)) == [(number,)]


def test_empty_names_are_given_one(folder, catalog):
    written(folder / "nameless.csv", "a,,\n1,2,3\n")
    names = list(catalog.table("nameless.csv").columns)
    assert len({*names}) == 3
    assert all(names)


def test_thousands_of_columns_are_read_from_parquet(folder, catalog):
    write_parquet(folder / "wide.parquet", f"SELECT {', '.join(f'{n} AS c{n}' for n in range(5000))}")
    table = catalog.table("wide.parquet")
    assert len(table.columns) == 5000
    assert sum(column.facts is not None for column in table.columns.values()) == 256
    assert catalog.rows(Values().query(table.relation.select("c0", "c4999"), catalog.dialect)) == [(0, 4999)]


def test_hundreds_of_columns_are_read_from_a_text(folder, catalog):
    written(folder / "wide.csv", ",".join(f"c{n}" for n in range(800)) + "\n" + "\n".join([",".join(["1"] * 800)] * 50))
    table, rows = read(catalog, "wide.csv")
    assert (len(table.columns), len(rows)) == (800, 50)


def test_facts_are_of_finite_values(folder, catalog):
    write_parquet(
        folder / "odd.parquet",
        "SELECT unnest(['nan', 'inf', '-inf', '1.5', NULL])::DOUBLE AS a, NULL::INTEGER AS b, 'nan'::FLOAT AS c, true AS d",
    )
    table = catalog.table("odd.parquet")
    facts = {name: column.facts for name, column in table.columns.items()}
    assert (facts["a"].rows, facts["a"].known, facts["a"].low, facts["a"].high) == (5, 4, 1.5, 1.5)
    assert (facts["b"].known, facts["b"].distinct, facts["b"].low) == (0, 0, None)
    assert (facts["c"].low, facts["c"].high, facts["d"].distinct, facts["d"].low) == (None, None, 1, None)
    assert len(all_rows(catalog, table)) == 5


TYPES = {
    "1::TINYINT": Kind.NUMBER,
    "1::UBIGINT": Kind.NUMBER,
    "170141183460469231731687303715884105727::HUGEINT": Kind.NUMBER,
    "340282366920938463463374607431768211455::UHUGEINT": Kind.NUMBER,
    "12345678901234567890.123456789012345678::DECIMAL(38,18)": Kind.NUMBER,
    "1.5::FLOAT": Kind.NUMBER,
    "true": Kind.CATEGORY,
    "'x'": Kind.CATEGORY,
    "'x'::ENUM('x', 'y')": Kind.CATEGORY,
    "uuid()": Kind.CATEGORY,
    "TIME '12:00:00'": Kind.CATEGORY,
    "DATE '0044-03-15 (BC)'": Kind.TIME,
    "DATE '9999-12-31'": Kind.TIME,
    "DATE 'infinity'": Kind.TIME,
    "TIMESTAMP '-infinity'": Kind.TIME,
    "TIMESTAMP_NS '2020-01-01 00:00:00.123456789'": Kind.TIME,
    "TIMESTAMPTZ '2020-01-01 00:00:00+02'": Kind.TIME,
    "TIMESTAMPTZ 'infinity'": Kind.TIME,
    "'x'::BLOB": Kind.OTHER,
    "[1, 2]": Kind.OTHER,
    "{'a': 1, 'b c': ['x']}": Kind.OTHER,
    "MAP {'a': 1}": Kind.OTHER,
    "INTERVAL 1 DAY": Kind.OTHER,
}


@pytest.mark.parametrize("value", TYPES)
def test_value_of_any_type_is_read(folder, catalog, value):
    write_parquet(folder / "typed.parquet", f"SELECT {value} AS x")
    table = catalog.table("typed.parquet")
    assert table.columns["x"].kind is TYPES[value]
    assert len(all_rows(catalog, table)) == 1


def test_moments_with_offsets_are_in_utc(folder, catalog):
    written(folder / "zones.csv", "t\n2020-01-01T00:00:00+02:00\n2020-06-01 12:00:00-05:00\n")
    rows = read(catalog, "zones.csv")[1]
    assert [row["t"].isoformat() for row in rows] == ["2019-12-31T22:00:00", "2020-06-01T17:00:00"]


# Places that are no files, and files that do not stay.


def test_what_is_no_file_is_no_table(folder, catalog):
    (folder / "folder.csv").mkdir()
    (folder / "dangling.csv").symlink_to(folder / "missing.csv")
    (folder / "loop.csv").symlink_to(folder / "loop.csv")
    os.mkfifo(folder / "pipe.csv")
    written(folder / ".hidden.csv", "a\n1\n")
    written(folder / "notes.txt", "a\n1\n")
    assert [each.name for each in catalog.names()] == [GOOD]
    for name in ("folder.csv", "dangling.csv", "loop.csv", "pipe.csv", ".hidden.csv", "notes.txt", "missing.csv"):
        with pytest.raises(DataError, match=name):
            catalog.table(name)


@pytest.mark.parametrize(
    "name", ["../secret.csv", "sub/a.csv", "/etc/passwd", "", ".", "..", "a\0.csv", "good.csv/", "x" * 5000 + ".csv"]
)
def test_name_leads_nowhere_else(folder, catalog, name):
    written(folder.parent / "secret.csv", "a\n1\n")
    (folder / "sub").mkdir()
    written(folder / "sub" / "a.csv", "a\n1\n")
    with pytest.raises(DataError):
        catalog.table(name)


def test_link_out_of_the_folder_is_refused(folder, catalog):
    (folder / "link.csv").symlink_to(written(folder.parent / "secret.csv", "a\n1\n"))
    check_broken(catalog, "link.csv", "is a link to a place outside the data folder")


def test_link_within_the_folder_is_followed(folder, catalog):
    (folder / "..versions").mkdir()  # as a cluster mounts its configuration
    written(folder / "..versions" / "a.csv", "a\n1\n")
    (folder / "link.csv").symlink_to("..versions/a.csv")
    assert read(catalog, "link.csv")[1] == [{"a": 1}]


@pytest.mark.parametrize("large", [False, True])
def test_file_that_is_replaced_is_never_read_as_the_one_before(folder, catalog, large):
    written(folder / "turn.csv", "a,b\n" + "1,20\n" * (LARGE_ROWS * 2 if large else 1))
    table = catalog.table("turn.csv")
    written(folder / "new", "b,a\n" + "1,20\n" * 3)
    (folder / "new").rename(folder / "turn.csv")
    if large:
        with pytest.raises(Unreadable, match=r"turn\.csv changed while it was read. Try again"):
            all_rows(catalog, table)
    else:
        assert all_rows(catalog, table) == [(1, 20)]
    assert read(catalog, "turn.csv")[1] == [{"b": 1, "a": 20}] * 3


@pytest.mark.parametrize("large", [False, True])
def test_file_that_is_deleted_is_gone(folder, catalog, large):
    written(folder / "gone.csv", "a,b\n" + "1,20\n" * (LARGE_ROWS * 2 if large else 1))
    table = catalog.table("gone.csv")
    (folder / "gone.csv").unlink()
    if large:
        with pytest.raises(TableGone, match=r"gone\.csv was deleted while it was read"):
            all_rows(catalog, table)
    else:
        assert all_rows(catalog, table) == [(1, 20)]
    with pytest.raises(TableGone, match=r"no table gone\.csv"):
        catalog.table("gone.csv")
    check_others_work(catalog)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_file_that_is_truncated_while_it_is_downloaded_is_an_error(folder, catalog, ending):
    name = f"large.{ending}"
    if ending == "csv":
        written(folder / name, "a,b\n" + "\n".join(f"{n},{n * 7919 % 10007}" for n in range(LARGE_ROWS)))
    else:
        write_parquet(folder / name, f"SELECT range AS a, hash(range) AS b FROM range({LARGE_ROWS * 2})")
    batches = catalog.batches(Values().query(catalog.table(name).relation, catalog.dialect))
    next(batches)
    os.truncate(folder / name, 100_000)
    with pytest.raises(DataError, match=f"{name} changed while it was read"):
        list(batches)
    check_others_work(catalog)


NOT_ALLOWED = """
import os, sys
from pathlib import Path
from portico.data.errors import SourceAway, Unreadable
from portico.data.engines.duckdb.folder import FolderCatalog
from portico.data.scheduler import Watch
folder = Path(sys.argv[1])
catalog = FolderCatalog(folder, Watch(10, 4), "128MB")
os.setuid(65534)  # root may read anything
assert [each.name for each in catalog.names()] == ["closed.csv", "good.csv"]
try:
    catalog.table("closed.csv")
except Unreadable as error:
    assert str(error) == "closed.csv cannot be read: Permission denied.", error
else:
    raise AssertionError("it was read")
assert len(catalog.table("good.csv").columns) == 2
catalog = FolderCatalog(folder / "closed", Watch(10, 4), "128MB")
try:
    catalog.names()
except SourceAway as error:
    assert str(error) == "The data folder cannot be read: Permission denied.", error
else:
    raise AssertionError("it was listed")
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_file_and_folder_without_permission_are_named(tmp_path_factory):
    import tempfile  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as place:  # which another user can reach, as pytest's own cannot
        folder = os.path.join(place, "data")  # noqa: PTH118
        os.makedirs(os.path.join(folder, "closed"), mode=0o700)  # noqa: PTH103, PTH118
        for name in ("good.csv", "closed.csv"):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:  # noqa: PTH118, PTH123
                file.write("a,b\n1,x\n")
        os.chmod(os.path.join(folder, "closed.csv"), 0o600)  # noqa: PTH101, PTH118
        os.chmod(place, 0o755)  # noqa: PTH101
        os.chmod(folder, 0o755)  # noqa: PTH101
        subprocess.run([sys.executable, "-c", NOT_ALLOWED, folder], cwd=ROOT, check=True)


def test_folder_that_goes_is_named(folder, catalog):
    catalog.names()
    folder.rename(folder.parent / "elsewhere")
    with pytest.raises(SourceAway, match="data folder cannot be read"):
        catalog.names()
    with pytest.raises(DataError):
        catalog.table(GOOD)
    (folder.parent / "elsewhere").rename(folder)
    check_others_work(catalog)


# What passes by itself.


@contextmanager
def no_file_can_be_opened():
    """Let this process have as many open files as it has now."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, most[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, most)


@pytest.mark.parametrize("ending", ["csv", "csv.gz", "json", "parquet"])
def test_file_is_looked_at_again_after_what_passes_by_itself(folder, catalog, ending):
    name = f"later.{ending}"
    if ending == "parquet":
        write_parquet(folder / name, "SELECT 1 AS a")
    else:
        text = '[{"a": 1}]' if ending == "json" else "a\n1\n"
        written(folder / name, gzip.compress(text.encode()) if ending.endswith("gz") else text)
    check_others_work(catalog)
    with (
        no_file_can_be_opened(),
        pytest.raises(SourceAway, match=rf"^{name} cannot be read now: Too many open files\. Try again\.$"),
    ):
        catalog.table(name)
    assert read(catalog, name)[1] == [{"a": 1}]


def test_description_is_looked_at_again_after_what_passes_by_itself(folder, catalog):
    written(folder / f"{GOOD}.toml", 'title = "Better"\n')
    with (
        no_file_can_be_opened(),
        pytest.raises(SourceAway, match=rf"^{GOOD}\.toml cannot be read now: Too many open files\. Try again\.$"),
    ):
        catalog.table(GOOD)
    assert catalog.table(GOOD).title == "Better"


ANSWERS = [
    (duckdb.IOException('IO Error: Could not read from file "/d/Parquet/a.parquet": Input/output error'), SourceAway),
    (duckdb.IOException('IO Error: Cannot open file "/d/a.parquet": Stale file handle'), SourceAway),
    (duckdb.IOException("IO Error: something new"), SourceAway),
    (duckdb.IOException('IO Error: Cannot open file "/d/a.parquet": Permission denied'), Unreadable),
    (
        duckdb.InvalidInputException("Invalid Input Error: No magic bytes found at end of file '/d/a.parquet'"),
        Unreadable,
    ),
    (OSError(errno.ESTALE, "Stale file handle"), SourceAway),
    (PermissionError(errno.EACCES, "Permission denied"), Unreadable),
    (gzip.BadGzipFile("Not a gzipped file"), Unreadable),
]


@pytest.mark.parametrize(("error", "failure"), ANSWERS)
def test_what_passes_by_itself_is_told_from_what_is_wrong_with_a_file(error, failure):
    assert type(explained(error, "a.parquet")) is failure


@pytest.mark.parametrize("name", ["a.ndjson", "a.ndjson.gz", "a.csv.gz"])
def test_what_is_read_here_ends_with_the_patience_of_its_reader(folder, catalog, name):
    write = gzip.compress if name.endswith(".gz") else bytes
    (folder / name).write_bytes(write(b'{"a": 1}\n' * 20_000_000))
    with with_patience(Patience(query=0.1)), pytest.raises(TookTooLong, match=r"longer than 0\.1 seconds"):
        catalog.table(name)


def test_file_that_unpacks_to_too_much_is_refused(folder, catalog, monkeypatch):
    monkeypatch.setattr(file_formats, "MOST_UNPACKED_BYTES", 2**21)
    (folder / "a.csv.gz").write_bytes(gzip.compress(b"a,b\n" * 2**20))
    with pytest.raises(Unreadable, match=r"^a\.csv\.gz is too large once it is unpacked: more than 2 MB"):
        catalog.table("a.csv.gz")
