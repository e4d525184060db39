"""The headers of every kind of answer of each gateway."""

import re
from http.client import HTTPMessage

import pytest

from tests.security.header_rules import RULES, broken_rules
from tests.site.visitor import Answer, ask, open_page, post

PAGE = "/barchart/"
HTML = {"Accept": "text/html"}
GETS = {
    "home": ("/", 200, HTML),
    "page": (PAGE, 200, HTML),
    "page, as text": (PAGE, 200, {"accept_encoding": "gzip"}),
    "layout": (f"{PAGE}_dash-layout", 200, {}),
    "dependencies": (f"{PAGE}_dash-dependencies", 200, {}),
    "status": (f"{PAGE}_status", 200, {}),
    "health of the gateway": ("/healthz", 200, {}),
    "redirect": ("/barchart?year=1952", 308, {}),
    "redirect that was asked to lead elsewhere": ("/barchart?//evil.example", 308, {"host": "evil.example"}),
    "unknown path": ("/nope", 404, HTML),
    "unknown path, to a script": ("/nope", 404, {"Accept": "application/json"}),
    "unknown path of a page": (f"{PAGE}nope", 404, HTML),
    "path of the inside": ("/readyz", 404, HTML),
    "shared file that is not there": ("/_shared/portico/0000/portico.js", 404, {}),
    "address that is too long": (f"{PAGE}?{'a' * 8001}", 414, HTML),
}
BAD_HEADERS = [
    ("Server", "gunicorn/27.0"),
    ("Set-Cookie", "a=b"),
    ("Access-Control-Allow-Origin", "*"),
    ("Location", "//evil.example"),
    ("Cache-Control", "immutable"),
    ("Content-Type", "text/html"),
    ("Content-Security-Policy", "script-src *"),
    ("Content-Security-Policy", "default-src *"),
]


@pytest.mark.parametrize("kind", GETS)
def test_answer_breaks_no_rule(gateway_site: str, kind: str):
    path, status, headers = GETS[kind]
    answer = ask(gateway_site, path, **headers)
    assert answer.status == status
    assert broken_rules(answer) == []


@pytest.mark.parametrize("suffix", ["portico.css", "portico.js", "favicon.svg"])
def test_shared_file_breaks_no_rule(gateway_site: str, suffix: str):
    [path] = set(re.findall(rf'"(/_shared/[^"]+/{re.escape(suffix)})"', ask(gateway_site, "/", **HTML).text))
    answer = ask(gateway_site, path)
    assert answer.status == 200
    assert broken_rules(answer) == []


def test_callback_breaks_no_rule(gateway_site: str):
    (body,) = open_page(gateway_site, PAGE).callbacks()
    answer = post(gateway_site, PAGE, body)
    assert (answer.status, answer.media_type) == (200, "application/json")
    assert broken_rules(answer) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), ({"output": "nope"}, 400), (b"a" * 70_000, 413)],
    ids=["broken", "unknown", "large"],
)
@pytest.mark.parametrize("accept", ["text/html", "application/json"])
def test_callback_that_is_refused_breaks_no_rule(gateway_site: str, body: bytes | dict, status: int, accept: str):
    answer = post(gateway_site, PAGE, body, Accept=accept)
    assert answer.status == status
    assert broken_rules(answer) == []


@pytest.mark.parametrize("method", ["TRACE", "PUT", "OPTIONS", "HEAD"])
def test_answer_to_another_method_breaks_no_rule(gateway_site: str, method: str):
    assert broken_rules(ask(gateway_site, PAGE, method, **HTML)) == []


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_download_breaks_no_rule(gateway_site: str, suffix: str):
    answer = ask(gateway_site, f"{PAGE}_data.{suffix}")
    assert answer.status == 200
    assert broken_rules(answer) == []


@pytest.mark.parametrize("name", RULES)
def test_rule_can_be_broken(name: str):
    headers = HTTPMessage()
    for field, value in BAD_HEADERS:
        headers[field] = value
    assert name in broken_rules(Answer(503, headers, b"Traceback at 10.0.0.1 " * 50))
