"""What the measurements rest on, apart from the sites that they measure."""

import asyncio
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise

import pytest

from bench import __main__ as bench
from bench import assets, callbacks, growth, images, visits
from bench.browser import Visit
from bench.document import Document, begin, end
from bench.images import size_of
from bench.line import BYTES_PER_S, DELAY_S, Direction
from bench.load import Load
from bench.plots import bars, lines
from bench.prerender_proxy import AS_IT_IS, OWN, WITHOUT, Proxy
from bench.report import copied, print_goal, print_table, ratio, spread

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
        asyncio.get_running_loop().time = lambda: 7.0  # all are sent at one moment
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
    text = document.path.read_text(encoding="utf-8")
    shown = re.findall(r'media="\(prefers-color-scheme: dark\)" srcset="([^"]+)"|src="([^"]+)"', text)
    shown = [dark or light for dark, light in shown]
    assert [(document.path.parent / each).read_text(encoding="utf-8") for each in shown] == [
        plots["dark"],
        plots["light"],
    ]


@pytest.mark.parametrize(
    "text",
    [
        begin("callbacks"),
        f"{end('callbacks')}{begin('callbacks')}",
        2 * f"{begin('callbacks')}{end('callbacks')}",
        f"{begin('callbacks')}{begin('images')}{end('images')}{end('callbacks')}",
    ],
    ids=["no end", "end before begin", "twice", "around another"],
)
def test_place_that_is_not_one_is_no_place(document, text):
    document.path.write_text(f"{begin('visits')}{end('visits')}{text}", encoding="utf-8")
    assert not document.missing(["visits"])
    [message] = document.missing(["visits", "callbacks"])
    assert "figures.md has not one place for callbacks" in message


def test_file_that_is_not_there_has_no_place(tmp_path):
    assert "nowhere.md" in Document(tmp_path / "nowhere.md").missing(["visits"])[0]


def test_place_that_has_gone_is_told_and_nothing_is_written(document):
    document.path.write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match=r"figures\.md has not one place for visits"):
        document.fill("visits", "new", {"light": "<svg/>"})
    assert [each.name for each in document.path.parent.iterdir()] == [document.path.name]
    assert document.path.read_text(encoding="utf-8") == "nothing"


def test_every_part_has_its_place_in_the_document():
    assert not Document(bench.DOCUMENT).missing([bench.VERSIONS, *bench.PARTS])


class FakeStack:
    def healthy(self):
        """Nothing is to be put back."""


class FakeSites(ExitStack):
    stack = FakeStack()


@pytest.fixture
def parts(monkeypatch):
    """Parts that find something, something with a plot, and nothing."""

    def fails(stack):
        print("half a table")
        raise SystemExit("no answer")

    monkeypatch.setattr(bench, "drawn", lambda plot: {"light": f"<svg>{plot}</svg>"})
    parts = {"visits": lambda stack: print("a table"), "growth": lambda stack: "a plot", "assets": fails}
    monkeypatch.setattr(bench, "PARTS", {name: (f"All {name}", part) for name, part in parts.items()})


@pytest.mark.usefixtures("parts")
def test_part_is_written_where_its_place_is_with_the_day(document, capsys):
    assert bench.measured("visits", FakeSites(), None, document)
    text = document.path.read_text(encoding="utf-8")
    assert re.search(r"visits: by make bench -->\n\na table\n\n\(visits: 0 s on \d{4}-\d\d-\d\d; load", text)
    assert "## All visits\n\na table\n" in capsys.readouterr().out


@pytest.mark.usefixtures("parts")
def test_part_with_a_plot_is_written_with_it(document):
    assert bench.measured("growth", FakeSites(), None, document)
    assert (document.path.parent / "plots" / "growth-light.svg").read_text(encoding="utf-8") == "<svg>a plot</svg>"


@pytest.mark.usefixtures("parts")
def test_part_that_fails_leaves_the_figures_of_before(document, capsys):
    before = document.path.read_text(encoding="utf-8")
    assert not bench.measured("assets", FakeSites(), None, document)
    assert document.path.read_text(encoding="utf-8") == before
    assert "no answer" in capsys.readouterr().err


@pytest.mark.usefixtures("parts")
def test_table_is_written_even_if_its_plot_cannot_be_drawn(document, monkeypatch):
    monkeypatch.setattr(bench, "drawn", lambda plot: 1 / 0)
    assert not bench.measured("growth", FakeSites(), None, document)
    assert "(growth: 0 s" in document.path.read_text(encoding="utf-8")


