"""A tab of another build, through each gateway: answered where it fits, told to reload where it does not."""

import pytest

from tests.reference_site import reference_registry
from tests.site.visitor import ask, open_page, post, without_pace

PAGES = [pytest.param(page, id=page.name) for page in reference_registry()]
CHARTS = [pytest.param(page, id=page.name) for page in reference_registry() if page.path != "/"]
OTHER = {"X_Portico_Build": "another"}
RENAMED = {"output": "drawing.figure", "outputs": {"id": "drawing", "property": "figure"}, "inputs": []}


@pytest.mark.parametrize("page", PAGES)
def test_index_says_of_which_build_it_is(site, page):
    assert open_page(site, page.path).document.first["build"] == ask(site, f"{page.path}_status").json()["build"]


@pytest.mark.parametrize("page", CHARTS)
def test_callback_of_another_build_that_fits_is_answered_as_any(site, page):
    for body in open_page(site, page.path).callbacks():
        own, other = post(site, page.path, body), post(site, page.path, body, **OTHER)
        assert (other.status, without_pace(other.text)) == (200, without_pace(own.text))


@pytest.mark.parametrize("page", CHARTS)
def test_callback_of_another_build_that_does_not_fit_is_outdated_and_not_kept(site, page):
    body = open_page(site, page.path).callbacks()[0]
    for unfit in (RENAMED, body | {"inputs": []}, body | {"inputs": body["inputs"] * 2}):
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
