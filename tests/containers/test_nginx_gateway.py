"""What the nginx gateway does with requests, beyond what the site suite asks of every gateway."""

import json
import re
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from portico.page.response_headers import SECURITY_HEADERS
from tests.containers.stack import Stack, inspect, logged, run
from tests.site.visitor import without_hashes
from tests.tries import TRIES

pytestmark = pytest.mark.containers

VISITORS = 12  # so many that each process of nginx has several
ROUNDING_S = 0.0015  # nginx rounds each to a thousandth
REQUEST_ID = re.compile(r"[0-9a-f]{32}")
FOLDERS = ("/_shared", "/assets", "/.errors", "/.errors/404.html", "/barchart_", "/barchart/../nope")
INTERNAL = ("/readyz", "/metrics", "/barchart/healthz", "/barchart/readyz", "/healthz/", "/x/../readyz", "/%2e/readyz")


@pytest.fixture(scope="module")
def stand_in(stack: Stack):
    """The address of a page that tells what reached it."""
    with stack.stand_in("linechart"):
        yield f"{stack.url}/linechart"


def test_configuration_is_valid(stack: Stack):
    run("docker", "exec", stack.containers("gateway")[0], "nginx", "-t", "-c", "/tmp/nginx.conf")


def test_gateway_is_alive_whatever_its_pages_are(stack: Stack):
    response = requests.get(f"{stack.url}/healthz", timeout=5)
    assert response.json() == {"alive": True}
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", [*INTERNAL, *FOLDERS])
def test_what_is_internal_cannot_be_reached(stack: Stack, path: str):
    status, _, body = raw_request(stack, f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n")
    assert status == 404
    assert "Page not found" in body


def test_page_gets_the_path_byte_for_byte(stand_in: str, stack: Stack):
    path = "/linechart/a%2Fb/%C3%A4//c;d/./e?x=%20&y=+&z=a%26b"
    _, _, body = raw_request(stack, f"GET {path} HTTP/1.1\r\nHost: x\r\n")
    assert json.loads(body)["path"] == path


def test_page_is_not_told_what_the_client_claims(stand_in: str, stack: Stack):
    claims = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "/evil",
        "X-Forwarded-Port": "666",
        "X-Real-IP": "6.6.6.6",
        "Forwarded": "for=6.6.6.6",
        "X_Forwarded_For": "6.6.6.6",
        "X-Request-ID": "evil",
        "Connection": "x-request-id, keep-alive",
    }
    seen = requests.get(f"{stand_in}/echo", headers=claims, timeout=5).json()["headers"]
    assert not re.search(r"6\.6\.6\.6|evil|666", json.dumps(seen))
    assert seen["host"] == seen["x-forwarded-host"] == f"127.0.0.1:{stack.port}"
    assert seen["x-forwarded-proto"] == "http"
    gateway = inspect(stack.containers("gateway")[0])["NetworkSettings"]["Networks"][stack.network("outside")]
    assert seen["x-forwarded-for"] == gateway["Gateway"]  # the engine's, where our connection came from


def test_request_id_is_the_gateways_own_and_in_every_log(stack: Stack):
    response = requests.get(f"{stack.url}/barchart/?secret=1", headers={"X-Request-ID": "mine"}, timeout=10)
    request_id = response.headers["X-Request-ID"]
    assert REQUEST_ID.fullmatch(request_id)
    for service in ("gateway", "barchart"):
        [record] = logged(stack.containers(service)[0], request_id)
        assert (record["method"], record["path"], record["status"]) == ("GET", "/barchart/", 200)


def test_log_says_which_replica_answered_and_how_long_it_took(stack: Stack):
    request_id = requests.get(f"{stack.url}/barchart/_status", timeout=10).headers["X-Request-ID"]
    [record] = logged(stack.containers("gateway")[0], request_id)
    assert record["upstream"].endswith(":8000")
    assert record["upstream_status"] == "200"
    assert float(record["upstream_seconds"]) <= record["seconds"] + ROUNDING_S


def test_log_has_the_method_of_the_request_where_an_error_page_answers_it(stand_in: str, stack: Stack):
    request_id = requests.post(f"{stand_in}/logged/hangup", json={}, timeout=5).headers["X-Request-ID"]
    [record] = logged(stack.containers("gateway")[0], request_id)
    assert (record["method"], record["status"]) == ("POST", 502)


def test_answers_of_a_page_carry_the_gateways_headers_once(stand_in: str):
    response = requests.get(f"{stand_in}/echo", timeout=5)
    headers = response.raw.headers
    assert {name: headers.getlist(name) for name in SECURITY_HEADERS} == {k: [v] for k, v in SECURITY_HEADERS.items()}
    assert REQUEST_ID.fullmatch(response.headers["X-Request-ID"])
    assert response.headers["Server"] == "nginx"


