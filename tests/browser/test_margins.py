"""The room for the labels of a chart's axes is known before it is drawn: it is drawn once, and nothing is cut off."""

import pytest

from tests.browser.charts import open_chart
from tests.browser.conftest import DESKTOP, PHONE

pytestmark = pytest.mark.browser

PLOT = "() => { const { _fullLayout: full, layout } = document.querySelector('.js-plotly-plot'); return "
FOUND = PLOT + "[full._size.l - layout.margin.l, full._size.b - layout.margin.b]; }"
TEXTS = "#chart :is(.xtick text, .ytick text, .xtitle, .ytitle)"


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize(
    "path",
    [
        "/barchart/",
        "/barchart/?x=year&split=continent",
        "/barchart/?x=continent&style=share&split=year",
        "/linechart/",
        "/linechart/?measure=gdpPercap&scale=log",
        "/linechart/?x=gdpPercap",
    ],
)
def test_labels_have_their_room_before_the_chart_is_drawn(open_page, embedded, path, size):
    page = open_page(size=size)
    open_chart(page, embedded + path)
    assert page.evaluate(FOUND) == [0, 0], "plotly found more, and drew the chart a second time"
    svg = page.locator("#chart .main-svg").first.bounding_box()
    for text in page.locator(TEXTS).all():
        box = text.bounding_box()
        assert svg["x"] <= box["x"] + 1, text.text_content()  # parts of a pixel
        assert box["y"] + box["height"] <= svg["y"] + svg["height"] + 1, text.text_content()


def test_room_follows_the_labels(page, embedded):
    open_chart(page, f"{embedded}/barchart/")
    wide = page.evaluate(PLOT + "full._size.l; }")
    open_chart(page, f"{embedded}/barchart/?x=continent")
    assert page.evaluate(PLOT + "full._size.l; }") < wide
