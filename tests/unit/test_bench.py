"""What the measurements rest on, apart from the sites that they measure."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest

from bench.__main__ import DOCUMENT, MACHINE, PARTS
from bench.document import Document, begin, end
from bench.drawing import STYLES, drawn
from bench.images import size_of
from bench.line import BYTES_PER_S, DELAY_S, Direction
from bench.plots import bars, lines
from bench.prerender_proxy import AS_IT_IS, OWN, WITHOUT, Proxy
from bench.report import copied, print_goal, ratio, spread

PAGE = '<head><script type="speculationrules">{"prerender": [{"eagerness": "moderate"}]}</script></head>'


VISITS = {"first visit": {"ours": [1, 2, 4], "theirs": [70, 80, 90]}, "next page": {"ours": [5], "theirs": []}}


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


def in_another_thread(work, *arguments):
    """What a function returns that drives a browser; the browser's fixtures drive theirs in this thread."""
    with ThreadPoolExecutor(1) as other:
        return other.submit(work, *arguments).result()


def test_what_is_printed_is_kept_too(capsys):
    with copied() as text:
        print("of the part")
    print("of no part")
    assert text.getvalue() == "of the part\n"
    assert capsys.readouterr().out == "of the part\nof no part\n"


@pytest.fixture
def document(tmp_path):
    file = tmp_path / "figures.md"
    places = (f"{begin(name)}\nold figures of {name}\n{end(name)}" for name in ("visits", "growth"))
    file.write_text("\nbetween\n".join(["above", *places, "below"]), encoding="utf-8")
    return Document(file)


def test_figures_take_the_place_of_those_before_and_of_nothing_else(document):
    document.fill("visits", "| \\1 new |\n", {})
    text = document.path.read_text(encoding="utf-8")
    assert text.startswith(f"above\nbetween\n{begin('visits')}\n\n| \\1 new |\n\n{end('visits')}\nbetween\n")
    assert "old figures of visits" not in text
    assert text.endswith(f"old figures of growth\n{end('growth')}\nbetween\nbelow")


def test_figures_can_take_their_own_place_again(document):
    document.fill("visits", "the same", {"light": "<svg/>"})
    once = document.path.read_text(encoding="utf-8")
    document.fill("visits", "the same", {"light": "<svg/>"})
    assert document.path.read_text(encoding="utf-8") == once


def test_plots_lie_where_the_document_shows_them(document):
    plots = {"light": "<svg>light</svg>", "dark": "<svg>dark</svg>"}
    document.fill("growth", "a table", plots)
    shown = re.findall(r'(?:src|srcset)="([^"]+)"', document.path.read_text(encoding="utf-8"))
    assert [(document.path.parent / each).read_text(encoding="utf-8") for each in shown] == [
        plots["dark"],
        plots["light"],
    ]


def test_name_without_a_place_is_told_before_anything_is_measured(document):
    assert not document.missing(["visits", "growth"])
    [message] = document.missing(["visits", "callbacks"])
    assert "figures.md has no place for callbacks" in message


def test_every_part_has_its_place_in_the_document():
    assert not Document(DOCUMENT).missing([MACHINE, *PARTS])


def test_bar_says_its_median_beyond_the_highest_figure():
    bar, number = bars({"ms": {"first visit": {"ours": [1, 2, 4]}}}).data
    assert (bar.x, number.x, number.text) == ((2,), (4,), (" 2",))
    assert (bar.error_x.array, bar.error_x.arrayminus) == ((2,), (1,))


def test_site_without_figures_has_no_bar_there():
    plot = bars({"ms": VISITS})
    assert {each.name: each.y for each in plot.data} == {
        "ours": ("first visit", "next page"),
        "theirs": ("first visit",),
    }


def test_site_without_figures_has_no_point_there():
    plot = lines({"answers a second": VISITS}, "readers")
    assert {each.name: (each.x, each.y) for each in plot.data} == {
        "ours": (("first visit", "next page"), (2, 5)),
        "theirs": (("first visit",), (80,)),
    }


def test_things_keep_their_order_whichever_a_site_has_figures_of():
    plot = lines({"answers a second": {"1": {"late": [], "all": [2]}, "8": {"late": [3], "all": [4]}}}, "readers")
    assert plot.data[0].x == ("8",)
    assert plot.layout.xaxis.categoryarray == ("1", "8")


def test_legend_names_each_site_once_and_only_where_there_are_some_to_tell_apart():
    two_panels = lines({"answers a second": VISITS, "ms": VISITS}, "readers")
    assert two_panels.layout.showlegend
    assert [each.name for each in two_panels.data if each.showlegend] == ["ours", "theirs"]
    assert len({each.line.color for each in two_panels.data}) == 2
    assert not bars({"MiB": {"3 pages": {"ours": [1]}}}).layout.showlegend


@pytest.mark.browser
@pytest.mark.parametrize(
    "plot", [bars({"kB & more": VISITS}), lines({"kB & more": VISITS}, "readers")], ids=["bars", "lines"]
)
def test_plot_is_drawn_in_the_colours_of_the_style_sheet(plot):
    pictures = in_another_thread(drawn, plot)
    grounds = re.findall("--surface: (#[0-9a-f]{6})", STYLES.read_text(encoding="utf-8"))
    assert list(pictures) == ["light", "dark"]
    for svg, ground in zip(pictures.values(), grounds, strict=True):
        texts = ["".join(each.itertext()) for each in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]
        assert {"kB & more", "first visit", "next page", "ours", "theirs"} <= set(texts)
        red, green, blue = (int(ground[place : place + 2], 16) for place in (1, 3, 5))
        assert f"fill: rgb({red}, {green}, {blue})" in svg
        assert "NaN" not in svg
