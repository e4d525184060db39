"""The list of pages: what it gives, and how each mistake in it is named."""

import re

import pytest

from portico.config.errors import ConfigError
from portico.config.registry import parse_registry, read_registry


def site_with(*pages, **more):
    return {"site": {"title": "S"}, "page": list(pages), **more}


def test_site_names_the_headers_of_its_own_proxy():
    document = {"site": {"title": "T", "identity_headers": ["X-Company-User"]}, "page": [{"name": "a", "egress": True}]}
    registry = parse_registry(document)
    assert registry.identity_headers == ("X-Company-User",)
    assert registry.page("a").egress


@pytest.mark.parametrize("value", ["X-User", [1], ["X User"], [""], ["X-User\nX"], ["$host"]])
def test_identity_headers_must_be_names_of_headers(value):
    with pytest.raises(ConfigError, match=r"site\.identity_headers") as error:
        parse_registry({"site": {"title": "T", "identity_headers": value}, "page": [{"name": "a"}]})
    assert "must be a list of header names" in str(error.value)


def test_page_has_sensible_defaults():
    page = parse_registry(site_with({"name": "scatter"})).page("scatter")
    assert (page.path, page.title, page.description, page.pure) == ("/scatter/", "Scatter", "", False)
    assert (page.timeout_s, page.body_limit_bytes) == (30, 1024 * 1024)
    assert page.status_path == "/scatter/_status"


def test_page_is_what_the_registry_says():
    declared = {
        "name": "a",
        "path": "/",
        "title": "T",
        "description": "D",
        "timeout": 0.5,
        "body_limit": 9,
        "pure": True,
        "fresh": 60,
        "bundle": "basic",
        "group": "G",
        "hidden": True,
    }
    page = parse_registry(site_with(declared)).page("a")
    assert (page.path, page.title, page.description) == ("/", "T", "D")
    assert (page.timeout_s, page.body_limit_bytes, page.pure) == (0.5, 9, True)
    assert (page.fresh_s, page.bundle) == (60, "basic")
    assert (page.group, page.hidden) == ("G", True)


def test_pages_keep_their_order():
    assert parse_registry(site_with({"name": "b"}, {"name": "a"})).names() == ("b", "a")


def test_navigation_has_groups_where_their_first_pages_stand_and_no_hidden_page():
    entries = [("home", None), ("a", "Sales"), ("b", None), ("c", "Sales"), ("d", "b")]
    pages = [{"name": name} | ({"group": group} if group else {}) for name, group in entries]
    hidden = {"name": "secret", "group": "Sales", "hidden": True}
    navigation = parse_registry(site_with(*pages, hidden)).navigation()
    shown = [(group.title, [page.name for page in group.pages]) for group in navigation]
    assert shown == [("", ["home"]), ("Sales", ["a", "c"]), ("", ["b"]), ("b", ["d"])]


def test_limits_of_queries_are_what_the_registry_says():
    assert parse_registry(site_with({"name": "a"})).query_seconds == 20
    limited = parse_registry(site_with({"name": "a"}, data={"seconds": 5, "memory": "1GB"}))
    assert (limited.query_seconds, limited.query_memory) == (5, "1GB")


def test_unknown_page_is_a_key_error():
    with pytest.raises(KeyError):
        parse_registry(site_with({"name": "a"})).page("b")


