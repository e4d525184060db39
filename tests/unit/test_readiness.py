"""Readiness: whether a page could answer now, found out by asking it, at no cost to its visitors."""

import importlib
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import yaml

from portico.data.errors import Busy, SourceAway
from portico.page import readiness as readiness_module
from portico.page.app import apps_of
from portico.page.loader import init_app
from portico.page.readiness import Readiness
from portico.page.warmup import sample_callbacks
from tests.small_sites import PAGE

FOREVER_S = 3600


class Asked:
    """A check that does what it is told to, and counts."""

    def __init__(self):
        self.times = 0
        self.failure = None
        self.free = threading.Event()
        self.free.set()

    def __call__(self):
        self.times += 1
        self.free.wait()
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def asked():
    asked = Asked()
    yield asked
    asked.free.set()


@pytest.fixture
def forgetful(monkeypatch):
    """What was found is asked again at once."""
    monkeypatch.setattr(readiness_module, "LASTS_S", 0)
    monkeypatch.setattr(readiness_module, "SHARE", 0)


def test_what_was_found_is_not_asked_again_at_once(asked, monkeypatch):
    monkeypatch.setattr(readiness_module, "LASTS_S", FOREVER_S)
    readiness = Readiness(asked, "a")
    assert [readiness.is_ready() for _ in range(20)] == [True] * 20
    assert asked.times == 1


@pytest.mark.usefixtures("forgetful")
def test_failure_is_unready_until_it_is_over(asked, caplog):
    readiness = Readiness(asked, "a")
    assert readiness.is_ready()
    asked.failure = SourceAway("The data folder cannot be read.")
    assert not readiness.is_ready()
    assert not readiness.is_ready()
    asked.failure = None
    assert readiness.is_ready()
    assert caplog.messages == ["a is not ready: SourceAway: The data folder cannot be read.", "a is ready again"]


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize("before", [None, SourceAway("away")], ids=["ready", "unready"])
def test_page_that_is_busy_is_what_it_was(asked, before):
    asked.failure = before
    readiness = Readiness(asked, "a")
    was = readiness.is_ready()
    asked.failure = Busy("The server is busy.")
    assert [was, readiness.is_ready(), readiness.is_ready()] == [before is None] * 3


@pytest.mark.usefixtures("forgetful")
def test_check_that_hangs_is_unready_after_its_time_and_the_only_one(asked, monkeypatch):
    monkeypatch.setattr(readiness_module, "TIME_BOX_S", 0.05)
    asked.free.clear()
    readiness = Readiness(asked, "a")
    assert [readiness.is_ready() for _ in range(20)] == [False] * 20
    assert asked.times == 1
    assert [each.name for each in threading.enumerate()].count("readiness of a") == 1
    asked.free.set()
    readiness._latest.over.wait()
    assert not readiness._latest.passed  # it came too late
    monkeypatch.setattr(readiness_module, "TIME_BOX_S", FOREVER_S)
    assert readiness.is_ready()
    assert asked.times == 2


def test_what_was_found_is_doubted_once_a_visitor_has_met_an_error(asked, monkeypatch):
    monkeypatch.setattr(readiness_module, "LASTS_S", FOREVER_S)
    readiness = Readiness(asked, "a")
    readiness.doubt()
    assert readiness.is_ready()
    asked.failure = SourceAway("away")
    assert readiness.is_ready()
    readiness.doubt()
    assert not readiness.is_ready()


def test_those_who_ask_at_once_wait_for_one_check(asked):
    asked.free.clear()
    readiness, found = Readiness(asked, "a"), []
    threads = [threading.Thread(target=lambda: found.append(readiness.is_ready())) for _ in range(8)]
    for thread in threads:
        thread.start()
    asked.free.set()
    for thread in threads:
        thread.join()
    assert found == [True] * 8
    assert asked.times == 1


def is_ready(server):
    answer = server.test_client().get("/readyz")
    assert (answer.status_code == 200) == answer.json["ready"]
    assert server.test_client().get("/a/_status").json["ready"] == answer.json["ready"]
    return answer.json["ready"]


@pytest.mark.usefixtures("forgetful")
def test_page_whose_data_is_away_is_unready_and_alive(small_site):
    server = init_app(small_site({"a": PAGE}))
    apps_of(server)[0].check_ready = Asked()
    assert is_ready(server)
    apps_of(server)[0].check_ready.failure = SourceAway("away")
    assert not is_ready(server)
    assert [server.test_client().get(path).status_code for path in ("/healthz", "/a/")] == [200, 200]
    apps_of(server)[0].check_ready.failure = None
    assert is_ready(server)


