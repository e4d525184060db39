"""What nobody should send: a sensible view with a note, or a short refusal, never a failure of the site."""

import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote, urlencode

import pytest

from portico.charts.form import SHOWN_PROBLEMS
from portico.charts.view import LONGEST_QUERY
from portico.page.errors import MAX_ADDRESS_LENGTH
from tests.site.site_pages import Visited, draws, shows_the_sample
from tests.site.visitor import TEXT_LIMIT, Document, ask, asked, open_page, post, with_query, without_pace

REGISTRY = Visited.registry
PAGES = [pytest.param(page, id=page.name) for page in REGISTRY]
BELOW_HOME = [pytest.param(page, id=page.name) for page in REGISTRY if page.path != "/"]

TEXTS = {  # of a parameter, to how the note shows it; none of it is a value of any control
    "": "",
    "9999": "9999",
    "-1": "-1",
    "1e9": "1e9",
    "٢٠٠٧": "٢٠٠٧",
    "Atlantis": "Atlantis",
    "<script>alert(1)</script>": "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>": "</script><img src=x onerror=alert(1)>",
    "'\"`&amp;{{7*7}}": "'\"`&amp;{{7*7}}",
    "a\0b\r\nc": "a�b��c",
    "../../etc/passwd": "../../etc/passwd",
    "x" * 1000: "x" * 40 + "…",
}
NOT_UTF_8 = "%ff%c3%28"


def assert_refused(answer):
    """A refusal: short, of the client's doing, and silent about what is inside."""
    assert 400 <= answer.status < 500, answer.text[:200]
    assert len(answer.body) < TEXT_LIMIT
    for inside in ("Traceback", "/site-packages/", "KeyError", "dash."):
        assert inside not in answer.text


def assert_nothing_unescaped(opened, plain):
    """An odd address gives the same document as a plain one: the same tags, in the same order; a note besides, at most.

    A page that is no chart may lay itself out differently at each visit.
    """
    assert opened.document.tags == plain.document.tags
    assert set(opened.document.painted) <= {*plain.document.painted, "p"} or not plain.shown
    assert opened.document.scripts == plain.document.scripts


def control_names(opened):
    """The controls of a chart page; none of any other."""
    return list((opened.shown or {"values": {}})["values"])


def same_view(opened, plain):
    """Return True if two addresses of a chart page show the same; any other page shows what its author likes."""
    if not plain.shown:
        return True
    same = opened.figures() == plain.figures()
    return same and (opened.shown or {}).get("values") == (plain.shown or {}).get("values")


@pytest.mark.parametrize("page", BELOW_HOME)
@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text)[:24])
def test_value_that_no_control_has_is_left_out_and_named(site, page, text):
    plain = open_page(site, page.path)
    names = [name for name in control_names(plain) if text or name != "filter"]  # an empty one says: no filter
    for some in (names[start : start + SHOWN_PROBLEMS] for start in range(0, len(names), SHOWN_PROBLEMS)):
        opened = open_page(site, f"{page.path}?{urlencode(dict.fromkeys(some, text))}")
        assert same_view(opened, plain) or not shows_the_sample(plain)  # other tables may have such a value
        for name in some if shows_the_sample(plain) else []:
            assert f"{name} = {TEXTS[text]}" in opened.note
        assert_nothing_unescaped(opened, plain)


@pytest.mark.parametrize("page", BELOW_HOME)
@pytest.mark.parametrize("name", [text for text in TEXTS if text], ids=lambda text: ascii(text)[:24])
def test_parameter_that_no_control_has_is_named(site, page, name):
    plain = open_page(site, page.path)
    opened = open_page(site, f"{page.path}?{quote(name, safe='')}=1")
    assert same_view(opened, plain)
    assert TEXTS[name] in opened.note or not draws(plain)
    assert_nothing_unescaped(opened, plain)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "query",
    [
        "",
        "&",
        "=",
        "===&&=",
        "?",
        "%",
        "%zz",
        "%u0041",
        f"a={NOT_UTF_8}",
        f"{NOT_UTF_8}=a",
        "a;b",
        "a[]=1",
        "%00=%00",
        "a" * 5000,
    ],
    ids=lambda text: text[:20],
)
def test_query_that_is_none_opens_the_page(site, page, query):
    plain, opened = open_page(site, page.path), open_page(site, f"{page.path}?{query}")
    assert same_view(opened, plain)
    assert_nothing_unescaped(opened, plain)


@pytest.mark.parametrize("page", BELOW_HOME)
def test_repeated_parameters_give_one_view_and_a_note(site, page):
    plain = open_page(site, page.path)
    for name in control_names(plain):
        opened = open_page(site, f"{page.path}?{'&'.join([name + '=never'] * 300)}")
        if shows_the_sample(plain):  # another table may have such a value
            assert same_view(opened, plain)
            assert f"{name} = never" in opened.note
        assert len(opened.note) < 400


