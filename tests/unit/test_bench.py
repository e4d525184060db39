"""What the measurements rest on, apart from the sites that they measure."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest

from bench.images import size_of
from bench.line import BYTES_PER_S, DELAY_S, Direction
from bench.prerender_proxy import AS_IT_IS, OWN, WITHOUT, Proxy
from bench.report import print_goal, ratio, spread

PAGE = '<head><script type="speculationrules">{"prerender": [{"eagerness": "moderate"}]}</script></head>'


def test_figure_is_written_with_its_spread():
    assert spread([3, 1, 20]) == "3 (1–20)"


def test_ratio_is_that_of_the_medians():
    assert ratio([1, 2, 90], [4, 4, 5]) == 0.5


@pytest.mark.parametrize(
    ("value", "goal", "word"),
    [
        (0.5, {"most": 0.5}, "met"),
        (0.6, {"most": 0.5}, "MISSED"),
        (15, {"least": 15}, "met"),
        (14, {"least": 15}, "MISSED"),
    ],
)
def test_goal_says_whether_it_is_met(capsys, value, goal, word):
    print_goal("bytes", value, **goal)
    assert capsys.readouterr().out.endswith(f": {word}\n")


@pytest.mark.parametrize("goal", [{"most": 1}, {"least": 1}])
def test_figure_that_could_not_be_taken_misses_its_goal(capsys, goal):
    print_goal("bytes", ratio([], []), **goal)
    assert "MISSED" in capsys.readouterr().out


@pytest.mark.parametrize(("text", "size"), [("84.5MiB", 84.5 * 1024 * 1024), ("408MB", 408e6), ("1.733kB", 1733)])
def test_size_is_read_as_docker_writes_it(text, size):
    assert size_of(text) == pytest.approx(size)


def in_a_loop(work):
    """What a coroutine returns; in a thread of its own, for the browser's fixtures keep a loop in this one."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(lambda: asyncio.run(work())).result()


def test_line_sends_pieces_one_after_the_other():
    async def arrivals() -> list[float]:
        way = Direction()
        return await asyncio.gather(*(way.send(1250) for _ in range(5)))

    arrived = in_a_loop(arrivals)
    assert [later - earlier for earlier, later in pairwise(arrived)] == pytest.approx([1250 / BYTES_PER_S] * 4)


def test_piece_arrives_after_the_delay_of_the_line():
    async def arrival() -> float:
        begin = asyncio.get_running_loop().time()
        return await Direction().send(1250) - begin

    assert in_a_loop(arrival) >= DELAY_S + 1250 / BYTES_PER_S


def test_rules_of_the_site_are_passed_on_so_that_they_wait_for_no_pointer():
    page = Proxy("", AS_IT_IS).changed(PAGE)
    assert '"eagerness": "immediate"' in page
    assert "moderate" not in page


def test_page_without_its_rules_has_none():
    assert "speculationrules" not in Proxy("", WITHOUT).changed(PAGE)


def test_page_with_rules_of_the_measurement_has_only_those():
    assert Proxy("", OWN).changed(PAGE).count('type="speculationrules"') == 1
