"""Bars worked out from all their groups are those that the engine works out."""

import random

import pytest

from portico.data.engines.duckdb import reading
from portico.data.engines.duckdb.folder import FolderCatalog
from portico.data.queries import bars as bars_module
from portico.data.queries.bars import BarQuestion, find_bars
from portico.data.queries.few_groups import FewGroups
from portico.data.queries.filters import Filter
from portico.data.query import Query, Values
from portico.data.scheduler import Watch

SEED = 7


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A table with what makes grouping hard: missing keys, parts and numbers, ties, nothing but missing numbers."""
    folder, draw = tmp_path_factory.mktemp("few"), random.Random(SEED)
    lines = ["place,part,year,amount"]
    for _ in range(600):
        place = draw.choice(["", *"abcdefghijkl"])
        amount = "" if place == "l" else draw.choice(["", "0", "-3.5", "2.25", "1000"])
        lines.append(f"{place},{draw.choice(['', *'uvwxyz123456'])},{draw.randint(2000, 2012)},{amount}")
    (folder / "t.csv").write_text("\n".join(lines))
    catalog = FolderCatalog(folder, Watch(10, 4), "128MB")
    return catalog, catalog.table("t.csv")


@pytest.mark.parametrize("x", ["place", "year"])
@pytest.mark.parametrize("split", [None, "part"])
@pytest.mark.parametrize("aggregate", ["sum", "count", "mean", "max"])
@pytest.mark.parametrize(("top", "rest"), [(3, False), (3, True), (50, True)])
def test_same_bars_as_the_engine_finds(table, monkeypatch, x, split, aggregate, top, rest):
    catalog, known = table
    measure = None if aggregate == "count" else known.columns["amount"]
    question = BarQuestion(
        known, known.columns[x], measure, aggregate, split and known.columns[split], top=top, rest=rest
    )
    here = find_bars(catalog, question)
    monkeypatch.setattr(bars_module, "_few_groups", lambda *_: None)
    engine = find_bars(catalog, question)
    assert (here.names, here.parts, here.total, here.rows) == (engine.names, engine.parts, engine.total, engine.rows)
    numbers = [{(bar.name, bar.part): bar.value for bar in found.bars} for found in (here, engine)]
    assert numbers[0] == pytest.approx(numbers[1])


def test_more_groups_than_the_first_rows_tell_are_left_to_the_engine(table, monkeypatch):
    catalog, known = table
    question = BarQuestion(known, known.columns["place"], known.columns["amount"], "sum", top=3)
    whole = find_bars(catalog, question)
    monkeypatch.setattr(bars_module, "MOST_GROUPS", 5)
    assert find_bars(catalog, question) == whole


def bars_of(tmp_path, text, **question):
    """The bars of a file with the columns `x`, `split` and `n`: the sum of n for each x and split."""
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    catalog = FolderCatalog(tmp_path, Watch(10, 4), "128MB")
    known = catalog.table("t.csv")
    columns = known.columns
    return known, find_bars(
        catalog, BarQuestion(known, columns["x"], columns["n"], "sum", columns["split"], top=50, **question)
    )


def test_groups_of_a_copy_are_told_apart_by_codes(tmp_path):
    known, _ = bars_of(tmp_path, "x,split,n\na,u,1\nb,v,2\n")
    catalog = FolderCatalog(tmp_path, Watch(10, 4), "128MB")
    codes = catalog.table("t.csv").codes
    assert codes.names.keys() == {"x", "split"}
    query = Values().query(codes.relation.group_by(codes.names["x"]).agg(n=codes.relation.n.sum()), "duckdb")
    ((_, plan),) = catalog.rows(Query(f"EXPLAIN {query.sql}"))
    assert "PERFECT_HASH_GROUP_BY" in plan
    assert known.relation.columns == ("x", "split", "n")


def test_texts_of_any_characters_are_names_of_bars(tmp_path):
    names = ["it's", 'say ""x""', "a\\b", "$1", "ünï\u0301", "-- ;", "(none)", "(empty)", "%s"]
    rows = [f'"{name}",u,{number}' for number, name in enumerate(names)]
    _, found = bars_of(tmp_path, "\n".join(["x,split,n", *rows, ",u,100"]) + "\n")
    assert {bar.name: bar.value for bar in found.bars} == {
        name.replace('""', '"'): number for number, name in enumerate(names)
    } | {"(none) (2)": 6, "(none)": 100}


def test_missing_part_is_the_one_that_is_called_so(tmp_path):
    _, found = bars_of(tmp_path, "x,split,n\na,(none),1\na,,2\na,u,4\n")
    assert {bar.part: bar.value for bar in found.bars} == {"(none)": 3, "u": 4}


@pytest.mark.parametrize(
    "texts",
    [
        [str(number) + "x" for number in range(reading.MOST_CODED + 1)],
        ["x" * (reading.LONGEST_CODED + 1), "y"],
    ],
)
def test_texts_that_are_many_or_long_have_no_codes(tmp_path, texts):
    known, found = bars_of(tmp_path, "x,split,n\n" + "".join(f"{text},u,1\n" for text in texts))
    assert known.codes.names.keys() == {"split"}
    assert found.total == len(texts)


def test_first_columns_of_a_wide_table_have_codes(tmp_path):
    names = [f"c{number}" for number in range(reading.CODED_COLUMNS + 5)]
    (tmp_path / "t.csv").write_text(f"{','.join(names)}\n{','.join(['x'] * len(names))}\n")
    table = FolderCatalog(tmp_path, Watch(10, 4), "128MB").table("t.csv")
    assert [*table.codes.names] == names[: reading.CODED_COLUMNS]
    assert [*table.columns] == names


def test_text_that_cannot_be_written_in_sql_has_no_code(tmp_path):
    (tmp_path / "t.jsonl").write_text('{"x": "a\\u0000b", "split": "u"}\n')
    table = FolderCatalog(tmp_path, Watch(10, 4), "128MB").table("t.jsonl")
    assert table.codes.names.keys() == {"split"}


def test_filter_may_ask_for_what_no_row_has(tmp_path):
    (tmp_path / "t.csv").write_text("x,split,n\na,u,1\n")
    known = FolderCatalog(tmp_path, Watch(10, 4), "128MB").table("t.csv")
    wanted = (Filter(known.columns["x"], values=("nobody", "a")), Filter(known.columns["n"], low="1"))
    _, found = bars_of(tmp_path, "x,split,n\na,u,1\n", filters=wanted)
    assert [bar.name for bar in found.bars] == ["a"]


def test_nan_stands_first_and_what_is_missing_last():
    groups = FewGroups([("a", "", 1.0, 1), ("b", "", float("nan"), 1), ("c", "", None, 1), (None, "", 2.0, 1)])
    assert list(groups.largest(10, in_order=False)[0]) == ["b", None, "a", "c"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, ["d", "a", "b", "c", None]),
        ({"e": None}, ["d", "a", "b", "c", None, "e"]),
        ({"e": float("inf"), "f": float("-inf")}, ["e", "d", "a", "b", "c", None, "f"]),
    ],
)
def test_groups_of_the_same_number_stand_in_their_order(more, expected):
    numbers = {"c": 1.0, "a": 1.0, None: 1.0, "d": 2.0, "b": 1.0} | more
    groups = FewGroups([(key, "", value, 1) for key, value in numbers.items()])
    assert list(groups.largest(10, in_order=False)[0]) == expected
