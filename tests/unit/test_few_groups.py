"""Bars worked out from all their groups are those that the engine works out."""

import random

import pytest

from portico.data.files.folder import FolderCatalog
from portico.data.questions import bars as bars_module
from portico.data.questions.bars import BarQuestion, find_bars
from portico.data.questions.few_groups import FewGroups
from portico.data.running import Watch

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


def test_nan_stands_first_and_what_is_missing_last():
    groups = FewGroups([("a", "", 1.0, 1), ("b", "", float("nan"), 1), ("c", "", None, 1), (None, "", 2.0, 1)])
    assert list(groups.largest(10, in_order=False)[0]) == ["b", None, "a", "c"]
