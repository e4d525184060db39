"""Every page of `pages.toml`, opened once through a gateway: what `make test-pages` looks at for any page."""

import pytest

from portico.config.registry import read_registry
from tests.processes import ROOT
from tests.site.site_pages import ACCEPTED
from tests.site.visitor import ask, open_page, post

PAGES = [pytest.param(page, id=page.name) for page in read_registry(ROOT)]


@pytest.mark.parametrize("page", PAGES)
def test_page_is_built_and_ready(own_site, page):
    answer = ask(own_site, page.status_path)
    assert (answer.status, answer.json()["page"], answer.json()["ready"]) == (200, page.name, True)


@pytest.mark.parametrize("page", PAGES)
def test_visit_gets_the_page_with_its_scripts_and_first_callbacks(own_site, page):
    opened = open_page(own_site, page.path)
    for address in opened.document.scripts:
        assert not address.startswith("/") or ask(own_site, address).status == 200, address
    for body in opened.callbacks():
        assert post(own_site, page.path, body).status in ACCEPTED, body["output"]