@pytest.mark.parametrize("page", BELOW_HOME)
def test_seven_kilobytes_of_parameters_open_the_page_with_a_note(site, page):
    query = "&".join(f"p{number}=<b>" for number in range(2000))[: 7 * 1024]
    opened = open_page(site, f"{page.path}?{query}")
    assert same_view(opened, open_page(site, page.path))
    assert "p0" in opened.note or not draws(opened)
    assert len(opened.note) < 400


@pytest.mark.parametrize("page", PAGES)
def test_address_that_gunicorn_still_reads_is_refused_in_the_frame(site, page):
    answer = ask(site, f"{page.path}?{'a' * (MAX_ADDRESS_LENGTH + 1)}", accept="text/html")
    assert answer.status == 414
    assert Document(answer.text).links


@pytest.mark.parametrize("page", PAGES)
def test_address_of_twenty_kilobytes_is_refused(site, page):
    answer = ask(site, f"{page.path}?a={'x' * 20 * 1024}", accept="text/html")
    assert answer.status == 414
    assert_refused(answer)


def test_address_beyond_measure_is_refused(site):
    answer = ask(site, f"/?a={'x' * 60 * 1024}", accept="text/html")
    assert answer.status == 414
    assert_refused(answer)


def test_path_beyond_measure_is_refused(site):
    assert ask(site, f"/{'x' * 20_000}").status in (404, 414)


@pytest.mark.parametrize(
    "target",
    [
        "/%62archart/",
        "//barchart/",
        "//example.org/barchart",
        "/barchart//",
        "/barchart/../",
        "/barchart/../../",
        "/barchart/%2e%2e/",
        "/barchart/%2e%2e/%2e%2e/etc/passwd",
        "/barchart%2f",
        "/barchart%2F_status",
        "/barchart/%00",
        "/%00",
        "/%ff",
        "/barchart/%ff%fe",
        "/barchart/%c3%a9",
        "/barchart;x=1/",
        "/barchart/_status/",
        "/barchart/_status%0d%0aX-Injected:%201",
        "/barchart%0d%0aX-Injected:%201",
        "/barchart?%0d%0aX-Injected:%201",
        "/barchart\\",
        "/_dash-component-suites/..%2f..%2fpages.toml",
        "/barchart/_dash-component-suites/dash/../../../../etc/passwd",
        "/barchart/_dash-component-suites/dash/%2e%2e/%2e%2e/dash.py",
        "/_shared/portico/../../pages.toml",
        "/_shared/%2e%2e/%2e%2e/pages.toml",
        "/assets/../pages.toml",
        "http://example.org/barchart/",
        "/?/barchart/",
    ],
)
def test_odd_path_is_no_failure_and_leads_nowhere_else(site, target):
    answer = ask(site, target)
    assert answer.status < 500
    assert "X-Injected" not in answer.headers
    assert "example.org" not in answer.headers.get("Location", "")
    assert b"[[page]]" not in answer.body
    assert b"root:" not in answer.body


def callbacks_of(site, page):
    return open_page(site, page.path).callbacks()


BODIES = {
    "empty": b"",
    "cut off": b'{"output": ',
    "not JSON": b"output=chart.figure",
    "not UTF-8": b'{"output": "\xff\xfe"}',
    "a number": b"1",
    "a text": b'"x"',
    "null": b"null",
    "a list": b"[]",
    "an empty object": b"{}",
    "NaN": b"NaN",
    "a huge number": b"9" * 5000,
    "deep lists": b"[" * 50_000,
    "deep objects": b'{"a":' * 5000 + b"1" + b"}" * 5000,
    "an unknown output": b'{"output": "nothing.children", "outputs": {}, "inputs": []}',
    "a code name for an output": b'{"output": "__class__"}',
    "an output that is a list": b'{"output": ["chart.figure"]}',
    "an output that is an object": b'{"output": {"id": "chart"}}',
}


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", BODIES)
def test_body_that_is_no_callback_is_refused(site, page, name):
    assert_refused(post(site, page.path, BODIES[name]))


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "x"]
)
def test_body_that_does_not_say_it_is_json_is_refused(site, page, content_type):
    for body in callbacks_of(site, page) or [{}]:
        assert_refused(post(site, page.path, body, content_type))


@pytest.mark.parametrize("page", PAGES)
def test_body_beyond_the_limit_is_refused(site, page):
    answer = post(site, page.path, b'{"output": "%s"}' % (b"x" * page.body_limit_bytes))
    assert answer.status in ((400, 413) if Visited.is_given else (413,))  # a given site's limit is not known here
    assert_refused(answer)


