"""One page's fault is that page's alone: the others answer as before, and it comes back by itself."""

import json
import re
import socket
import threading
import time
from contextlib import ExitStack, contextmanager

import pytest
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from portico.config.settings import THREADS_PER_REMOTE
from tests.processes import free_port, is_listening, kill, running, running_process
from tests.reference_site import reference_registry
from tests.site.visitor import Document, ask, open_page, post, with_its_chart, without_pace
from tests.tries import TRIES, takes_less_than

REGISTRY = reference_registry()
BARS = REGISTRY.page("barchart")
OTHERS = [page for page in REGISTRY if page.name != BARS.name]
ONCE = re.compile(r'"end_id":"[^"]*"')  # Dash's random name of a page load
NOTICED_WITHIN_S = 1
BACK_WITHIN_S = 5


@pytest.fixture(scope="module")
def port():
    """Where the bar chart is expected, whether it runs or not."""
    return free_port()


@pytest.fixture(scope="module")
def gateway(port):
    """A gateway that was started before the bar chart it leads to."""
    with running("gateway", PORTICO_REMOTE=f"barchart=http://127.0.0.1:{port}") as address:
        yield address


@pytest.fixture
def die(port):
    """Run the bar chart; call this to end it as a machine that fails does."""
    with running_process("portico", port, PORTICO_PAGES="barchart") as process:

        def die():
            kill(process)
            assert seconds_until(lambda: not is_listening(port)) < BACK_WITHIN_S

        yield die


def answers_of_others(gateway):
    addresses = [page.path + part for page in OTHERS for part in ("", "?year=x", "_status", "_dash-layout")]
    answers = {address: with_its_chart(lambda address=address: ask(gateway, address)) for address in addresses}
    for page in OTHERS:
        for body in open_page(gateway, page.path).callbacks():
            answers[body["output"]] = post(gateway, page.path, body)
    return {name: (answer.status, ONCE.sub("", without_pace(answer.text))) for name, answer in answers.items()}


def test_page_that_is_not_there_yet_opens_as_soon_as_it_is(gateway, port):
    def seconds_to_open() -> float:
        assert ask(gateway, BARS.path).status == 503
        with running_process("portico", port, PORTICO_PAGES="barchart"):
            return seconds_until(lambda: ask(gateway, BARS.path).status == 200)

    assert any(seconds_to_open() < BACK_WITHIN_S for _ in range(TRIES))


def test_death_of_a_page_leaves_the_others_unchanged(gateway, die):
    before = answers_of_others(gateway)
    assert ask(gateway, BARS.path).status == 200
    die()
    assert answers_of_others(gateway) == before
    assert {status for status, _ in before.values()} == {200}


@pytest.fixture(scope="module")
def dead(gateway, port):
    """A gateway whose bar chart has answered and died; with a callback of it."""
    with running_process("portico", port, PORTICO_PAGES="barchart") as process:
        (body,) = open_page(gateway, BARS.path).callbacks()
        kill(process)
        assert seconds_until(lambda: not is_listening(port)) < BACK_WITHIN_S
    return gateway, body


@pytest.mark.parametrize("part", ["", "?year=1952", "_status", "_dash-layout"])
def test_dead_page_is_unavailable_in_the_frame_at_once(dead, part):
    assert takes_less_than(NOTICED_WITHIN_S, lambda: ask(dead[0], BARS.path + part, accept="text/html"))
    answer = ask(dead[0], BARS.path + part, accept="text/html")
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.headers["Cache-Control"] == "no-store"
    document = Document(answer.text)
    assert document.texts["h1"] == f"{BARS.title} is not available right now"
    assert document.links == {page.path: page.name == BARS.name for page in REGISTRY}
    assert f'data-retry="{BARS.status_path}"' in answer.text


def test_callback_of_a_dead_page_gets_a_line_of_text(dead):
    gateway, body = dead
    answer = post(gateway, BARS.path, body)
    assert (answer.status, answer.media_type) == (503, "text/plain")


def test_shared_files_are_answered_while_a_page_is_dead(dead):
    (style,) = open_page(dead[0], "/").document.styles
    assert ask(dead[0], style).status == 200


