"""What every chart page does around its chart, on a small site whose chart is made up."""

import re
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.charts import CALLBACKS, back, caption, double_click, drag, open_chart, unanswered
from tests.browser.conftest import PHONE, tab
from tests.browser.test_every_view import GOOD_SHIFT, SHIFTED, grave
from tests.made_up_chart import SLOW_S
from tests.processes import ROOT, running
from tests.small_sites import write_site

pytestmark = pytest.mark.browser

REGISTRY = """
[site]
title = "Small"
[[page]]
name = "chart"
pure = true
[[page]]
name = "other"
"""
QUIET_MS = 400  # in which a question that should not be asked would be
UNTOUCHED = "weight by kind in 2007 of all, linear"


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """The address of a page with a made-up chart."""
    source = (ROOT / "tests" / "made_up_chart.py").read_text(encoding="utf-8")
    folder = write_site(tmp_path_factory.mktemp("shell"), {"chart": source, "other": source}, REGISTRY)
    with running("portico", PORTICO_SITE=str(folder)) as site:
        yield f"{site}/chart/"


@pytest.fixture(scope="module")
def reader(open_profile, shell):
    """A profile of its own: closed, it holds no connection to a site that has to stop."""
    with open_profile() as context:
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        yield context


@pytest.fixture
def page(reader, faults):
    with tab(reader, faults) as page:
        yield page


@pytest.fixture
def open_page(reader, faults):
    with contextmanager(lambda: (yield lambda **kind: tab(reader, faults, **kind)))() as opened:
        yield opened


def control(page, name: str) -> Locator:
    return page.locator(f'[id=\'{{"field":"{name}"}}\']')


def option(page, name: str, value: str) -> Locator:
    return control(page, name).locator(f"input[value='{value}']")


def pick(page, name: str, label: str) -> None:
    """Choose an option of a list and close it."""
    control(page, name).locator("button.dash-dropdown").click()
    page.locator(".dash-dropdown-content .dash-dropdown-option").filter(has_text=label).click()
    page.keyboard.press("Escape")


def unfold(page, *groups: str) -> None:
    for group in groups:
        page.locator(f"#summary-{group}").click()


def query(page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query, keep_blank_values=True)


def questions(page) -> list[str]:
    """Collect the bodies that the page sends to the server from here on."""
    asked = []
    page.on("request", lambda request: asked.append(request.post_data) if "_dash-update" in request.url else None)
    return asked


def test_page_opens_with_its_chart_and_asks_for_nothing(page, shell):
    asked = questions(page)
    open_chart(page, f"{shell}?by=place&in.full+name=name+7&from.time=2024-01-05")
    expect(caption(page)).to_have_text("weight by place in 2007 of name 7, linear")
    expect(page.locator("#facts")).to_have_text("1,000 rows read · data of today")
    page.wait_for_timeout(QUIET_MS)
    assert asked == []


def test_change_is_one_question_and_one_step(page, shell):
    open_chart(page, shell)
    steps = page.evaluate("history.length")
    asked = questions(page)
    option(page, "by", "place").check()
    expect(caption(page)).to_have_text("weight by place in 2007 of all, linear")
    expect(page).to_have_url(f"{shell}?by=place")
    expect(control(page, "detail")).to_be_visible()
    page.wait_for_timeout(QUIET_MS)
    assert len(asked) == 1
    assert page.evaluate("history.length") == steps + 1


def test_default_is_not_in_the_address(page, shell):
    open_chart(page, f"{shell}?by=place")
    option(page, "by", "kind").check()
    expect(page).to_have_url(shell)


