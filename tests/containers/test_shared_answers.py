"""Answers that the nginx gateway keeps for other readers, and those that it must not."""

import json
import threading

import pytest
import requests

from portico.page.cache_control import sharing_for
from portico.page.identity import IDENTITY_HEADERS
from tests.containers.load import callback_bodies
from tests.containers.stack import Stack, logged
from tests.site.visitor import open_page, without_pace

pytestmark = pytest.mark.containers
CALLBACK = "/barchart/_dash-update-component"


@pytest.fixture(scope="module")
def bodies(stack: Stack):
    return callback_bodies(stack.url, "/barchart/")


def post(stack: Stack, body, path=CALLBACK, **headers: str) -> requests.Response:
    text = body if isinstance(body, bytes | str) else json.dumps(body)
    return requests.post(
        stack.url + path, data=text, headers={"Content-Type": "application/json"} | headers, timeout=30
    )


def cache_status(stack: Stack, response: requests.Response) -> str:
    """What the gateway's log says of an answer."""
    [gateway] = stack.containers("gateway")
    [record] = logged(gateway, response.headers["X-Request-ID"])
    return record["cache"]


def test_same_question_is_worked_out_once(stack: Stack, bodies):
    body = bodies[0] | {"changedPropIds": ["address.data", "once"]}
    first, again = post(stack, body), post(stack, body)
    assert [first.status_code, again.status_code] == [200, 200]
    assert first.text == again.text
    assert [cache_status(stack, each) for each in (first, again)] == ["MISS", "HIT"]
    assert first.headers["Cache-Control"] == sharing_for(60)


def test_answer_is_kept_compressed_and_opened_for_who_takes_no_gzip(stack: Stack, bodies):
    body = bodies[0] | {"changedPropIds": ["address.data", "compressed"]}
    first, plain = post(stack, body), post(stack, body, **{"Accept-Encoding": "identity"})
    assert [cache_status(stack, each) for each in (first, plain)] == ["MISS", "HIT"]
    assert [each.headers.get("Content-Encoding", "") for each in (first, plain)] == ["gzip", ""]
    assert [each.headers["Vary"] for each in (first, plain)] == ["Accept-Encoding"] * 2
    assert plain.text == first.text


def test_readers_who_ask_at_once_share_one_flight(stack: Stack, bodies):
    body = bodies[0] | {"changedPropIds": ["address.data", "flight"]}
    answers: list[requests.Response] = []
    together = threading.Barrier(16)

    def ask() -> None:
        together.wait()
        answers.append(post(stack, body))

    readers = [threading.Thread(target=ask) for _ in range(16)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert len({each.text for each in answers}) == 1
    assert len(answers) == 16
    assert sorted(cache_status(stack, each) for each in answers) == ["HIT"] * 15 + ["MISS"]


def test_every_question_gets_its_own_answer(stack: Stack, bodies):
    first = [post(stack, body).text for body in bodies]
    assert len(set(first)) == len(bodies)
    assert [post(stack, body).text for body in bodies] == first


@pytest.mark.parametrize(
    "headers",
    [
        *({name: "ann"} for name in IDENTITY_HEADERS),
        {"Cache-Control": "no-store"},
        {"Cache-Control": "No-Cache, max-age=0"},
    ],
)
def test_reader_who_is_known_or_wants_an_own_answer_gets_one_and_leaves_none(stack: Stack, bodies, headers):
    body = bodies[1] | {"changedPropIds": ["address.data", json.dumps(headers)]}
    own = post(stack, body, **headers)
    assert (own.status_code, cache_status(stack, own)) == (200, "")
    assert cache_status(stack, post(stack, body)) == "MISS"
    assert cache_status(stack, post(stack, body, **headers)) == ""


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": "9.9.9.9"},
        {"X-Portico-Version": "forged"},
        {"Forwarded": "host=evil.example"},
        {"Accept-Encoding": "br, gzip;q=0.1, x" * 20},
        {"Accept": "text/html", "Origin": "http://evil.example", "X-Original-URL": "/linechart/"},
        {"Range": "bytes=0-9"},
        {"If-None-Match": "*"},
        {"X-HTTP-Method-Override": "GET"},
    ],
)
def test_header_that_is_not_in_the_key_changes_nothing_of_what_is_kept(stack: Stack, bodies, headers):
    plain = without_pace(post(stack, bodies[2]).text)
    body = bodies[2] | {"changedPropIds": ["address.data", json.dumps(headers)]}
    poisoned, after = post(stack, body, **headers), post(stack, body)
    assert cache_status(stack, poisoned) == "MISS"
    assert (after.status_code, without_pace(after.text)) == (200, plain)
    assert "evil" not in str(after.headers)
    assert after.headers["Content-Type"] == "application/json"


def test_bodies_of_one_length_and_those_in_another_order_have_answers_of_their_own(stack: Stack, bodies):
    one, other = ({**body, "changedPropIds": []} for body in bodies[3:5])
    texts = [json.dumps(one), json.dumps(other)]
    assert len(texts[0]) == len(texts[1])
    answers = [without_pace(post(stack, text).text) for text in texts]
    assert answers[0] != answers[1]
    turned = json.dumps(dict(reversed(one.items())))
    answer = post(stack, turned)
    assert (cache_status(stack, answer), without_pace(answer.text)) == ("MISS", answers[0])


def test_query_of_the_address_and_the_type_are_of_the_key(stack: Stack, bodies):
    body = bodies[5] | {"changedPropIds": ["address.data", "address"]}
    assert cache_status(stack, post(stack, body, f"{CALLBACK}?a=1")) == "MISS"
    assert cache_status(stack, post(stack, body, f"{CALLBACK}?a=2")) == "MISS"
    assert cache_status(stack, post(stack, body)) == "MISS"
    wrong = post(stack, body, **{"Content-Type": "text/plain"})
    assert wrong.status_code == 415
    assert post(stack, body).status_code == 200


@pytest.mark.parametrize("body", ["", "[]", "{", '{"output": "nobody.children"}'])
def test_error_is_not_kept(stack: Stack, body):
    statuses = [cache_status(stack, post(stack, body)) for _ in range(2)]
    assert "HIT" not in statuses
    assert post(stack, body).headers["Cache-Control"] == "no-store"


def test_answers_outlive_their_page_and_no_other_question_is_answered(stack: Stack, bodies):
    body = bodies[8] | {"changedPropIds": ["address.data", "outlives"]}
    kept = post(stack, body).text
    stack.kill("barchart")
    try:
        assert post(stack, body).text == kept
        assert post(stack, body | {"changedPropIds": ["address.data", "new"]}).status_code == 503
        assert post(stack, body, **{"Cache-Control": "no-store"}).status_code == 503
    finally:
        stack.healthy()
    assert without_pace(post(stack, body).text) == without_pace(kept)


def test_page_that_shares_nothing_is_not_kept(stack: Stack):
    answers = [post(stack, "{}", "/_dash-update-component") for _ in range(2)]
    assert [answer.headers["Cache-Control"] for answer in answers] == ["no-store"] * 2
    assert [cache_status(stack, answer) for answer in answers] == ["", ""]


def test_gateway_keeps_shared_files_while_every_page_is_down(stack: Stack):
    addresses = open_page(stack.url, "/barchart/").document.scripts
    whole = [requests.get(stack.url + address, timeout=10).content for address in addresses]
    stack.kill("home", "barchart", "linechart")
    try:
        assert [requests.get(stack.url + address, timeout=10).content for address in addresses] == whole
    finally:
        stack.healthy()
