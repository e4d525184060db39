"""Draw a plot as SVG: by plotly.js in Chromium, in the colours of the site's style sheet."""

from pathlib import Path

import plotly.graph_objects as go
from playwright.sync_api import sync_playwright
from plotly.offline import get_plotlyjs

from tests.browser.conftest import FLAGS
from tests.conftest import CHROMIUM
from tests.processes import ROOT

STYLES = ROOT / "portico" / "static" / "portico.css"
SCRIPT = Path(__file__).with_name("drawing.js")
SCHEMES = ("light", "dark")


def drawn(plot: go.Figure) -> dict[str, str]:
    """Return the SVG of a plot for each colour scheme, `light` and `dark`."""
    svg, script, figure = {}, SCRIPT.read_text(encoding="utf-8"), plot.to_plotly_json()
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS) as chromium:
        page = chromium.new_page()
        page.add_style_tag(path=STYLES)
        page.add_script_tag(content=get_plotlyjs())
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            svg[scheme] = page.evaluate(script, figure)
    return svg