@pytest.fixture
def run_bench(document, parts, monkeypatch):
    """Run `python -m bench` with these arguments, on a machine that has everything."""
    monkeypatch.setattr(bench, "DOCUMENT", document.path)
    monkeypatch.setattr(bench, "Sites", FakeSites)
    monkeypatch.setattr(bench, "missing", lambda parts, document: [])
    monkeypatch.setattr(bench, "print_versions", lambda stack: print("new versions"))
    place_of_versions = f"{begin('versions')}old versions{end('versions')}"
    document.path.write_text(document.path.read_text(encoding="utf-8") + place_of_versions, encoding="utf-8")

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["bench", *arguments])
        bench.main()
        return document.path.read_text(encoding="utf-8")

    return run


def test_parts_go_on_after_one_that_fails_and_the_versions_stay(run_bench, document, capsys):
    with pytest.raises(SystemExit) as ended:
        run_bench("assets", "visits", "--write")
    assert ended.value.code == 1
    assert capsys.readouterr().err.endswith("bench: not measured, or not drawn: assets\n")
    text = document.path.read_text(encoding="utf-8")
    assert "(visits: 0 s" in text
    assert "old versions" in text


def test_versions_are_written_once_all_parts_are_of_them(run_bench, monkeypatch):
    monkeypatch.delitem(bench.PARTS, "assets")
    assert "old versions" in run_bench("visits", "--write")
    assert "new versions" in run_bench("--write")


def test_nothing_is_written_unless_asked_for(run_bench, document):
    before = document.path.read_text(encoding="utf-8")
    assert run_bench("visits", "growth") == before


@pytest.mark.parametrize("arguments", [["--rounds", "0"], ["--rounds", "many"], ["nosuchpart"]])
def test_arguments_that_say_nothing_are_refused(run_bench, capsys, arguments):
    with pytest.raises(SystemExit) as ended:
        run_bench(*arguments)
    assert ended.value.code == 2
    assert arguments[-1] in capsys.readouterr().err


def test_what_is_missing_is_told_before_anything_is_measured(document, monkeypatch):
    monkeypatch.setattr(bench, "stock_python", lambda: "python")
    for name in ("engine_is_missing", "chromium_is_missing"):
        monkeypatch.setattr(bench, name, lambda name=name: name)
    monkeypatch.setattr(bench.load, "MISSING", "no wrk")
    monkeypatch.setattr(bench.lighthouse, "MISSING", "no npm")
    reasons = bench.missing(["callbacks", "lighthouse"], document)
    assert reasons[:4] == ["engine_is_missing", "chromium_is_missing", "no wrk", "no npm"]
    assert [each.split(" for ")[1].split(":")[0] for each in reasons[4:]] == ["versions", "callbacks", "lighthouse"]
    assert "no npm" not in bench.missing(["callbacks"], None)


def test_table_stands_apart_from_a_list_above_it(capsys):
    print("- a turn is left out")
    print_table(["site"], [["ours"]])
    assert capsys.readouterr().out == "- a turn is left out\n\n| site |\n|---|\n| ours |\n\n"


def bars_of(plot):
    return [each for each in plot.data if each.type == "bar"]


def test_bar_says_its_median_beyond_the_highest_figure():
    bar, number = bars({"ms": {"first visit": {"ours": [1, 2, 4]}}}).data
    assert (bar.x, number.x, number.text) == ((2,), (4,), (" 2",))
    assert (bar.error_x.array, bar.error_x.arrayminus) == ((2,), (1,))


def test_bars_begin_at_zero_and_stand_in_the_order_of_their_things():
    plot = bars({"ms": VISITS, "kB": dict(reversed(VISITS.items()))})
    assert {each.rangemode for each in plot.select_xaxes()} == {"tozero"}
    assert {each.autorange for each in plot.select_yaxes()} == {"reversed"}
    assert [each.categoryarray for each in plot.select_yaxes()] == [tuple(VISITS), tuple(reversed(VISITS))]


def test_site_without_figures_has_no_bar_there():
    plot = bars({"ms": VISITS})
    assert [(each.name, each.y, each.x) for each in bars_of(plot)] == [
        ("ours", ("first visit", "next page"), (2, 5)),
        ("theirs", ("first visit",), (80,)),
    ]


def test_site_without_figures_has_no_point_there():
    plot = lines({"answers a second": VISITS}, "readers")
    assert [(each.name, each.x, each.y, each.error_y.array) for each in plot.data] == [
        ("ours", ("first visit", "next page"), (2, 5), (2, 0)),
        ("theirs", ("first visit",), (80,), (10,)),
    ]


def test_things_keep_their_order_whichever_a_site_has_figures_of():
    panel = {"1": {"late": [], "all": [2]}, "8": {"late": [3], "all": [4]}}
    plot = lines({"answers a second": panel, "ms": panel}, "readers")
    assert plot.data[0].x == ("8",)
    assert [each.categoryarray for each in plot.select_xaxes()] == [("1", "8"), ("1", "8")]


