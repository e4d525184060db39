"""The first chart of a document is drawn in a task of its own, and what was asked meanwhile in its order."""

import pytest

pytestmark = pytest.mark.browser

# A plotly.js that writes down what it is told to draw; home has no other.
ASKED = """async () => {
  const drawn = [];
  const draw = async (plot, figure) => {
    drawn.push([plot.id, figure.name]);
    if (figure.name === "old") window.Plotly.react(plot, { name: "from within" });
  };
  window.Plotly = { newPlot: draw, react: draw };
  const [stays, goes] = ["stays", "goes"].map((id) => document.body.appendChild(Object.assign(document.createElement("div"), { id })));
  const asked = [["stays", "old"], ["goes", "old"], ["stays", "new"]].map(
    ([id, name]) => window.Plotly.react(document.getElementById(id), { name }));
  window.Plotly.newPlot(stays, { name: "a page's own" });
  const atOnce = drawn.splice(0);
  goes.remove();
  await Promise.all(asked);
  await new Promise((resolve) => setTimeout(resolve));
  const first = drawn.splice(0);
  window.Plotly.react(stays, { name: "later" });
  return { atOnce, first, later: drawn };
}"""


def test_first_chart_is_drawn_later_in_order_and_the_next_at_once(page, embedded):
    page.goto(f"{embedded}/")
    assert page.evaluate(ASKED) == {
        "atOnce": [["stays", "a page's own"]],
        "first": [["stays", "old"], ["stays", "new"], ["stays", "from within"]],
        "later": [["stays", "later"]],
    }