@pytest.mark.parametrize("page", BELOW_HOME)
@pytest.mark.parametrize("key", ["output", "outputs", "inputs"])
def test_callback_that_leaves_a_part_out_is_refused(site, page, key):
    for body in callbacks_of(site, page):
        assert_refused(post(site, page.path, {name: value for name, value in body.items() if name != key}))


SHAPES = [
    None,
    1,
    "x",
    True,
    {},
    [None],
    [[]],
    [1],
    [{}],
    [{"id": "x", "property": "value"}],
    [{"id": {}, "property": []}],
]


@pytest.mark.parametrize("page", BELOW_HOME)
@pytest.mark.parametrize("key", ["outputs", "inputs", "state", "changedPropIds"])
def test_callback_with_a_part_of_the_wrong_shape_is_refused(site, page, key):
    for body in callbacks_of(site, page):
        for shape in SHAPES:
            assert_refused(post(site, page.path, body | {key: shape}))


@pytest.mark.parametrize("page", BELOW_HOME)
def test_callback_with_too_few_or_too_many_inputs_is_refused(site, page):
    for body in callbacks_of(site, page):
        assert_refused(post(site, page.path, body | {"inputs": body["inputs"][1:]}))
        assert_refused(post(site, page.path, body | {"inputs": body["inputs"] * 2}))


ABSURD = [
    "never",
    "",
    -1,
    True,
    2007.5,
    1e300,
    10**400,
    float("nan"),
    float("inf"),
    {},
    {"a": {"b": [1]}},
    [None],
    [[]],
    [{}],
    ["never"],
    [1, 2, 3],
    ["x"] * 3000,
    "x" * 70_000,
    "\0",
    "\ud800",
    "<script>",
]


@pytest.mark.parametrize("page", BELOW_HOME)
@pytest.mark.parametrize("value", ABSURD, ids=lambda value: ascii(value)[:24])
def test_value_that_no_browser_of_ours_can_send_is_refused(site, page, value):
    opened = open_page(site, page.path)
    for body in opened.callbacks() if opened.shown else []:
        (given,) = body["inputs"]
        for sent in (value, asked("") | {"query": value}):
            answer = post(site, page.path, body | {"inputs": [given | {"value": sent}]})
            if isinstance(sent, dict) and isinstance(value, str) and len(value) < LONGEST_QUERY:
                assert answer.status == 200  # a query holds anything, as an address does
            else:
                assert_refused(answer)


@pytest.mark.parametrize("page", BELOW_HOME)
@pytest.mark.parametrize("value", ABSURD, ids=lambda value: ascii(value)[:24])
@pytest.mark.parametrize("key", ["shape", "width", "opened"])
def test_odd_detail_of_what_is_asked_is_answered_or_refused(site, page, value, key):
    opened = open_page(site, page.path)
    for body in opened.callbacks() if opened.shown else []:
        (given,) = body["inputs"]
        sent = given | {"value": given["value"] | {key: value}}
        asking = body | {"inputs": [sent]}
        too_large = len(json.dumps(asking)) > page.body_limit_bytes
        accepted = (200, 400, 413) if Visited.is_given else (413,) if too_large else (200, 400)
        assert post(site, page.path, asking).status in accepted


@pytest.mark.parametrize("page", BELOW_HOME)
def test_value_that_is_nested_very_deep_is_refused(site, page):
    opened = open_page(site, page.path)
    fair = (10, 500, 900) if opened.shown else ()  # a callback that is no chart's may take a list
    for body in opened.callbacks():
        for depth in (*fair, 980, 990, 1000, 5000):
            nested = "[" * depth + "]" * depth
            text = json.dumps(body | {"inputs": [body["inputs"][0] | {"value": "@"}, *body["inputs"][1:]]})
            assert_refused(post(site, page.path, text.replace('"@"', nested).encode()))


@pytest.mark.parametrize("page", BELOW_HOME)
def test_empty_query_gives_the_default_view(site, page):
    opened = open_page(site, page.path)
    for body in opened.callbacks() if opened.shown else []:
        answer = post(site, page.path, with_query(body, ""))
        assert answer.status == 200
        assert answer.json()["response"]["chart"] == post(site, page.path, body).json()["response"]["chart"]


def test_bad_and_good_requests_at_once_do_not_mix(site):
    page = next((page for page in REGISTRY if open_page(site, page.path).shown), None)
    if not page:
        pytest.skip("the site has no chart page")
    (good,) = callbacks_of(site, page)
    wanted = without_pace(post(site, page.path, good).text)

    def send(number):
        if number % 3 == 0:
            return without_pace(post(site, page.path, good).text) == wanted
        bad = b"[" * 20_000 if number % 3 == 1 else {"output": str(number)}
        return post(site, page.path, bad).status == 400

    with ThreadPoolExecutor(12) as visitors:
        assert all(visitors.map(send, range(90)))