def test_lines_go_along_powers_of_ten_and_say_so():
    plot = lines({"answers a second": VISITS}, "readers")
    assert plot.layout.yaxis.type == "log"
    assert [each.text for each in plot.layout.annotations] == ["answers a second, logarithmic"]


@pytest.mark.parametrize("plot", [bars({"kB": VISITS, "ms": VISITS}), lines({"kB": VISITS, "ms": VISITS}, "readers")])
def test_legend_names_each_site_once(plot):
    assert plot.layout.showlegend
    assert [each.name for each in plot.data if each.showlegend] == ["ours", "theirs"]


def test_legend_is_left_out_where_there_is_nothing_to_tell_apart():
    assert not bars({"MiB": {"3 pages": {"ours": [1]}}}).layout.showlegend


def test_site_has_its_colour_and_its_mark_in_every_panel():
    of_bars = {(each.name, each.marker.color) for each in bars_of(bars({"kB": VISITS, "ms": VISITS}))}
    drawn = lines({"kB": VISITS, "ms": VISITS}, "readers").data
    of_lines = {(each.name, each.marker.color) for each in drawn}
    assert of_bars == of_lines
    assert len({color for _, color in of_bars}) == 2
    assert len({(each.name, each.marker.symbol) for each in drawn}) == len({each.marker.symbol for each in drawn}) == 2


def test_more_sites_than_colours_are_drawn():
    panel = {"first visit": {f"site {number}": [number] for number in range(9)}}
    assert len(bars_of(bars({"ms": panel, "kB": panel}))) == 18


def titles_of(plot):
    return [each.text for each in plot.layout.annotations]


LOADS = {
    (kind, site, readers): [Load(answers=20, seconds=2, bytes=4, failed=0, p50_ms=5 * readers, p99_ms=7 * readers)]
    for kind, site in [("not cached", callbacks.BY_GATEWAY), ("cached", callbacks.BY_GATEWAY)]
    for readers in callbacks.READERS
}


def test_plot_of_visits_has_bytes_requests_and_the_time_on_each_line():
    made = {("loopback", "first visit", "Portico"): [Visit(bytes=2000, script=1, requests=3, ms=4)]}
    made |= {("10 Mbit/s, 40 ms", "first visit", "Portico"): [Visit(bytes=9, script=9, requests=9, ms=5)]}
    plot = visits.plotted(made)
    assert titles_of(plot) == [
        "on the wire (kB)",
        "requests",
        "to a drawn chart, loopback (ms)",
        "to a drawn chart, 10 Mbit/s, 40 ms (ms)",
    ]
    assert [each.x for each in bars_of(plot)] == [(2,), (3,), (4,), (5,)]


def test_plot_of_callbacks_has_their_number_and_both_times():
    plot = callbacks.plotted(LOADS)
    assert titles_of(plot) == [f"{each}, logarithmic" for each in ("answers a second", "p50 (ms)", "p99 (ms)")]
    through = [each.y for each in plot.data if each.name == callbacks.BY_GATEWAY]
    assert through == [(10, 10, 10), (5, 40, 320), (7, 56, 448)]
    assert {each.name for each in plot.data} == {callbacks.BY_GATEWAY, f"{callbacks.BY_GATEWAY}, cached"}


def test_plot_of_shared_files_has_both_servers():
    plot = assets.plotted({assets.GATEWAY: LOADS["cached", callbacks.BY_GATEWAY, 1], assets.PLAIN: []})
    assert titles_of(plot) == ["files a second", "p50 (ms)", "p99 (ms)"]
    assert [each.x for each in bars_of(plot)] == [(10,), (5,), (7,)]


def test_plot_of_starts_has_sites_and_containers():
    plot = images.plotted({"Portico": [[1, 2, 3], [50]]}, {"home": [(4, 5, 6)]}, {"home": (400, 1)})
    assert [title.rpartition(" (")[0] for title in titles_of(plot)] == [
        "start to first answer",
        "memory, PSS",
        "container: start to first answer",
        "container: memory after callbacks",
        "image",
    ]
    assert [each.x for each in bars_of(plot)] == [(2,), (50,), (4,), (6,), (400,)]


def test_plot_of_growth_has_what_its_tables_have():
    [load] = LOADS["cached", callbacks.BY_GATEWAY, 1]
    met = growth.Containers(Visit(bytes=2000, script=1, requests=3, ms=4), load, load, gateway_mib=9)
    plot = growth.plotted({"3 pages": [growth.Embedded(1, 130)]}, {3: [met], 30: [met]})
    assert titles_of(plot) == [
        *(f"in containers: {name}" for name in growth.COLUMNS),
        "embedded: start to first answer (s)",
        "embedded: memory, PSS (MiB)",
    ]
    assert [each.x[0] for each in bars_of(plot)] == [2, 3, 4, 5, 7, 10, 9, 1, 130]