def test_every_kind_of_control_is_kept_in_the_address_and_read_back(page, shell):
    open_chart(page, shell)
    unfold(page, "look", "filter")
    option(page, "scale", "log").check()
    control(page, "year").locator("[role=slider]").press("ArrowLeft")
    control(page, "range.year").locator("[role=slider]").first.press("ArrowRight")
    pick(page, "kind", "Bread")
    control(page, "from.weight").locator("input").fill("7.5")
    control(page, "from.weight").locator("input").press("Enter")
    control(page, "to.time").locator("input").fill("2024-01-20")
    control(page, "to.time").locator("input").press("Tab")
    expect(page).to_have_url(
        f"{shell}?scale=log&year=2002&range.year=1957&range.year=2007&kind=b&from.weight=7.5&to.time=2024-01-20"
    )
    page.reload()
    expect(caption(page)).to_have_text("weight by kind in 2002 of all, log")
    unfold(page, "filter")
    expect(control(page, "from.weight").locator("input")).to_have_value("7.5")
    expect(control(page, "kind").locator(".dash-dropdown-value-item")).to_have_text(["Bread"])
    expect(page.locator("#summary-look")).to_have_text("LookScale")


def test_back_and_forward_restore_controls_and_chart(page, shell):
    open_chart(page, shell)
    option(page, "by", "place").check()
    expect(page).to_have_url(f"{shell}?by=place")
    pick(page, "table", "Order book")
    expect(caption(page)).to_have_text("price by place in 2007 of all, linear")
    back(page)
    expect(caption(page)).to_have_text("weight by place in 2007 of all, linear")
    expect(control(page, "table").locator("button")).to_contain_text("Fruit")
    back(page)
    expect(caption(page)).to_have_text(UNTOUCHED)
    expect(option(page, "by", "kind")).to_be_checked()
    expect(page).to_have_url(shell)
    back(page, -2)
    expect(caption(page)).to_have_text("price by place in 2007 of all, linear")
    expect(page).to_have_url(f"{shell}?table=order+book&by=place")


def test_steps_taken_back_in_one_jump_add_none(page, shell):
    open_chart(page, shell)
    option(page, "by", "place").check()
    pick(page, "measure", "Price")
    pick(page, "table", "Order book")
    expect(caption(page)).to_have_text("price by place in 2007 of all, linear")
    expect(page).to_have_url(f"{shell}?table=order+book&by=place")
    steps = page.evaluate("history.length")
    back(page, 3)
    expect(caption(page)).to_have_text(UNTOUCHED)
    expect(page).to_have_url(shell)
    page.wait_for_timeout(QUIET_MS)
    assert page.evaluate("history.length") == steps


def test_change_after_back_is_a_step_of_its_own(page, shell):
    open_chart(page, shell)
    option(page, "by", "place").check()
    expect(control(page, "detail")).to_be_visible()
    back(page)
    expect(control(page, "detail")).to_be_hidden()
    pick(page, "measure", "Price")
    expect(page).to_have_url(f"{shell}?measure=price")
    back(page)
    expect(caption(page)).to_have_text(UNTOUCHED)


@pytest.mark.parametrize("kept", [True, False], ids=["kept by the browser", "loaded anew"])
def test_back_from_another_page_shows_the_view_that_was_left(page, shell, kept):
    open_chart(page, shell)
    if not kept:
        page.evaluate("addEventListener('unload', () => {})")  # which rules the back-forward cache out
    option(page, "by", "place").check()
    expect(page).to_have_url(f"{shell}?by=place")
    page.get_by_role("navigation").get_by_text("Other").click()
    expect(caption(page)).to_have_text(UNTOUCHED)
    back(page)
    expect(page).to_have_url(f"{shell}?by=place")
    expect(caption(page)).to_have_text("weight by place in 2007 of all, linear")
    back(page)
    expect(caption(page)).to_have_text(UNTOUCHED)
    expect(option(page, "by", "kind")).to_be_checked()


