"""The reader's own tables: a folder of twelve, charts of each, and a folder that changes while pages are open."""

import re
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.charts import (
    DRAWN,
    bars,
    caption,
    chosen,
    control,
    double_click,
    drag,
    expect_values,
    lines,
    names_of_bars,
    open_chart,
    option,
    options,
    pick,
    points,
    unfold,
    unroll,
    without_room,
)
from tests.browser.conftest import PHONE, tab
from tests.browser.test_every_view import GOOD_SHIFT, SHIFTED, grave
from tests.data.real_tables import real_tables, write_folder
from tests.processes import running

pytestmark = pytest.mark.browser

FILES = sorted(table.file for table in real_tables().values())
LONG = "A department whose name is as long as only the names of departments are, and then some"
# In milliseconds, of which a pixel's share of the sensors' two days is some 200 000.
SEEN_TIMES = """() => {
    const { x } = document.querySelector("#chart .js-plotly-plot")._fullData[0];
    const [first, last] = document.querySelector("#chart .js-plotly-plot")._fullLayout.xaxis.range.map((end) => Date.parse(end + "Z"));
    return [...x].map((each) => typeof each === "number" ? each : Date.parse(each + "Z")).filter((each) => first <= each && each <= last).length;
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder with the twelve tables."""
    folder = tmp_path_factory.mktemp("own")
    write_folder(folder)
    return folder


@pytest.fixture(scope="module")
def own(folder):
    """The address of a site whose data is the folder."""
    with running("gateway", PORTICO_DATA=str(folder)) as own:
        yield own


@pytest.fixture(scope="module")
def reader(open_profile, own):
    """A profile of its own: closed, it holds no connection to a site that has to stop."""
    with open_profile() as context:
        yield context


@pytest.fixture
def page(reader, faults):
    with tab(reader, faults) as page:
        yield page


@pytest.fixture
def open_page(reader, faults):
    with contextmanager(lambda: (yield lambda **kind: tab(reader, faults, **kind)))() as opened:
        yield opened


def query(page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query, keep_blank_values=True)


def downloaded(page, name: str) -> bytes:
    """What a button or link below the chart saves."""
    with page.expect_download() as download:
        page.locator(f"#{name}").click()
    return Path(download.value.path()).read_bytes()


@pytest.mark.parametrize("kind", ["barchart", "linechart"])
@pytest.mark.parametrize("file", FILES)
def test_every_table_opens_with_a_chart(page, own, kind, file):
    open_chart(page, f"{own}/{kind}/?table={file}")
    expect((bars if kind == "barchart" else lines)(page).first).to_be_visible()
    expect(page.locator("#notice")).to_be_hidden()
    expect(page.locator("#facts")).to_contain_text("rows read")
    assert without_room(page, "#chart .xtick text") == []


def test_another_table_starts_anew(page, own):
    open_chart(page, f"{own}/barchart/?table=orders.csv&x=product&aggregate=mean&split=region&in.region=North")
    pick(page, "table", "Elections")
    expect(caption(page)).to_have_text("Mean of Votes by Party")  # of what was chosen, what fits stays
    expect(page).to_have_url(f"{own}/barchart/?table=elections.csv.gz&aggregate=mean")
    pick(page, "aggregate", "Sum")
    pick(page, "table", "Tickets")
    expect(page).to_have_url(f"{own}/barchart/?table=tickets.parquet")
    expect(chosen(page, "x")).to_have_text("Urgent")
    expect(page.locator("#notice")).to_be_hidden()


def test_file_that_is_put_into_the_folder_is_offered_without_a_restart(page, own, folder):
    open_chart(page, f"{own}/barchart/?table=orders.csv")
    new = folder / "brand_new.csv"
    new.write_text("kind,amount\nred,3\nblue,5\n", encoding="utf-8")
    try:
        page.reload()
        expect(page.locator(DRAWN).first).to_be_visible()
        pick(page, "table", "Brand new")
        expect(caption(page)).to_contain_text("Amount by Kind")
        expect_values(page, "5", "3")
        assert names_of_bars(page) == ["blue", "red"]
    finally:
        new.unlink()


def test_table_that_is_taken_away_is_said_and_the_others_stay(page, own, folder):
    gone = folder / "short_lived.csv"
    gone.write_text("kind,amount\nred,3\nblue,5\n", encoding="utf-8")
    open_chart(page, f"{own}/barchart/?table=short_lived.csv")
    gone.unlink()
    unfold(page, "look")
    option(page, "order", "name").click()  # which is gone before it could be seen as checked
    expect(caption(page)).to_have_text("short_lived.csv is no longer there. Choose another table.")
    expect(page.locator("#chart .annotation-text")).to_have_text(
        "short_lived.csv is no longer there. Choose another table."
    )
    expect(page.locator("#controls .control-label")).to_have_text(["Table"])
    expect(chosen(page, "table")).to_have_text("short_lived.csv")
    pick(page, "table", "Orders")
    expect(caption(page)).to_contain_text("Sum of Amount by Region")
    expect(bars(page)).to_have_count(4)


