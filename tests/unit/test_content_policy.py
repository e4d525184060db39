"""The Content-Security-Policy: what a page adds to it, and what it cannot."""

import pytest

from portico.config.errors import ConfigError
from portico.page.csp import FRAME_HASHES, SOURCES, check_sources, content_policy


def directives(policy: str) -> dict[str, list[str]]:
    return {name: sources for name, *sources in (each.split() for each in policy.split("; "))}


def test_policy_of_the_site_runs_its_own_files_only():
    policy = directives(content_policy())
    assert policy["script-src"] == ["'self'", *FRAME_HASHES.split()]
    assert policy["default-src"] == policy["object-src"] == ["'none'"]
    assert "unsafe-eval" not in content_policy()


def test_hash_of_a_script_is_a_source_of_scripts_alone_and_named_once():
    policy = directives(content_policy(["'sha256-x'", "'sha256-x'"]))
    assert [name for name, sources in policy.items() if "'sha256-x'" in sources] == ["script-src"]
    assert policy["script-src"].count("'sha256-x'") == 1


def test_page_adds_sources_to_what_the_site_allows():
    policy = directives(content_policy(more={"connect-src": "https://tiles.example"}))
    assert policy["connect-src"] == ["'self'", "https://tiles.example"]
    assert policy | {"connect-src": ["'self'"]} == directives(content_policy())


def test_first_source_of_a_directive_takes_the_place_of_none():
    assert directives(content_policy(more={"object-src": "'self'"}))["object-src"] == ["'self'"]


@pytest.mark.parametrize(
    "more", [{"script": "'self'"}, {"img-src": "x; script-src *"}, {"img-src": "a, b"}, {"img-src": "a\r\nX: 1"}]
)
def test_source_that_would_break_the_policy_is_refused_by_name(more):
    with pytest.raises(ConfigError, match=r"PageApp\.csp"):
        check_sources(more, "services.x.page")


def test_every_directive_may_be_added_to():
    check_sources(dict.fromkeys(SOURCES, "https://x.example"), "services.x.page")