COUNTED = """
from dash import Input, Output, html
from portico import PageApp

asked = []

def construct_page(server):
    app = PageApp(__name__, server)
    app.layout = layout
    app.callback(Output("sent", "children"), Input("send", "n_clicks"), prevent_initial_call=True)(asked.append)
    app.callback(Output("count", "children"), Input("send", "n_clicks"))(asked.append)
    return app.server

def layout():
    asked.append("layout")
    return [html.Button(id="send", n_clicks=0), html.P(id="sent"), html.P(id="count")]
"""


@pytest.mark.usefixtures("forgetful")
@pytest.mark.parametrize("pure", ["true", "false"])
def test_probes_call_nothing_that_the_author_does_not_name(small_site, pure):
    registry = f'[site]\ntitle = "Small"\n[[page]]\nname = "a"\npure = {pure}\n'
    server = init_app(small_site({"a": COUNTED}, registry))
    calls = importlib.import_module("services.a.page").asked
    assert [each for each in calls if each != "layout"] == [0]  # once, as a browser does at first
    calls.clear()
    assert [is_ready(server) for _ in range(4)] == [True] * 4
    assert calls == []


SWITCHED = PAGE.replace("lambda text: text", "say").replace(
    "def construct_page",
    "broken = []\n\ndef say(text):\n    assert not broken\n    return text\n\ndef construct_page",
)


def test_page_that_answers_a_visitor_with_a_fault_is_looked_at_anew(small_site, monkeypatch):
    monkeypatch.setattr(readiness_module, "LASTS_S", FOREVER_S)
    registry = '[site]\ntitle = "Small"\n[[page]]\nname = "a"\npure = true\n[[page]]\nname = "b"\npure = true\n'
    server = init_app(small_site({"a": SWITCHED, "b": SWITCHED}, registry))
    modules = {name: importlib.import_module(f"services.{name}.page") for name in "ab"}
    for app in apps_of(server):
        app.check_ready = partial(modules[app.page.name].say, "")
    ready = {name: lambda name=name: server.test_client().get(f"/{name}/_status").json["ready"] for name in "ab"}
    assert [ready["a"](), ready["b"]()] == [True, True]
    for module in modules.values():
        module.broken.append(True)
    [body] = sample_callbacks(apps_of(server)[0])
    assert server.test_client().post("/a/_dash-update-component", json=body).status_code == 500
    assert [ready["a"](), ready["b"]()] == [False, True]  # nobody has met what is wrong with the other


@pytest.fixture
def health_check(real_site):
    """The shell's words that ask a page's container whether it is ready."""
    compose = yaml.safe_load((real_site.settings.site_folder / "docker-compose.yml").read_text(encoding="utf-8"))
    return compose["services"]["barchart"]["healthcheck"]["test"][1:]


def test_health_check_of_compose_waits_longer_than_a_check(health_check):
    assert f"read -rt {readiness_module.TIME_BOX_S + 1} status" in health_check[-1]


@pytest.mark.parametrize(("status", "code"), [("200 OK", 0), ("503 SERVICE UNAVAILABLE", 1), ("", 1)])
def test_health_check_of_compose_tells_what_a_page_answers(health_check, status, code):
    with socket.create_server(("127.0.0.1", 0)) as listening, ThreadPoolExecutor(1) as pool:
        port = listening.getsockname()[1]
        words = [each.replace("$$", "$").replace("8000", str(port)) for each in health_check]
        check = pool.submit(subprocess.run, words, capture_output=True, text=True, timeout=20, check=False)
        client, _ = listening.accept()
        with client:
            assert client.recv(1000).startswith(b"GET /readyz HTTP/1.0\r\n")
            if status:
                client.sendall(f'HTTP/1.0 {status}\r\nX: y\r\n\r\n{{"ready": 1}}\n'.encode())
        assert check.result().returncode == code
    assert status in check.result().stdout
    assert ('{"ready": 1}' in check.result().stdout) == bool(status)


def test_health_check_of_compose_fails_where_nobody_listens(health_check):
    words = [each.replace("8000", "1") for each in health_check]
    assert subprocess.run(words, capture_output=True, timeout=20, check=False).returncode == 1