def test_way_back_to_a_table_that_is_gone_says_so_and_shows_nothing_else(page, own, folder):
    gone, orders = folder / "short_lived.csv", re.compile(r"/barchart/\?table=orders\.csv(&order=name)?$")
    gone.write_text("kind,amount\nred,3\nblue,5\n", encoding="utf-8")
    open_chart(page, f"{own}/barchart/?table=short_lived.csv&order=name")
    pick(page, "table", "Orders")
    expect(caption(page)).to_contain_text("Sum of Amount by Region")
    expect(page).to_have_url(orders)  # it is shown, and not only asked for
    gone.unlink()
    page.go_back()
    expect(caption(page)).to_have_text("short_lived.csv is no longer there. Choose another table.")
    expect(page).to_have_url(f"{own}/barchart/?table=short_lived.csv&order=name")
    expect(bars(page)).to_have_count(0)
    expect(page.locator("#facts")).to_have_text("")
    expect(page.locator("#notice")).to_be_hidden()
    expect(page.locator("#controls-data .control-label")).to_have_text(["Table"])
    expect(chosen(page, "table")).to_have_text("short_lived.csv")
    expect(page.locator("#panel-look")).to_be_hidden()
    expect(page.locator("#panel-filter")).to_be_hidden()
    page.go_forward()
    expect(caption(page)).to_contain_text("Sum of Amount by Region")
    expect(bars(page)).to_have_count(4)
    expect(page).to_have_url(orders)
    page.go_back()
    expect(caption(page)).to_have_text("short_lived.csv is no longer there. Choose another table.")
    pick(page, "table", "Cities")  # the first of all
    expect(caption(page)).to_contain_text(" by ")
    expect(bars(page).first).to_be_visible()
    assert query(page)["table"] == ["cities.json"]


def test_stretch_that_ends_at_midnight_ends_there(page, own):
    open_chart(page, f"{own}/linechart/?table=sensors.parquet")
    page.evaluate("""() => window.Plotly.relayout(document.querySelector("#chart .js-plotly-plot"),
        { "xaxis.range[0]": "2024-03-01 20:00", "xaxis.range[1]": "2024-03-02" })""")
    expect(page).to_have_url(re.compile("from.measured_at=.*to.measured_at="))
    expect(caption(page)).to_contain_text("2024-03-01T20:00:00 to 2024-03-02T00:00:00")
    expect(page).to_have_url(re.compile("to.measured_at=2024-03-02T00%3A00%3A00"))


def test_stretch_of_many_points_is_asked_for_anew_and_shows_more(page, own):
    open_chart(page, f"{own}/linechart/?table=sensors.parquet")
    expect(page.locator("#facts")).to_contain_text("20,000 rows read")
    expect(page.locator("#facts")).to_contain_text("zoom in for more")
    whole = page.evaluate(SEEN_TIMES)
    drag(page, 0.40, 0.41)
    expect(page).to_have_url(re.compile("from.measured_at=.*to.measured_at="))
    expect(page.locator("#facts")).not_to_contain_text("zoom in for more")
    expect(page.locator("#chart[aria-busy]")).to_have_count(0)
    bounds = query(page)
    assert bounds["from.measured_at"][0].startswith("2024-03-01T2")
    assert bounds["from.measured_at"] < bounds["to.measured_at"]
    stretch = page.evaluate(SEEN_TIMES)
    assert 100 < stretch <= 210, "each of the rows of 1 % of the time"
    assert stretch / 0.01 > 2 * whole, "no more detail than there was"
    double_click(page, f"{own}/linechart/?table=sensors.parquet")
    expect(page.locator("#facts")).to_contain_text("20,000 rows read")
    expect(page.locator("#facts")).to_contain_text("zoom in for more")
    assert page.evaluate(SEEN_TIMES) >= whole  # the page opened before it said how wide it is


def test_filter_finds_a_value_that_was_not_sent_along(page, own):
    open_chart(page, f"{own}/barchart/?table=employees.csv&x=name&filter=name")
    unfold(page, "filter")
    unroll(page, "in.name")
    assert "Person 249" not in page.content()
    page.locator(".dash-dropdown-search").fill("son 249")
    expect(options(page)).to_have_text(["Person 249"])
    options(page).click()
    expect(caption(page)).to_contain_text("Name: Person 249")
    expect(bars(page)).to_have_count(1)
    assert query(page)["in.name"] == ["Person 249"]


def test_empty_text_can_be_chosen_in_a_filter(page, own, folder):
    made = folder / "made.json"
    made.write_text('[{"kind": "", "n": 3}, {"kind": "red", "n": 5}, {"kind": null, "n": 7}]', encoding="utf-8")
    try:
        open_chart(page, f"{own}/barchart/?table=made.json&x=kind&measure=n&filter=kind")
        unfold(page, "filter")
        unroll(page, "in.kind")
        expect(options(page)).to_have_text(["(none)", "(empty)", "red"])
        options(page).get_by_text("(empty)").click()
        expect(caption(page)).to_contain_text("Kind: (empty)")
        expect_values(page, "3")
        assert names_of_bars(page) == ["(empty)"]
    finally:
        made.unlink()


