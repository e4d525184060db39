"""The frame around every page: navigation, and nothing unescaped."""

import json
import re
from html.parser import HTMLParser
from http import HTTPStatus

import pytest

from portico.assets import SharedAssets
from portico.config.registry import parse_registry
from portico.page.shell import ERROR_TEXTS, Frame, json_for_html, menu_width
from tests.processes import ROOT

ODD = """</script><script>alert(1)</script>"'&<!--{{ 7*7 }}\u2028"""
SLOTS = dict.fromkeys(
    ("metas", "css", "app_entry", "first_paint", "config", "first", "scripts", "renderer", "plotly", "traces"), ""
)


class Tags(HTMLParser):
    """The tags of a document, and the texts of its titles and links."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.texts, self.current = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if ("aria-current", "page") in attrs:
            self.current.append(dict(attrs)["href"])

    def handle_data(self, data):
        self.texts.append(data)


@pytest.fixture(scope="module")
def frame():
    return frame_of("T", "D")


def frame_of(title, description):
    pages = [{"name": "home", "path": "/"}, {"name": "bars", "title": title, "description": description}]
    document = {"site": {"title": title, "description": description}, "page": pages}
    return Frame(parse_registry(document), SharedAssets.of_site(ROOT))


def test_odd_titles_are_texts_and_nothing_else():
    odd = frame_of(ODD, ODD)
    page = odd.registry.page("bars")
    long = frame_of("T" * len(ODD), "D")
    plain = Tags(long.page(long.registry.page("bars"), "", **SLOTS))
    html = Tags(odd.page(page, "", **SLOTS))
    assert html.tags == plain.tags
    assert ODD in html.texts


def test_odd_titles_are_texts_in_an_error_too():
    odd = frame_of(ODD, ODD)
    unavailable = HTTPStatus.SERVICE_UNAVAILABLE
    long = frame_of("T" * len(ODD), "D")
    plain = long.error(unavailable, long.registry.page("bars"))
    html = odd.error(unavailable, odd.registry.page("bars"))
    assert Tags(html).tags == Tags(plain).tags
    assert f"{ODD} is not available right now" in Tags(html).texts


def test_current_page_is_marked_in_the_navigation(frame):
    assert Tags(frame.page(frame.registry.page("bars"), "", **SLOTS)).current == ["/bars/"]
    assert Tags(frame.page(frame.registry.page("home"), "", **SLOTS)).current == ["/"]
    assert Tags(frame.error(HTTPStatus.NOT_FOUND)).current == []


def test_what_passes_by_itself_is_tried_again(frame):
    page = frame.registry.page("bars")
    assert 'data-retry="/bars/_status"' in frame.error(HTTPStatus.GATEWAY_TIMEOUT, page)
    assert "data-retry" not in frame.error(HTTPStatus.NOT_FOUND, page)
    assert "data-retry" not in frame.error(HTTPStatus.SERVICE_UNAVAILABLE)


@pytest.mark.parametrize("status", [*ERROR_TEXTS, HTTPStatus.IM_A_TEAPOT])
def test_every_error_has_a_heading(frame, status):
    texts = Tags(frame.error(status)).texts
    assert str(status.value) in texts
    assert ERROR_TEXTS.get(status, (status.phrase, ""))[0] in texts


def test_json_cannot_end_the_script_that_holds_it():
    escaped = json_for_html(json.dumps({"a": "</script><!-- & \u2028\u2029"}, ensure_ascii=False))
    assert not set("<>&\u2028\u2029") & set(escaped)


def test_json_is_the_same_value_after_escaping():
    value = {"<b>": ["&amp;", "\u2028", 1.5, None, "é"]}
    assert json.loads(json_for_html(json.dumps(value))) == value
    assert json.loads(json_for_html(json.dumps(value, ensure_ascii=False))) == value


def test_pages_of_one_frame_have_one_digest(frame):
    assert digest(frame, "bars") == digest(frame, "home", first="{}", config="{}", plotly="/p.js", app_entry="<p>")


@pytest.mark.parametrize("slot", ["metas", "css", "scripts", "renderer"])
def test_what_a_document_cannot_exchange_gives_another_digest(frame, slot):
    assert digest(frame, "bars") != digest(frame, "bars", **{slot: "<script src='/_shared/other.js'></script>"})


def test_another_policy_or_navigation_gives_another_digest(frame):
    assert digest(frame, "bars") != digest(frame, "bars", "connect-src https://tiles.example")
    assert digest(frame, "bars") != digest(frame_of("T", "Of another build"), "bars")


def site_of(*pages):
    document = {"site": {"title": "T"}, "page": [{"name": "home", "path": "/"}, *pages]}
    return Frame(parse_registry(document), SharedAssets.of_site(ROOT))


@pytest.mark.parametrize("more", [{"group": "Sales"}, {"hidden": True}])
def test_another_group_or_a_hidden_page_gives_another_digest(more):
    pages = {"name": "bars"}, {"name": "lines"}
    assert digest(site_of(*pages), "bars") != digest(site_of(pages[0], pages[1] | more), "bars")


def test_hidden_page_is_in_no_navigation_and_takes_no_part_in_the_exchange_of_pages():
    frame = site_of({"name": "bars"}, {"name": "secret", "hidden": True})
    assert "/secret/" not in frame.page(frame.registry.page("bars"), "", **SLOTS)
    hidden = frame.page(frame.registry.page("secret"), "", **SLOTS)
    assert 'href="/secret/"' not in hidden
    assert "data-frame" not in hidden


def test_groups_are_disclosures_in_a_menu_that_opens_without_scripts():
    html = site_of({"name": "bars", "group": "Sales"}, {"name": "lines", "group": "Sales"}).error(HTTPStatus.NOT_FOUND)
    assert Tags(html).tags.count("details") == 1
    assert 'popovertarget="pages"' in html
    assert "menu.css" in html


def test_few_pages_stand_in_a_row_without_a_menu():
    html = site_of({"name": "barchart", "title": "Bar chart"}, {"name": "linechart", "title": "Line chart"}).error(
        HTTPStatus.NOT_FOUND
    )
    assert "popover" not in html
    assert "menu.css" not in html


def test_more_links_need_a_wider_window():
    widths = [
        menu_width(site_of(*({"name": f"page{index}"} for index in range(count))).registry) for count in (2, 4, 8, 14)
    ]
    assert widths[0] == 0
    assert widths == sorted(set(widths))


def test_dark_is_the_same_for_the_system_and_for_the_choice():
    styles = (ROOT / "portico" / "static" / "portico.css").read_text(encoding="utf-8")
    system, chosen = (
        re.findall(r"(--[a-z-]+: #\w+;)", re.search(re.escape(start) + r"(.*?)\}", styles, re.DOTALL)[1])
        for start in (":root:not([data-theme]) {", '\n[data-theme="dark"] {')
    )
    assert system == chosen
    assert len(chosen) == 12


def digest(frame, page, policy="", **slots):
    html = frame.page(frame.registry.page(page), policy, **(SLOTS | slots))
    return re.search(r'data-frame="(\w+)"', html)[1]