def test_step_to_the_content_asks_for_nothing(page, shell):
    open_chart(page, f"{shell}?by=place")
    asked = questions(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    back(page)
    expect(page).to_have_url(f"{shell}?by=place")
    page.wait_for_timeout(QUIET_MS)
    assert asked == []


def test_another_table_drops_what_does_not_fit_it_without_a_word(page, shell):
    open_chart(page, f"{shell}?measure=weight&from.weight=5&by=place")
    pick(page, "table", "Order book")
    expect(page).to_have_url(f"{shell}?table=order+book&by=place")
    expect(page.locator("#notice")).to_be_hidden()
    expect(control(page, "measure").locator("button")).to_contain_text("Price")


def test_what_an_address_says_and_nobody_understands_is_said_and_left_there(page, shell):
    open_chart(page, f"{shell}?year=9999&<b>=1")
    note = page.locator("#notice")
    expect(note).to_have_text("Not understood in the address, and left out: year = 9999, <b>.")
    assert query(page) == {"year": ["9999"], "<b>": ["1"]}
    option(page, "by", "place").check()
    expect(page).to_have_url(f"{shell}?by=place")
    expect(note).to_be_hidden()


def test_what_a_field_does_not_take_is_said_and_taken_out(page, shell):
    open_chart(page, shell)
    unfold(page, "filter")
    field = control(page, "from.weight").locator("input")
    field.fill("many")
    field.press("Enter")
    expect(page.locator("#notice")).to_have_text("Not understood, and left out: from.weight = many.")
    expect(field).to_have_value("")
    field.fill("5")
    field.press("Enter")
    expect(page).to_have_url(f"{shell}?from.weight=5")
    expect(page.locator("#notice")).to_be_hidden()
    field.fill("")
    field.press("Enter")
    expect(page).to_have_url(shell)


def test_note_of_a_view_is_shown_with_it(page, shell):
    open_chart(page, f"{shell}?scale=log")
    expect(page.locator("#notice")).to_have_text("A log scale has no place for 3 rows.")


def test_data_that_is_away_is_said_in_the_place_of_the_chart(page, shell):
    open_chart(page, shell)
    unfold(page, "look")
    option(page, "pace", "away").check()
    expect(caption(page)).to_have_text("The database does not answer.")
    expect(page).to_have_url(f"{shell}?pace=away")
    option(page, "pace", "fast").check()
    expect(caption(page)).to_have_text(UNTOUCHED)


def test_controls_stay_where_their_table_is_away(page, shell):
    page.goto(f"{shell}?by=place&gone=1")
    expect(page.locator("#chart .ytick text").first).to_be_visible()


def test_long_list_is_searched_on_the_server(page, shell):
    open_chart(page, shell)
    unfold(page, "filter")
    control(page, "in.full%20name").locator("button.dash-dropdown").click()
    options = page.locator(".dash-dropdown-content .dash-dropdown-option")
    expect(options.first).to_have_text("Name 0")
    page.locator(".dash-dropdown-search").press_sequentially("name 15")
    expect(options).to_have_count(11)
    options.filter(has_text=re.compile("^Name 15$")).click()
    expect(caption(page)).to_have_text("weight by kind in 2007 of name 15, linear")
    options.filter(has_text=re.compile("^Name 157$")).click()
    expect(caption(page)).to_have_text("weight by kind in 2007 of name 15, name 157, linear")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(options).to_have_count(0)
    expect(control(page, "in.full%20name").locator(".dash-dropdown-value-item")).to_have_count(2)
    expect(page).to_have_url(f"{shell}?in.full+name=name+15&in.full+name=name+157")


def test_search_asks_once_for_a_word_that_is_typed(page, shell):
    open_chart(page, shell)
    unfold(page, "filter")
    control(page, "in.full%20name").locator("button.dash-dropdown").click()
    options = page.locator(".dash-dropdown-content .dash-dropdown-option")
    expect(options.first).to_have_text("Name 0")
    asked = questions(page)
    page.locator(".dash-dropdown-search").press_sequentially("name 157", delay=20)
    expect(options).to_have_text(["Name 157"])
    page.wait_for_timeout(QUIET_MS)
    assert len(asked) <= 2


def test_wait_is_shown_and_moves_nothing(page, shell):
    open_chart(page, shell)
    unfold(page, "look")
    option(page, "pace", "slow").check()
    page.mouse.move(0, 0)
    before = page.evaluate("document.querySelector('#chart').getBoundingClientRect().y")
    expect(page.locator("#figure")).to_have_attribute("aria-busy", "true")
    expect(page.locator("#working")).to_be_visible()
    assert page.evaluate("document.querySelector('#chart').getBoundingClientRect().y") == before
    # A busy machine may show the next one first.
    expect(page.locator("#seconds")).to_have_text(re.compile(r"^\s*[2-9] s$"))
    expect(page.locator("#working")).to_be_hidden(timeout=(SLOW_S + 5) * 1000)
    expect(page.locator("#figure")).not_to_have_attribute("aria-busy", "true")


def test_quick_answer_needs_no_word(page, shell):
    open_chart(page, shell)
    page.evaluate("""
        new MutationObserver(() => { window.seen += 1; }).observe(document.getElementById("working"), {attributes: true});""")

    def changes_of_the_word(by: str, address: str) -> int:
        page.evaluate("window.seen = 0")
        option(page, "by", by).check()
        expect(page).to_have_url(address)
        return page.evaluate("window.seen")

    choices = [("place", f"{shell}?by=place"), ("kind", shell)] * 2  # on a busy machine an answer may not be quick
    assert any(changes_of_the_word(*each) <= 1 for each in choices)  # hidden, as it was


def test_cancelled_wait_leaves_the_chart_the_controls_and_the_address_as_they_were(page, shell):
    open_chart(page, f"{shell}?by=place")
    unfold(page, "look")
    steps = page.evaluate("history.length")
    option(page, "pace", "slow").check()
    page.get_by_role("button", name="Cancel").click()
    expect(page.locator("#notice")).to_have_text("Cancelled: the chart shows the view before.")
    expect(page.locator("#working")).to_be_hidden()
    expect(option(page, "pace", "fast")).to_be_checked()
    expect(page).to_have_url(f"{shell}?by=place")
    expect(caption(page)).to_have_text("weight by place in 2007 of all, linear")
    option(page, "by", "kind").check()
    expect(page).to_have_url(shell)
    expect(page.locator("#notice")).to_be_hidden()
    assert page.evaluate("history.length") == steps + 1


def test_step_back_that_is_cancelled_leaves_the_view(page, shell):
    open_chart(page, f"{shell}?pace=slow")
    unfold(page, "look")
    option(page, "pace", "fast").check()
    expect(page).to_have_url(shell)
    back(page)
    page.get_by_role("button", name="Cancel").click()
    expect(page).to_have_url(shell)
    expect(option(page, "pace", "fast")).to_be_checked()


def test_newer_question_ends_the_older_one(page, shell):
    failed = []
    page.on("requestfailed", lambda request: failed.append(request.failure))
    open_chart(page, shell)
    unfold(page, "look")
    page.route(CALLBACKS, lambda _: None, times=1)  # the older one is answered never
    option(page, "pace", "slow").check()
    expect(page.locator("#working")).to_be_visible()
    option(page, "pace", "fast").check()
    option(page, "by", "place").check()
    expect(caption(page)).to_have_text("weight by place in 2007 of all, linear")
    expect(page).to_have_url(f"{shell}?by=place")
    expect(page.locator("#working")).to_be_hidden()
    assert "net::ERR_ABORTED" in failed


def test_change_that_fails_is_said_and_a_step_back_is_the_view_that_is_shown(page, shell, faults):
    open_chart(page, f"{shell}?measure=price")
    page.route(CALLBACKS, lambda route: route.fulfill(status=500))
    option(page, "by", "place").check()
    expect(page.get_by_role("alert")).to_contain_text("could not work this out")
    expect(page.locator("#working")).to_be_hidden()
    back(page)
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(option(page, "by", "kind")).to_be_checked()
    expect(page).to_have_url(f"{shell}?measure=price")
    page.unroute_all()
    option(page, "by", "place").check()
    expect(caption(page)).to_have_text("price by place in 2007 of all, linear")
    faults.clear()


def test_change_while_nobody_answers_is_drawn_when_the_page_is_back(page, shell, faults):
    open_chart(page, shell)
    page.route(CALLBACKS, lambda route: route.fulfill(status=503))
    option(page, "by", "place").check()
    expect(page.get_by_role("alert")).to_contain_text("does not answer right now")
    page.unroute_all()
    expect(control(page, "detail")).to_be_visible()
    expect(page).to_have_url(f"{shell}?by=place")
    faults.clear()


def test_stretch_that_is_drawn_up_is_the_bounds_of_the_axis(page, shell):
    open_chart(page, shell)
    asked = questions(page)
    drag(page, 0.25, 0.5)
    expect(page).to_have_url(re.compile("from.time"))
    expect(page.locator("#summary-filter")).to_have_text("FiltersTime from, Time to")
    page.wait_for_timeout(QUIET_MS)
    assert len(asked) == 1
    bounds = query(page)
    assert bounds["from.time"][0].startswith("2024-01-08T")
    assert bounds["to.time"][0].startswith("2024-01-15T")
    assert "." not in bounds["to.time"][0]
    unfold(page, "filter")
    expect(control(page, "from.time").locator("input")).to_have_value(bounds["from.time"][0])
    double_click(page, shell)
    expect(control(page, "from.time").locator("input")).to_have_value("")
    back(page)
    expect(page).to_have_url(re.compile("from.time"))


def test_stretch_along_a_column_without_fields_asks_nothing(page, shell):
    open_chart(page, shell)
    asked = questions(page)
    page.locator("#chart .js-plotly-plot").evaluate(
        """({ data, layout }) => {
            const meta = { from: "from.hour", to: "to.hour" };
            dash_clientside.set_props("chart", { figure: { data, layout: { ...layout, meta } } });
        }"""
    )
    page.wait_for_function("document.querySelector('#chart .js-plotly-plot').layout.meta.from === 'from.hour'")
    drag(page, 0.25, 0.5)
    page.wait_for_timeout(QUIET_MS)
    assert asked == []
    expect(page).to_have_url(shell)


def test_stretch_that_is_cancelled_leaves_the_chart_whole(page, shell):
    open_chart(page, f"{shell}?pace=slow")
    ticks = page.locator("#chart .xtick text")
    before = ticks.all_text_contents()
    drag(page, 0.25, 0.3)
    expect(ticks).not_to_have_text(before)
    page.get_by_role("button", name="Cancel").click()
    expect(ticks).to_have_text(before)
    expect(page).to_have_url(f"{shell}?pace=slow")


def test_second_stretch_that_is_cancelled_leaves_the_first(page, shell):
    first = f"{shell}?pace=slow&scale=log&from.time=2024-01-05&to.time=2024-01-20"
    open_chart(page, first)
    asked = questions(page)
    drag(page, 0.25, 0.3)
    page.get_by_role("button", name="Cancel").click()
    page.wait_for_timeout(QUIET_MS)
    assert len(asked) == 1
    expect(page).to_have_url(first)
    drag(page, 0.25, 0.3)
    page.get_by_role("button", name="Cancel").click()
    assert len(asked) == 2


def test_data_of_the_view_is_linked(page, shell):
    open_chart(page, shell)
    csv = page.get_by_role("link", name="CSV")
    expect(csv).to_have_attribute("href", "/chart/_data.csv")
    option(page, "by", "place").check()
    expect(csv).to_have_attribute("href", "/chart/_data.csv?by=place")
    expect(page.get_by_role("link", name="Parquet")).to_have_attribute("href", "/chart/_data.parquet?by=place")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_picture_is_readable_without_the_page(open_page, shell, scheme):
    with open_page(scheme=scheme) as page:
        open_chart(page, shell)
        with page.expect_download() as download:
            page.get_by_role("button", name="SVG").click()
        assert download.value.suggested_filename == "weight-by-kind-in-2007-of-all-linear.svg"
        svg = Path(download.value.path()).read_text(encoding="utf-8")
        surface, ink = (
            ("rgb(255, 255, 255)", "rgb(27, 34, 48)")
            if scheme == "light"
            else ("rgb(26, 32, 41)", "rgb(232, 235, 241)")
        )
        assert surface in svg
        assert ink in svg
        assert UNTOUCHED in svg
        with page.expect_download() as download:
            page.get_by_role("button", name="PNG").click()
        assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_link_is_copied(page, shell):
    open_chart(page, f"{shell}?by=place")
    page.get_by_role("button", name="Copy link").click()
    expect(page.locator("#copied")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == f"{shell}?by=place"


def test_focus_stays_where_it_is_when_controls_come_and_go(page, shell):
    open_chart(page, shell)
    option(page, "by", "kind").focus()
    page.keyboard.press("ArrowRight")
    expect(control(page, "detail")).to_be_visible()
    expect(option(page, "by", "place")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(control(page, "detail")).to_be_hidden()
    expect(option(page, "by", "kind")).to_be_focused()
    control(page, "table").locator("button.dash-dropdown").focus()
    pick(page, "table", "Order book")
    expect(page).to_have_url(f"{shell}?table=order+book")
    page.wait_for_timeout(QUIET_MS)
    expect(control(page, "table").locator("button.dash-dropdown")).to_be_focused()


def test_group_that_was_opened_stays_open(page, shell):
    open_chart(page, shell)
    unfold(page, "filter")
    pick(page, "table", "Order book")
    expect(control(page, "from.price")).to_be_visible()


def test_chart_is_on_the_first_screen_of_a_phone(open_page, shell):
    with open_page(size=PHONE) as page:
        open_chart(page, shell)
        assert page.locator("#chart").bounding_box()["y"] < PHONE[1] * 0.75
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]
        unfold(page, "look", "filter")
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_grave(open_page, shell, scheme):
    with open_page(scheme=scheme) as page:
        open_chart(page, f"{shell}?scale=log")
        unfold(page, "look", "filter")
        assert grave(page) == []


def test_page_whose_chart_takes_a_while_says_so_and_draws_it(page, shell):
    with unanswered(page):
        page.goto(f"{shell}?pace=late")
        expect(page.locator("#working")).to_be_visible()
    expect(page.locator("#chart .scatterlayer .js-line")).to_have_count(2)
    expect(page).to_have_url(f"{shell}?pace=late")
    expect(caption(page)).to_contain_text("weight by kind")


LATE = {
    "its controls are known": "pace=late",
    "with a note": "pace=late&scale=log",
    "nothing is known": "table=order+book&pace=late",
}


@pytest.mark.parametrize("query", LATE.values(), ids=LATE)
def test_nothing_moves_when_a_chart_comes_later_than_its_page(open_page, shell, query):
    with open_page(size=PHONE) as page:
        with unanswered(page):
            page.goto(f"{shell}?{query}")
            expect(page.locator("#working")).to_be_visible()
            expect(page.locator("#facts")).to_have_css("visibility", "hidden")
        expect(page.locator("#chart .scatterlayer .js-line")).to_have_count(2)
        expect(page.locator("#facts")).to_be_visible()
        expect(page.locator(".site-footer")).to_be_visible()
        assert page.evaluate(SHIFTED) < GOOD_SHIFT


@pytest.mark.parametrize("end", ["cancelled", "failed"])
def test_page_is_whole_without_the_chart_that_did_not_come(page, shell, end, faults):
    if end == "failed":
        page.route(CALLBACKS, lambda route: route.fulfill(status=500))
        page.goto(f"{shell}?pace=late")
    else:
        with unanswered(page):
            page.goto(f"{shell}?pace=late")
            page.locator("#cancel").click()
    expect(page.locator("#facts")).to_have_css("visibility", "visible")
    expect(page.locator(".site-footer")).to_be_visible()
    if end == "failed":
        faults.clear()


def test_choice_while_the_chart_is_late_is_drawn_in_its_place(page, shell):
    with unanswered(page):
        page.goto(f"{shell}?pace=late")
        expect(page.locator("#working")).to_be_visible()
        unfold(page, "look")
        option(page, "pace", "fast").check()
    expect(page.locator("#chart .scatterlayer .js-line")).to_have_count(2)
    expect(page.locator("#facts")).to_be_visible()
    expect(page).to_have_url(shell)
