"""The policy of a page in a real browser: the site's own scripts run, and nobody else's."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, tab
from tests.processes import running
from tests.reference_site import reference_registry
from tests.small_sites import write_site

pytestmark = pytest.mark.browser
PAGES = [page.path for page in reference_registry()]
REPORTS = """
window.violations = [];
document.addEventListener('securitypolicyviolation', event =>
  window.violations.push(event.violatedDirective + ' ' + event.blockedURI));
"""
CLIENTSIDE = """
from dash import Input, Output, dcc, html
from portico import PageApp

def construct_page(server):
    app = PageApp(__name__, server)
    app.layout = html.Div([dcc.Input(id="text", value="seen"), html.P(id="echo")])
    app.clientside_callback("text => `${text} here`", Output("echo", "children"), Input("text", "value"))
    return app.server
"""


@pytest.mark.parametrize("path", [*PAGES, "/nowhere"])
def test_page_opens_without_a_violation_of_its_policy(page, faults, embedded, path):
    page.add_init_script(REPORTS)
    page.goto(embedded + path)
    expect(page.locator("h1")).to_be_visible()
    page.wait_for_load_state("networkidle")
    assert page.evaluate("window.violations") == []
    faults[:] = [fault for fault in faults if "404" not in fault]  # what the browser logs of /nowhere


@pytest.mark.parametrize(
    "markup",
    ["<img src='data:,' onerror='window.ran = true'>", "<script>window.ran = true</script>"],
    ids=["handler", "script"],
)
def test_script_that_was_put_into_the_page_does_not_run(page, faults, embedded, markup):
    page.add_init_script(REPORTS)
    page.goto(embedded + "/barchart/")
    put = "markup => document.body.append(document.createRange().createContextualFragment(markup))"
    page.evaluate(put, markup)
    page.wait_for_function("window.violations.length > 0")
    assert page.evaluate("window.ran") is None
    assert all("Content Security Policy" in fault for fault in faults)
    faults.clear()


def test_text_is_not_run_as_a_script(page, faults, embedded):
    page.add_init_script(REPORTS)
    page.goto(embedded + "/barchart/")
    page.evaluate("() => { setTimeout('window.ran = true', 0) }")
    page.wait_for_function("window.violations.length > 0")
    assert page.evaluate("window.ran") is None
    faults.clear()


def test_callback_that_runs_in_the_browser_is_named_by_its_hash(profile, faults, tmp_path):
    folder = write_site(tmp_path, {"local": CLIENTSIDE})
    with running("gateway", PORTICO_SITE=str(folder)) as address, tab(profile, faults, DESKTOP) as opened:
        opened.goto(f"{address}/local/")
        expect(opened.locator("#echo")).to_have_text("seen here")
