"""What a page looks like before its scripts have run."""

import pytest
from dash import dcc, html

from portico.page.skeleton import MOST_ELEMENTS, first_paint


def test_words_and_links_stand_in_it():
    card = html.Li([html.H2(html.A("Bars", href="/bars/")), html.P(["Shows ", html.B("much"), 7])], className="card")
    assert first_paint(card) == '<li class="card"><h2><a href="/bars/">Bars</a></h2><p>Shows <b>much</b>7</p></li>'


def test_text_cannot_become_markup():
    odd = '</div><script>alert(1)</script>"'
    painted = first_paint(html.P(odd, className=odd, style={"color": odd}, **{"data-state": odd}))
    assert "<script" not in painted
    assert painted.count(chr(34)) == 6


@pytest.mark.parametrize("href", ["javascript:alert(1)", " javascript:alert(1)", "data:text/html,x", None])
def test_link_that_would_run_a_script_leads_nowhere(href):
    assert first_paint(html.A("x", href=href)) == "<a>x</a>"


def test_names_and_roles_are_those_of_the_real_elements_alone():
    assert first_paint(html.P("x", id="note", role="status", **{"aria-live": "polite"})) == "<p>x</p>"


def test_controls_and_charts_have_their_places():
    layout = [dcc.Dropdown(["a"], "a", id="x"), dcc.Graph(figure={"data": []}, style={"height": 300})]
    assert (
        first_paint(layout) == '<div class="place-of-field"></div><div class="dash-graph" style="height:300px"></div>'
    )


def test_what_a_reader_does_not_see_at_first_is_left_out():
    closed = html.Details([html.Summary("More"), html.P("much more")])
    assert first_paint([html.P("x", hidden=True), closed]) == "<details><summary>More</summary></details>"
    assert "much more" in first_paint(html.Details([html.Summary("More"), html.P("much more")], open=True))


@pytest.mark.parametrize("layout", [None, [], dcc.Store(id="x"), html.Script("alert(1)"), html.Iframe(src="/x"), True])
def test_what_html_shows_nothing_of_is_empty(layout):
    assert first_paint(layout) == ""


def test_styles_are_those_of_react():
    assert first_paint(html.P(style={"color": "red;position:fixed"})) == '<p style=""></p>'
    style = {"marginTop": 4, "--chart-height": "9px", "opacity": 0, "lineHeight": "1.2"}
    assert (
        first_paint(html.Br(style=style)) == '<br style="margin-top:4px;--chart-height:9px;opacity:0;line-height:1.2">'
    )


def test_long_page_is_cut_off_and_stays_whole_markup():
    painted = first_paint(html.Ul([html.Li(html.B(str(number))) for number in range(MOST_ELEMENTS)]))
    assert painted.count("<li>") == painted.count("</li>") < MOST_ELEMENTS
    assert painted.count("<") <= 2 * MOST_ELEMENTS
