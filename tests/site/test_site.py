"""The site as any visitor finds it, in every mode, or wherever --url points.

Nothing here knows more than the public interface, and what is asked of a page holds for any page.
"""

import json
import re
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from urllib.parse import urljoin, urlsplit

import pytest

from portico.page.response_headers import SECURITY_HEADERS
from tests.site.site_pages import ACCEPTED, Visited, draws, shows_the_sample
from tests.site.visitor import TEXT_LIMIT, Document, ask, open_page, post, without_hashes

REGISTRY = Visited.registry
PAGES = [pytest.param(page, id=page.name) for page in REGISTRY]
BELOW_HOME = [pytest.param(page, id=page.name) for page in REGISTRY if page.path != "/"]
# An address of a page that shows another figure than the page alone.
ADDRESSES = {
    "barchart": "measure=gdpPercap&split=continent&top=10&order=name"
    "&range.year=1977&range.year=1977&in.continent=Asia&in.continent=Europe",
    "linechart": "measure=pop&split=country&scale=log&range.year=1962&range.year=1992&in.country=Norway&in.country=Chad",
}
INLINE = re.compile(r'<script(?! src)(?![^>]*"application/json")[^>]*>(.*?)</script>', re.DOTALL)
JAVASCRIPT = ("text/javascript", "application/javascript")


@pytest.mark.parametrize("page", PAGES)
def test_page_opens_in_the_frame(site, page):
    document = open_page(site, page.path).document
    assert page.title in document.texts["title"] or page.path == "/"
    assert REGISTRY.title in document.texts["title"]
    assert document.texts["h1"] == (REGISTRY.title if page.path == "/" else page.title)
    assert document.has_footer


@pytest.mark.parametrize("page", PAGES)
def test_navigation_leads_to_every_page_and_marks_the_current_one(site, page):
    links = open_page(site, page.path).document.links
    assert links == {each.path: each.name == page.name for each in REGISTRY}


@pytest.mark.parametrize("page", BELOW_HOME)
def test_page_has_its_figure_in_the_first_answer(site, page):
    opened = open_page(site, page.path)
    assert opened.figures() or not opened.shown, "a chart page without a chart"
    assert shows_the_sample(opened) or page.name not in ADDRESSES or Visited.is_given
    for figure in opened.figures() if shows_the_sample(opened) else []:
        assert figure["data"], "nothing is drawn"


@pytest.mark.parametrize("name", [name for name in ADDRESSES if name in REGISTRY.names()])
def test_address_says_what_is_drawn(site, name):
    path = REGISTRY.page(name).path
    if not shows_the_sample(open_page(site, path)):
        pytest.skip("the page shows another table than the sample")
    plain, chosen = open_page(site, path), open_page(site, f"{path}?{ADDRESSES[name]}")
    assert chosen.note == plain.note == ""
    assert chosen.shown["values"] != plain.shown["values"]
    assert chosen.figures() != plain.figures()
    assert {trace["name"] for trace in chosen.figures()[0]["data"]} < {"Asia", "Europe", "Norway", "Chad"}


@pytest.mark.parametrize("page", PAGES)
def test_callback_answers_what_its_address_shows(site, page):
    opened = open_page(site, page.path)
    if shows_the_sample(opened):
        opened = open_page(site, f"{page.path}?{ADDRESSES.get(page.name, '')}")
    for body in opened.callbacks():
        answer = post(site, page.path, body)
        assert answer.status in ACCEPTED
        if not draws(opened):  # what a callback answers is its author's business
            continue
        assert (answer.status, answer.media_type) == (200, "application/json")
        for identity, changed in answer.json()["response"].items():
            shown = opened.component(identity)
            if identity == "shown":  # which says what was asked, too
                changed["data"] = {**changed["data"], "asked": None}
                for each in (changed, shown):
                    each["data"].pop("slow", None)  # as either chart may be on a busy machine
            assert changed == {name: shown.get(name) for name in changed}, identity


@pytest.mark.parametrize("page", BELOW_HOME)
@pytest.mark.parametrize("query", ["", "?a=1&b=%20%c3%a9&c="])
def test_path_without_its_slash_redirects_to_the_page_at_any_host(site, page, query, request):
    own = urlsplit(site).netloc
    for host in {own} if request.config.getoption("--url") else {own, "example.org:8443", "[::1]:9"}:
        bare = page.path.rstrip("/")
        answer = ask(site, bare + query, host=host)
        assert answer.status in (301, 302, 307, 308)
        scheme = urlsplit(site).scheme
        reached = urljoin(f"{scheme}://{host}{bare}", answer.headers["Location"])
        assert reached.lower() == f"{scheme}://{host}{page.path}{query}".lower()


@pytest.mark.parametrize("page", PAGES)
def test_status_says_that_the_page_is_ready_and_is_never_kept(site, page):
    answer = ask(site, page.status_path)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    status = answer.json()
    assert (status["page"], status["ready"]) == (page.name, True)
    assert isinstance(status["build"], str)
    assert status["build"]
    assert set(status) == {"page", "ready", "build"}


@pytest.mark.parametrize("path", ["/nowhere", "/nowhere/", "/barchartx/", "/BARCHART/", "/.git/config"])
def test_unknown_path_is_not_found_in_the_frame(site, path):
    answer = ask(site, path, accept="text/html")
    assert (answer.status, answer.media_type) == (404, "text/html")
    document = Document(answer.text)
    assert set(document.links) == {page.path for page in REGISTRY}
    assert not any(document.links.values())
    assert document.texts["h1"]


@pytest.mark.parametrize("page", BELOW_HOME)
def test_unknown_path_below_a_page_is_not_found_in_the_frame_of_that_page(site, page):
    answer = ask(site, f"{page.path}nowhere", accept="text/html")
    assert answer.status == 404
    assert Document(answer.text).links[page.path]


