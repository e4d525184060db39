"""`make page`: everything is written, or nothing."""

import pytest
import yaml

from portico.config.errors import ConfigError
from portico.config.registry import read_registry
from portico.scaffold.new_page import add_to_compose, main, write_page


def test_new_page_stands_last_in_the_registry(site_copy):
    write_page(site_copy, "nosuchpage")
    assert read_registry(site_copy).names()[-1] == "nosuchpage"
    assert read_registry(site_copy).page("nosuchpage").path == "/nosuchpage/"


def test_new_page_has_the_time_that_a_chart_may_take(site_copy):
    write_page(site_copy, "nosuchpage")
    pages = read_registry(site_copy)
    assert pages.page("nosuchpage").timeout_s == pages.page("barchart").timeout_s


def test_new_page_comes_with_its_service_and_its_test(site_copy):
    written = {str(file.relative_to(site_copy)) for file in write_page(site_copy, "nosuchpage")}
    assert written == {
        "services/nosuchpage/__init__.py",
        "services/nosuchpage/page.py",
        "tests/pages/test_nosuchpage_page.py",
        "pages.toml",
        "docker-compose.yml",
    }


@pytest.mark.parametrize("name", ["", "Bad Name", "../up", "home", "gateway", "1st", "x" * 41])
def test_name_that_cannot_be_a_new_page_changes_nothing(site_copy, name):
    before = {file: file.read_bytes() for file in site_copy.rglob("*") if file.is_file()}
    with pytest.raises(ConfigError, match="make page: NAME = "):
        write_page(site_copy, name)
    assert {file: file.read_bytes() for file in site_copy.rglob("*") if file.is_file()} == before


def test_command_says_what_is_wrong_in_one_line(site_copy, monkeypatch, capsys):
    monkeypatch.setenv("PORTICO_SITE", str(site_copy))
    assert main(["home"]) == 2
    assert capsys.readouterr().err == "portico: make page: NAME = 'home': there is such a page already\n"


def test_new_page_reaches_the_database_by_its_own_network(site_copy):
    write_page(site_copy, "fresh")
    services = yaml.safe_load((site_copy / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    assert {"barchart", "linechart", "fresh"} <= {*services["database"]["networks"]}


def test_block_is_put_behind_the_last_page_and_before_what_follows():
    compose = (
        "services:\n  home:\n    build: {context: ., args: {PAGE: home}}\n    mem_limit: 1m\n\nvolumes:\n  data:\n"
    )
    assert add_to_compose(compose, "\n  new:\n    image: new\n") == (
        "services:\n  home:\n    build: {context: ., args: {PAGE: home}}\n    mem_limit: 1m\n"
        "\n  new:\n    image: new\n\nvolumes:\n  data:\n"
    )
