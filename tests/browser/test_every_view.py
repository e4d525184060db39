"""What holds for every page, for readers of every kind: each view is opened once and looked at by each test."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browser.charts import drawn, open_chart, unfold
from tests.browser.conftest import DESKTOP, PHONE, tab

pytestmark = pytest.mark.browser

NOWHERE = "/nowhere"
MISUNDERSTOOD = "/barchart/?range.year=1&measure=Narnia"
CHOSEN = "/linechart/?split=country&in.country=Chad&in.country=Bosnia and Herzegovina"
SPLIT = "/barchart/?x=continent&split=country&style=share"
EMPTY = "/barchart/?in.country=Norway&in.continent=Asia"
VIEWS = [
    *((path, DESKTOP, scheme) for scheme in ("light", "dark") for path in ("/", "/barchart/", "/linechart/", NOWHERE)),
    *((path, DESKTOP, "dark") for path in (MISUNDERSTOOD, SPLIT, EMPTY)),
    *((path, PHONE, "light") for path in ("/", "/barchart/", "/linechart/", CHOSEN, SPLIT)),
]
GRAVE = ("serious", "critical")
GOOD_SHIFT = 0.001  # 0.1 is what is called good: web.dev/articles/cls
SHIFTED = """() => new Promise((resolve) => {
    let sum = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => { sum += entry.value; }))
        .observe({ type: "layout-shift", buffered: true });
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => resolve(sum), 0)));
})"""


@pytest.fixture(scope="module", params=VIEWS, ids=lambda view: f"{view[0]}-{view[1][0]}-{view[2]}")
def view(request, profile, embedded):
    """A page as it stands when it is drawn; it must have logged no error."""
    path, size, scheme = request.param
    faults = []
    with tab(profile, faults, size=size, scheme=scheme) as page:
        page.goto(f"{embedded}{path}")
        expect(page.locator("#chart .annotation-text" if path == EMPTY else drawn(path)).first).to_be_visible()
        yield page
    assert [fault for fault in faults if path != NOWHERE or "404" not in fault] == []


def test_nothing_moves_while_it_opens(view):
    assert view.evaluate(SHIFTED) < GOOD_SHIFT


def test_it_scrolls_in_one_direction_only(view):
    assert view.evaluate("document.documentElement.scrollWidth") <= view.viewport_size["width"]


def test_axe_finds_nothing_grave(view):
    assert grave(view) == []


@pytest.mark.parametrize("path", ["/barchart/?split=continent&filter=year&filter=gdpPercap", CHOSEN])
@pytest.mark.parametrize(("size", "scheme"), [(DESKTOP, "light"), (DESKTOP, "dark"), (PHONE, "light")])
def test_groups_that_are_open_are_as_good(open_page, embedded, path, size, scheme):
    page = open_page(size=size, scheme=scheme)
    open_chart(page, f"{embedded}{path}")
    unfold(page, "look", "filter")
    assert grave(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


def grave(page) -> list[str]:
    """What axe finds grave, with the elements."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [f"{each['id']}: {node['target']}" for each in found if each["impact"] in GRAVE for node in each["nodes"]]