@pytest.mark.parametrize("page", BELOW_HOME)
@pytest.mark.parametrize("name", ["healthz", "readyz", "metrics"])
def test_what_is_for_operators_is_not_below_a_page(site, page, name):
    assert ask(site, page.path + name).status == 404


@pytest.mark.parametrize("path", ["/readyz", "/metrics", "/healthz/", "/healthz/x"])
def test_what_is_for_operators_is_not_passed_on(gateway_site, path):
    assert ask(gateway_site, path).status == 404


def test_site_says_that_it_is_alive(site):
    assert ask(site, "/healthz").status == 200


def shared(site, ending):
    """The address of a shared file with this ending, as the first page names it."""
    document = open_page(site, REGISTRY.pages[0].path).document
    addresses = [*document.styles, *document.scripts]
    return next(each for each in addresses if each.startswith("/_shared/portico/") and each.endswith(ending))


@pytest.mark.parametrize(("ending", "types"), [("portico.css", ("text/css",)), ("portico.js", JAVASCRIPT)])
def test_shared_file_is_kept_for_ever(site, ending, types):
    answer = ask(site, shared(site, ending))
    assert (answer.status, answer.media_type in types) == (200, True)
    assert "immutable" in answer.headers["Cache-Control"]
    assert answer.body


def test_head_of_a_shared_file_has_no_body(site):
    address = shared(site, "portico.css")
    whole, head = ask(site, address), ask(site, address, "HEAD")
    assert (head.status, head.body) == (200, b"")
    for name in ("Content-Type", "Cache-Control", "ETag"):
        assert head.headers[name] == whole.headers[name]


def test_shared_file_that_the_visitor_has_is_not_sent_again(site):
    address = shared(site, "portico.css")
    again = ask(site, address, if_none_match=ask(site, address).headers["ETag"])
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "target", ["/_shared/portico/0123456789abcdef/portico.css", "/_shared/", "/_shared/portico", "/_shared"]
)
def test_shared_file_of_another_build_is_not_found_and_not_kept(site, target):
    answer = ask(site, target)
    assert answer.status == 404
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("page", PAGES)
def test_every_script_of_a_page_loads(site, page):
    scripts = open_page(site, page.path).document.scripts
    assert scripts
    for address in scripts:  # a script from elsewhere is not the site's
        if not address.startswith("/"):
            continue
        answer = ask(site, address)
        assert (answer.status, answer.media_type in JAVASCRIPT, len(answer.body) > 0) == (200, True, True), address


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "file", ["dash/nothing.js", "nothing/x.js", "dash/dash-renderer/build/x.v1m1.min.js", "dash/", "dash"]
)
def test_script_that_is_not_there_is_not_found(site, page, file):
    assert ask(site, f"{page.path}_dash-component-suites/{file}").status == 404


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_method_that_a_page_does_not_know_is_refused(site, page, method):
    for target in (page.path, page.status_path):
        answer = ask(site, target, method, b"")
        assert answer.status == 405
        assert len(answer.body) < TEXT_LIMIT


@pytest.mark.parametrize("page", PAGES)
def test_callback_address_is_for_callbacks_only(site, page):
    for method in ("GET", "PUT", "DELETE"):
        assert ask(site, f"{page.path}_dash-update-component", method).status == 405


@pytest.mark.parametrize("target", ["/", "/nowhere", "/healthz", "/_status", "/barchart", "/barchart/", "/_shared/x"])
def test_every_answer_has_the_security_headers(gateway_site, target):
    headers = ask(gateway_site, target).headers
    assert {name: [*map(without_hashes, headers.get_all(name))] for name in SECURITY_HEADERS} == {
        name: [value] for name, value in SECURITY_HEADERS.items()
    }


@pytest.mark.parametrize("page", PAGES)
def test_policy_of_a_page_names_its_inline_scripts_and_no_others(gateway_site, page):
    answer = ask(gateway_site, page.path, accept="text/html")
    inline = INLINE.findall(answer.text)
    hashes = {f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'" for script in inline}
    assert inline
    assert set(re.findall(r"'sha256-[^']+'", answer.headers["Content-Security-Policy"])) == hashes


@pytest.mark.parametrize("target", ["/nowhere", "/barchart/_status", "/_shared/x"])
def test_no_script_of_a_page_runs_in_any_other_answer(gateway_site, target):
    assert ask(gateway_site, target).headers["Content-Security-Policy"] == SECURITY_HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize("target", ["/", "/nowhere", "/healthz", "/barchart/", "/barchart/_status"])
def test_every_answer_has_a_request_id_of_its_own(gateway_site, target):
    claimed = [ask(gateway_site, target, x_request_id="chosen-outside") for _ in range(2)]
    ids = [answer.headers.get_all("X-Request-ID") for answer in claimed]
    assert all(len(each) == 1 and len(each[0]) >= 16 for each in ids)
    assert ids[0] != ids[1]
    assert "chosen-outside" not in json.dumps(ids)


def test_visitors_at_once_all_get_their_own_answer(site):
    targets = [page.path for page in REGISTRY] + [page.status_path for page in REGISTRY] + ["/nowhere"]
    alone = {target: shape(ask(site, target)) for target in targets}
    with ThreadPoolExecutor(16) as visitors:
        together = list(visitors.map(lambda target: (target, shape(ask(site, target))), targets * 12))
    assert all(seen == alone[target] for target, seen in together)


def shape(answer):
    """What of an answer is the same for every visitor."""
    return (
        answer.status,
        answer.media_type,
        Document(answer.text).texts["title"] if answer.media_type == "text/html" else answer.body,
    )