def test_view_is_taken_away_as_text_and_as_pictures(page, own):
    open_chart(page, f"{own}/barchart/?table=orders.csv&split=product")
    text = downloaded(page, "csv").decode("utf-8-sig").splitlines()
    assert text[0].lower().startswith("region,product,")
    assert len(text) == 1 + 4 * 10
    assert downloaded(page, "parquet").startswith(b"PAR1")
    assert downloaded(page, "png").startswith(b"\x89PNG")
    picture = downloaded(page, "svg").decode()
    assert picture.startswith("<svg")
    assert "Sum of Amount by Region, split by Product" in picture


def test_parts_are_stacked_grouped_or_shares(page, own):
    open_chart(page, f"{own}/barchart/?table=orders.csv&split=product")
    unfold(page, "look")
    expect(bars(page)).to_have_count(4 * 8)  # seven products and the others
    stacked = page.locator("#chart .barlayer").bounding_box()["width"]
    option(page, "style", "share").check()
    expect(page.locator("#chart .xtitle")).to_have_text("Share of the total (%)")
    expect(page.locator("#chart .xtick text").last).to_have_text("100")
    option(page, "style", "grouped").check()
    expect(page.locator("#chart .xtitle")).to_have_text("Sum of Amount")
    expect(page).to_have_url(re.compile("style=grouped"))
    assert page.locator("#chart .barlayer").bounding_box()["width"] <= stacked * 1.1


def test_time_step_is_chosen(page, own):
    open_chart(page, f"{own}/barchart/?table=orders.csv&x=order_date")
    expect(caption(page)).to_contain_text("a bar per month")
    expect(bars(page)).to_have_count(23)
    pick(page, "grain", "Year")
    expect(bars(page)).to_have_count(2)
    expect(page).to_have_url(f"{own}/barchart/?table=orders.csv&x=order_date&grain=year")
    open_chart(page, f"{own}/linechart/?table=orders.csv&split=-&grain=quarter")
    expect(points(page)).to_have_count(8)


def test_what_is_shown_of_a_line_is_chosen(page, own):
    open_chart(page, f"{own}/linechart/?table=stocks.csv")
    unfold(page, "look")
    pick(page, "shown", "Indexed, first = 100")
    expect(page.locator("#chart .ytitle")).to_have_text("Close (first = 100)")
    pick(page, "shown", "Running mean")
    expect(control(page, "window")).to_be_visible()
    expect(caption(page)).to_contain_text("running mean of 7 points")


def test_names_from_a_table_are_no_markup(page, own):
    open_chart(page, f"{own}/barchart/?table=employees.csv&x=department")
    assert "<b>Legal</b>" in names_of_bars(page)
    open_chart(page, f"{own}/linechart/?table=employees.csv&split=department")
    expect(page.locator("#chart .legendtext").first).to_have_text("<b>Legal</b>")


@pytest.mark.parametrize("size", [PHONE, (1280, 900)], ids=["phone", "desktop"])
def test_one_bar_and_names_that_are_long_leave_room_for_the_chart(open_page, own, folder, size):
    odd = folder / "odd.csv"
    odd.write_text(f'department,kind,amount\n"{LONG}",only,3\nShort,only,5\n', encoding="utf-8")
    try:
        with open_page(size=size) as page:
            open_chart(page, f"{own}/barchart/?table=odd.csv&x=kind")
            expect(bars(page)).to_have_count(1)
            open_chart(page, f"{own}/barchart/?table=odd.csv&x=department")
            expect(bars(page)).to_have_count(2)
            plot = page.locator("#chart .nsewdrag").first.bounding_box()
            svg = page.locator("#chart .main-svg").first.bounding_box()
            names = page.locator("#chart .yaxislayer-above").bounding_box()
            assert svg["x"] <= names["x"] + 1
            assert plot["width"] >= size[0] / 6
            assert names_of_bars(page) == ["Short", "A department whose na…"]
            bars(page).last.hover(force=True)
            expect(page.locator("#chart .hovertext")).to_contain_text(LONG)
            assert page.evaluate("document.documentElement.scrollWidth") == size[0]
    finally:
        odd.unlink()


@pytest.mark.parametrize(
    "view", ["barchart/?table=orders.csv&x=order_date&split=region", "linechart/?table=orders.csv&split=product"]
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_grave_nothing_moves_and_all_has_room_on_a_phone(open_page, own, view, scheme):
    with open_page(size=PHONE, scheme=scheme) as page:
        open_chart(page, f"{own}/{view}")
        assert page.evaluate(SHIFTED) < GOOD_SHIFT
        assert without_room(page, "#chart .xtick text") == []
        unfold(page, "look", "filter")
        assert grave(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