def page(**keys):
    return site_with({"name": "a", **keys})


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ({}, "page = None: at least one"),
        ({"page": [{"name": "a"}]}, "site.title = None: must be a text"),
        (page(fresh=60), r"page\[0\].fresh = 60: .*needs pure = true"),
        (
            page(pure=True, fresh=60, body_limit=1024**2 + 1),
            r"page\[0\].fresh = 60: .*needs a body_limit of at most 1048576",
        ),
        (page(pure=True, fresh=1.5), r"page\[0\].fresh = 1.5: must be a whole number of seconds from 0 to 86400"),
        (page(pure=True, fresh=True), r"page\[0\].fresh = True: must be a whole number"),
        (page(bundle="tiny"), r"page\[0\].bundle = 'tiny': is no bundle .*: full, basic, cartesian"),
        (page(bundle=["basic"]), r"page\[0\].bundle = \['basic'\]: is no bundle"),
        ({"site": {"title": "S"}}, r"page = None: at least one \[\[page\]\]"),
        ({"site": {"title": "S"}, "page": {"name": "a"}}, r"page = \{'name': 'a'\}: at least one \[\[page\]\]"),
        ({"site": {"title": "S"}, "page": []}, "page = .*at least one"),
        ({"site": "S", "page": [{"name": "a"}]}, r"site = \(not shown.*\): must be a table, written as \[site\]"),
        ({"site": {"title": 1}, "page": [{"name": "a"}]}, "site.title = 1: must be a text"),
        ({"site": {"title": " "}, "page": [{"name": "a"}]}, "site.title = ' ': must be a text"),
        (
            {"site": {"title": "S", "colour": "red"}, "page": [{"name": "a"}]},
            r"site.colour = \(not shown.*\): is not a key",
        ),
        (site_with({"name": "a"}, pages=1), r"pages = \(not shown.*\): is not a key; known here: data, page, site"),
        (site_with("a"), r"page\[0\] = 'a': must be a table"),
        (site_with({}), r"page\[0\].name = None: must be a text"),
        (site_with({"name": "a"}, {"name": "a", "path": "/b/"}), r"page\[1\].name = 'a': page\[0\] has the same name"),
        (
            site_with({"name": "a"}, {"name": "b", "path": "/a/"}),
            r"page\[1\].path = '/a/': page\[0\] has the same path",
        ),
        (site_with({"name": "a"}, data=3), r"data = \(not shown.*\): must be a table, written as \[data\]"),
        (
            site_with({"name": "a"}, data={"folder": "x"}),
            r"data.folder = \(not shown.*\): is not a key; known here: memory, seconds",
        ),
        *(
            (
                site_with({"name": "a"}, data={"seconds": value}),
                "data.seconds = .*: must be a whole number from 1 to 3600",
            )
            for value in (0, 3601, "20", 1.5, True)
        ),
        *(
            (site_with({"name": "a"}, data={"memory": value}), "data.memory = .*: must be a size from 32 MB")
            for value in (128, "128", "31MB", "1TB", None)
        ),
        (page(titel="T"), r"page\[0\].titel = \(not shown.*\): is not a key"),
        (page(title=""), r"page\[0\].title = '': must be a text that is not empty"),
        (page(title=3), r"page\[0\].title = 3: must be a text"),
        (page(description=[]), r"page\[0\].description = \[\]: must be a text"),
        *(
            (page(group=value), r"page\[0\].group = .*: must be one line of text with 1 to 40 characters")
            for value in ("", " ", "x" * 41, "a\nb", 3, None, ["Sales"])
        ),
        (page(hidden="yes"), r"page\[0\].hidden = 'yes': must be true or false"),
        (page(hidden=1), r"page\[0\].hidden = 1: must be true or false"),
        (page(pure="yes"), r"page\[0\].pure = 'yes': must be true or false"),
        (page(pure=1), r"page\[0\].pure = 1: must be true or false"),
        *(
            (page(timeout=value), r"page\[0\].timeout = .*: must be a number above 0")
            for value in (0, -1, "3", True, None)
        ),
        *((page(timeout=value), "must be a number above 0") for value in (float("nan"), float("inf"), 1e9)),
        *(
            (page(body_limit=value), r"body_limit = .*: must be a whole number")
            for value in (0, -1, 0.5, 2.0, True, "1M")
        ),
        (page(body_limit=2**40), "must be a whole number of bytes from 1 to"),
    ],
)
def test_mistake_is_named_with_key_and_value(document, line):
    with pytest.raises(ConfigError, match=line) as caught:
        parse_registry(document)
    assert re.match(r"pages\.toml: \S+ = .+: .+", str(caught.value))


@pytest.mark.parametrize(
    "name",
    ["Bar", "1a", "a-b", "a_b", "a/b", "../a", "a b", " a", "a.b", "ä", "a\n", "a" * 41, "%61", "a?b", "", "_a"],
)
def test_name_that_is_not_a_path_segment_is_refused(name):
    with pytest.raises(ConfigError, match=r"pages\.toml: page\[0\]\.name = "):
        parse_registry(site_with({"name": name}))


@pytest.mark.parametrize(
    "name", ["assets", "database", "discovery", "gateway", "healthz", "metrics", "readyz", "shared"]
)
def test_name_that_the_site_uses_itself_is_refused(name):
    with pytest.raises(ConfigError, match="is a name that the site uses itself"):
        parse_registry(site_with({"name": name}))


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a",
        "/a",
        "a/",
        "//",
        "/a//b/",
        "/A/",
        "/../",
        "/./",
        "/a b/",
        "/a/?",
        "/%61/",
        "/_shared/",
        "/-a/",
        "/ä/",
        "/a/\n",
    ],
)
def test_path_that_is_none_is_refused(path):
    with pytest.raises(ConfigError, match=r"pages\.toml: page\[0\]\.path = "):
        parse_registry(page(path=path))


def test_path_that_the_site_uses_itself_is_refused():
    with pytest.raises(ConfigError, match="begins with a name that the site uses itself"):
        parse_registry(page(path="/healthz/"))


def test_registry_of_this_repository_is_read(registry):
    assert {"home", "barchart", "linechart"} <= set(registry.names())
    assert registry.page("home").path == "/"


def test_missing_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=f"pages.toml: folder = '{tmp_path}': there is no pages.toml in it"):
        read_registry(tmp_path)


def test_folder_in_the_place_of_the_file_is_named(tmp_path):
    (tmp_path / "pages.toml").mkdir()
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        read_registry(tmp_path)


@pytest.mark.parametrize("content", [b"[site", b"a = \n", b"\xff\xfe", b"[site]\ntitle = 'a'\ntitle = 'b'\n"])
def test_file_that_is_not_toml_is_named(tmp_path, content):
    (tmp_path / "pages.toml").write_bytes(content)
    with pytest.raises(ConfigError, match="is not TOML: ") as caught:
        read_registry(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"database": "postgresql://reader:hunter2@db/site"},
        {"data": "postgresql://reader:hunter2@db/site"},
        {"data": {"address": "postgresql://reader:hunter2@db/site"}},
        {"site": {"title": "S", "password": "hunter2"}},
    ],
)
def test_address_in_the_wrong_place_is_not_repeated(wrong):
    with pytest.raises(ConfigError, match="not shown") as raised:
        parse_registry({"site": {"title": "S"}, "page": [{"name": "a"}], **wrong})
    assert "hunter2" not in str(raised.value)