@pytest.mark.parametrize("path", ["/", "/barchart", "/nope", "/healthz", "/_shared/portico/x/y.css", "/barchart/nope"])
def test_security_headers_are_on_every_answer(stack: Stack, path: str):
    headers = requests.get(stack.url + path, timeout=10, allow_redirects=False).headers
    assert {name: without_hashes(headers.get(name)) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert REQUEST_ID.fullmatch(headers["X-Request-ID"])


def test_page_speaks_for_itself_when_it_is_unavailable(stand_in: str):
    response = requests.get(f"{stand_in}/unavailable", timeout=5)
    assert (response.status_code, response.text) == (503, "the page's own words")


def test_page_that_hangs_up_is_502_in_the_frame(stand_in: str):
    response = requests.get(f"{stand_in}/hangup", timeout=5, headers={"Accept": "text/html"})
    assert response.status_code == 502
    assert "No proper answer" in response.text


def test_callback_of_a_pure_page_whose_replica_hangs_up_is_sent_three_times_at_most(stand_in: str):
    """However many connections the gateway keeps to it: each would be a try that nginx does not count."""
    with ThreadPoolExecutor(VISITORS) as at_once:
        kept = [at_once.submit(requests.get, f"{stand_in}/slow", timeout=5) for _ in range(VISITORS)]
    path = f"callback/{uuid.uuid4().hex}/hangup"  # the page counts for as long as it runs
    response = requests.post(f"{stand_in}/{path}", json={}, timeout=5)
    seen = requests.get(f"{stand_in}/seen", timeout=5).json()
    assert {each.result().status_code for each in kept} == {200}
    assert response.status_code == 502
    assert 1 < seen[f"/linechart/{path}"] <= 3


def test_second_time_is_on_a_new_connection(stand_in: str):
    """Connections that were kept meanwhile may be of the process that died under the first try."""

    def answered() -> set[int]:
        with ThreadPoolExecutor(2 * VISITORS) as at_once:
            others = [at_once.submit(requests.get, f"{stand_in}/slow", timeout=20) for _ in range(VISITORS)]
            paths = [f"{stand_in}/callback/{uuid.uuid4().hex}/dies" for _ in range(VISITORS)]
            answers = [at_once.submit(requests.post, path, json={}, timeout=20) for path in paths]
        assert {each.result().status_code for each in others} == {200}
        return {each.result().status_code for each in answers}

    assert {200} in (answered() for _ in range(TRIES))  # what died later than two seconds is not sent again


def test_body_that_is_cut_off_is_a_cut_connection(stand_in: str):
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{stand_in}/cut", timeout=5)


def test_event_arrives_when_it_is_sent(stand_in: str):
    start = time.monotonic()
    with requests.get(f"{stand_in}/stream", stream=True, timeout=10) as response:
        first = next(response.iter_lines())
        assert time.monotonic() - start < 0.9  # the second one follows a second later
    assert first == b"data: 0"


def test_address_of_almost_8_kilobytes_opens_the_page(stack: Stack):
    assert requests.get(f"{stack.url}/barchart/?country={'a' * 7900}", timeout=10).status_code == 200


@pytest.mark.parametrize(
    ("head", "status", "heading"),
    [
        (f"GET /barchart/?{'a' * 8001} HTTP/1.1\r\nHost: x\r\n", 414, "Address too long"),
        (f"GET /barchart/?{'a' * 20000} HTTP/1.1\r\nHost: x\r\n", 414, "Address too long"),
        (f"GET /barchart/ HTTP/1.1\r\nHost: x\r\nX-Long: {'a' * 20000}\r\n", 400, "Request not understood"),
        ("GET /barchart/ HTTP/1.1\r\nHost: x\r\n" + "X-Many: 1\r\n" * 200, 400, "Request not understood"),
        ("GET /barchart/ HTTP/1.1\r\n", 400, "Request not understood"),
        ("TRACE / HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n", 405, "Method not allowed"),
    ],
    ids=["address", "longer address", "header", "headers", "no host", "trace"],
)
def test_limits_are_answered_in_the_frame(stack: Stack, head: str, status: int, heading: str):
    answered, _, body = raw_request(stack, head)
    assert answered == status
    assert heading in body
    assert "/_shared/portico/" in body


def test_header_of_15_kilobytes_reaches_the_page(stack: Stack):
    response = requests.get(f"{stack.url}/barchart/_status", headers={"Cookie": f"a={'b' * 15000}"}, timeout=10)
    assert response.status_code == 200


def test_body_that_is_too_large_is_answered_in_the_frame(stack: Stack):
    callback = f"{stack.url}/barchart/_dash-update-component"
    response = requests.post(callback, data=b"a" * 70_000, headers={"Accept": "text/html"}, timeout=10)
    assert response.status_code == 413
    assert "Too much data" in response.text


def test_body_without_a_length_is_limited_too(stack: Stack):
    chunks = (b"a" * 1000 for _ in range(70))
    response = requests.post(f"{stack.url}/barchart/_dash-update-component", data=chunks, timeout=10)
    assert response.status_code == 413


def test_redirect_is_relative_and_keeps_the_query(stack: Stack):
    response = requests.get(f"{stack.url}/barchart?year=1952&x=%2F", allow_redirects=False, timeout=5)
    assert (response.status_code, response.headers["Location"]) == (308, "/barchart/?year=1952&x=%2F")


@pytest.mark.parametrize("path", ["/", "/barchart/", "/barchart/_dash-layout"])
def test_text_is_compressed(stack: Stack, path: str):
    response = requests.get(stack.url + path, headers={"Accept-Encoding": "gzip"}, timeout=10)
    assert response.headers["Content-Encoding"] == "gzip"


def raw_request(stack: Stack, head: str) -> tuple[int, str, str]:
    """Send a request as it stands and return the status, the headers and the body of the answer."""
    with socket.create_connection(("127.0.0.1", stack.port), timeout=10) as connection:
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    headers, _, body = answer.partition("\r\n\r\n")
    return int(headers.split()[1]), headers, body
