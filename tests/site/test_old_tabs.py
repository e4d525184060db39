"""A tab of another build, through each gateway: answered where it fits, told to reload where it does not."""

import pytest

from tests.site.site_pages import ACCEPTED, Visited
from tests.site.visitor import ask, open_page, post, without_pace

PAGES = [pytest.param(page, id=page.name) for page in Visited.registry]
CHARTS = [pytest.param(page, id=page.name) for page in Visited.registry if page.path != "/"]
OTHER = {"X_Portico_Build": "another"}
RENAMED = {"output": "drawing.figure", "outputs": {"id": "drawing", "property": "figure"}, "inputs": []}


@pytest.mark.parametrize("page", PAGES)
def test_index_says_of_which_build_it_is(site, page):
    assert open_page(site, page.path).document.first["build"] == ask(site, f"{page.path}_status").json()["build"]


@pytest.mark.parametrize("page", CHARTS)
def test_callback_of_another_build_that_fits_is_answered_as_any(site, page):
    opened = open_page(site, page.path)
    for body in opened.callbacks():
        own, other = post(site, page.path, body), post(site, page.path, body, **OTHER)
        assert {own.status, other.status} <= {*ACCEPTED}
        assert without_pace(other.text) == without_pace(own.text) or not opened.shown


@pytest.mark.parametrize("page", CHARTS)
def test_callback_of_another_build_that_does_not_fit_is_outdated_and_not_kept(site, page):
    bodies = open_page(site, page.path).callbacks()[:1]
    misfits = [body | {"inputs": body["inputs"] * times} for body in bodies for times in (0, 2)]
    for unfit in (RENAMED, *misfits):
        for _ in range(2):
            answer = post(site, page.path, unfit, **OTHER)
            assert (answer.status, answer.media_type) == (409, "text/plain")
            assert answer.text == "this page was updated since it was opened: reload it\n"
            assert answer.headers["Cache-Control"] == "no-store"
        assert post(site, page.path, unfit).status == 400


@pytest.mark.parametrize("page", CHARTS)
def test_callback_of_this_build_that_does_not_fit_is_malformed(site, page):
    build = open_page(site, page.path).document.first["build"]
    assert post(site, page.path, RENAMED, X_Portico_Build=build).status == 400
    assert post(site, page.path, RENAMED, X_Portico_Build="").status == 400