def test_page_is_back_by_itself_when_its_service_is(gateway, die, port):
    before = own_text(gateway)
    die()

    def seconds_to_be_back() -> float:
        assert ask(gateway, BARS.path).status == 503
        with running_process("portico", port, PORTICO_PAGES="barchart"):
            took = seconds_until(lambda: ask(gateway, BARS.path).status == 200)
            assert own_text(gateway) == before
            return took

    assert any(seconds_to_be_back() < BACK_WITHIN_S for _ in range(TRIES))


def own_text(gateway):
    """What the bar chart's page says at every start."""
    return ONCE.sub("", without_pace(open_page(gateway, BARS.path).answer.text))


@contextmanager
def silent_page():
    """A page that takes every connection and says nothing; its address is what the block gets."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_page_that_hangs_leaves_the_others_their_threads():
    port = free_port()
    gateway = f"http://127.0.0.1:{port}"
    with (
        silent_page() as silent,
        running_process("gateway", port, PORTICO_REMOTE=f"barchart={silent}") as process,
        ExitStack() as held,
    ):
        for _ in range(2 * THREADS_PER_REMOTE):
            client = held.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.sendall(b"GET /barchart/ HTTP/1.1\r\nHost: site\r\n\r\n")
        waits = (seconds_until(lambda: ask(gateway, BARS.status_path).status == 503) for _ in range(TRIES))
        assert any(each < BACK_WITHIN_S for each in waits)
        for path in ("/", "/linechart/", BARS.path):
            assert takes_less_than(NOTICED_WITHIN_S, lambda path=path: ask(gateway, path))
        assert [ask(gateway, path).status for path in ("/", "/linechart/", BARS.path)] == [200, 200, 503]
        kill(process)  # it would wait for the page as long as for any other


def planted_file(environ, start_response):
    """A page that answers any shared address with a script of its own."""
    return Response(f"planted({environ['PATH_INFO']!r})", content_type="text/javascript")(environ, start_response)


def test_shared_file_of_another_build_is_given_into_the_page_that_supplies_it_alone():
    unknown = "/_shared/portico/0000000000000000/portico.js"
    page = make_server("127.0.0.1", 0, planted_file, threaded=True)
    threading.Thread(target=page.serve_forever, daemon=True).start()
    try:
        with (
            running("portico", PORTICO_PAGES="linechart") as lines,
            running("gateway", PORTICO_REMOTE=f"barchart=http://127.0.0.1:{page.port},linechart={lines}") as gateway,
        ):
            into = {path: ask(gateway, unknown, referer=gateway + path) for path in ("/barchart/", "/linechart/", "/")}
            assert [each.status for each in into.values()] == [307] * 3
            assert {each.headers["Cache-Control"] for each in into.values()} == {"no-store"}
            answers = {path: ask(gateway, each.headers["Location"]) for path, each in into.items()}
            assert answers["/barchart/"].text == f"planted({unknown!r})"
            assert [answers[path].status for path in ("/linechart/", "/")] == [404, 404]
            for answer in (ask(gateway, unknown), ask(gateway, unknown, referer="http://[")):
                assert (answer.status, answer.headers["Cache-Control"]) == (404, "no-store")
    finally:
        page.shutdown()


def test_page_that_is_neither_here_nor_elsewhere_is_unavailable():
    with running("gateway", PORTICO_PAGES="home") as address:
        answer = ask(address, BARS.path, accept="text/html")
        assert answer.status == 503
        assert Document(answer.text).texts["h1"] == f"{BARS.title} is not available right now"
        assert ask(address, BARS.status_path).status == 503
        assert ask(address, "/").status == 200


def test_service_answers_its_own_pages_and_no_others():
    with running("portico", PORTICO_PAGES="barchart") as address:
        assert ask(address, BARS.path).status == 200
        assert [ask(address, page.path).status for page in OTHERS] == [404] * len(OTHERS)
        assert json.loads(ask(address, "/readyz").body) == {"ready": True, "pages": {"barchart": True}}
        assert json.loads(ask(address, "/healthz").body) == {"alive": True}


def seconds_until(condition):
    """Ask until it is so, and return how long that took; the test's own assertion says how long is too long."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > 2 * BACK_WITHIN_S:
            break
        time.sleep(0.05)
    return time.monotonic() - began
