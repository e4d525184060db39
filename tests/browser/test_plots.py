"""Plots of `make bench`, as Chromium draws them."""

import re
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree as ET

import pytest

from bench.drawing import STYLES, drawn
from bench.plots import bars, lines

pytestmark = pytest.mark.browser

FIGURES = {"first visit": {"ours": [1, 2, 4], "theirs": [70, 80, 90]}, "next page": {"ours": [5], "theirs": []}}
TITLE = "100 % & more"
TEXT = "{http://www.w3.org/2000/svg}text"


def token(name):
    """The values of a token of the style sheet for light and dark, as SVG has colours."""
    found = dict.fromkeys(re.findall(f"--{name}: #([0-9a-f]{{6}})", STYLES.read_text(encoding="utf-8")))
    return [f"rgb({', '.join(str(each) for each in bytes.fromhex(value))})" for value in found]


@pytest.mark.parametrize("plot", [bars({TITLE: FIGURES}), lines({TITLE: FIGURES}, "readers")], ids=["bars", "lines"])
def test_plot_is_drawn_in_the_colours_of_the_style_sheet(plot):
    with ThreadPoolExecutor(1) as other:  # the fixtures drive a browser in this thread
        pictures = other.submit(drawn, plot).result()
    assert list(pictures) == ["light", "dark"]
    for svg, ground, ink in zip(pictures.values(), token("surface"), token("ink"), strict=True):
        texts = {"".join(each.itertext()): each.get("style") for each in ET.fromstring(svg).iter(TEXT)}
        assert {"first visit", "next page", "ours", "theirs"} <= set(texts)
        assert any(TITLE in each for each in texts)
        assert {re.search("fill: ([^;]+);", style)[1] for style in texts.values()} == {ink}
        assert f"fill: {ground}" in svg
        assert "NaN" not in svg
