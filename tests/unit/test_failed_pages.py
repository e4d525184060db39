"""A page that fails at the start is a 503 of its own; the others are served."""

import importlib
import re
import threading

import pytest
from werkzeug.test import Client

from gateway.app import create_gateway
from portico.config.errors import ConfigError
from portico.page import check_pages
from portico.page import loader as mounting
from portico.page.loader import init_app
from tests.small_sites import PAGE, write_site

READER = {"Accept": "text/html"}
HOOK = "server.before_request(lambda: ('refused', 403))"
BROKEN_LAYOUT = PAGE.replace("html.Div([", "lambda: flask.has_request_context() and 1 / 0 or html.Div([")
BROKEN = {
    "import": "1 / 0",
    "exit": "import sys; sys.exit(3)",
    "construct": PAGE.replace("    return", f"    {HOOK}\n    1 / 0\n    return"),
    "global at import": "import dash\n@dash.callback(dash.Output('o', 'x'), dash.Input('i', 'y'))\ndef f(x): ...\n1 / 0",
    "global": PAGE.replace("app.callback", "import dash; dash.callback", 1),
    "no server": PAGE.replace("return app.server", ""),
    "layout": "import flask\n" + BROKEN_LAYOUT,
    "later layout": "import itertools\n"
    + PAGE.replace("html.Div([", "lambda asked=itertools.count(): next(asked) > 2 and 1 / 0 or html.Div(["),
    "exit in the layout": "import flask\n" + BROKEN_LAYOUT.replace("1 / 0", "exit(3)"),
}


HOME_AND_A = """
[site]
title = "Site"
[[page]]
name = "home"
path = "/"
title = "Home"
[[page]]
name = "a"
title = "A"
"""


@pytest.fixture(params=[create_gateway, init_app], ids=["gateway", "portico"])
def build(request):
    return lambda site: Client(request.param(site))


@pytest.mark.parametrize("source", BROKEN.values(), ids=BROKEN)
@pytest.mark.parametrize("names", ["abc", "bca"])
def test_page_that_fails_is_a_503_in_the_frame_and_the_others_are_served(build, small_site, source, names, caplog):
    client = build(small_site({name: source if name == "b" else PAGE for name in names}))
    assert [client.get(f"/{name}/", headers=READER).status_code for name in "ac"] == [200, 200]
    assert [client.get(f"/{name}/_status").json["ready"] for name in "ac"] == [True, True]
    answer = client.get("/b/", headers=READER)
    assert (answer.status_code, answer.mimetype, "<nav" in answer.text) == (503, "text/html", True)
    assert answer.headers["Retry-After"]
    status = client.get("/b/_status")
    assert (status.status_code, status.json["page"], status.json["ready"]) == (503, "b", False)
    (line,) = [each for each in caplog.messages if each.startswith("the page b is not served: services/b/page.py: ")]
    assert "\n" not in line


def test_service_with_a_page_that_failed_is_not_ready(small_site):
    answer = init_app(small_site({"a": PAGE, "b": "1 / 0"})).test_client().get("/readyz")
    assert (answer.status_code, answer.json["pages"]) == (503, {"a": True, "b": False})


@pytest.mark.parametrize("pages", [{"a": PAGE, "b": None}, {"b": None, "a": PAGE}])
def test_page_without_a_folder_is_a_mistake_in_the_registry(build, small_site, pages):
    with pytest.raises(ConfigError, match=r"pages\.toml: page\.name = 'b'"):
        build(small_site(pages))


def test_page_whose_first_callback_raises_is_served(build, small_site, caplog):
    client = build(small_site({"a": PAGE.replace("lambda text: text", "lambda text: 1 / 0"), "b": PAGE}))
    assert [client.get(f"/{name}/_status").json["ready"] for name in "ab"] == [True, True]
    assert client.get("/a/", headers=READER).status_code == 200
    assert [each for each in caplog.messages if "services/a/page.py: callback = 'echo.children'" in each]


def test_kind_of_trace_that_the_registry_does_not_load_stops_the_start(build, small_site):
    drawing = PAGE.replace("lambda text: text", "lambda text: {'data': [{'type': 'scatter3d'}], 'layout': {}}")
    registry = '[site]\ntitle = "S"\n[[page]]\nname = "a"\nbundle = "basic"\n[[page]]\nname = "b"\n'
    with pytest.raises(ConfigError, match=r"pages\.toml: bundle of the page a = 'basic'"):
        build(small_site({"a": drawing, "b": PAGE}, registry))


SLOW = PAGE.replace("lambda text: text", "wait").replace(
    "def construct_page",
    "import threading\n\nfree, calls = threading.Event(), []\n\n"
    "def wait(text):\n    calls.append(text)\n    free.wait()\n    return text\n\ndef construct_page",
)


def test_page_that_is_slow_to_warm_delays_nobody_and_is_ready_once_it_is_warm(build, small_site, monkeypatch, caplog):
    monkeypatch.setattr(mounting, "WARM_UP_TIME_BOX_S", 0.5)
    client = build(small_site({"a": SLOW, "b": PAGE}))
    module = importlib.import_module("services.a.page")
    try:
        assert [client.get(f"/{name}/_status").json["ready"] for name in "ab"] == [False, True]
        assert client.get("/a/", headers=READER).status_code == 200
        assert "a: not warm after 0 s; it is ready once it is" in caplog.messages
    finally:
        module.free.set()
    (warming,) = [each for each in threading.enumerate() if each.name == "warm-up of a"]
    warming.join()
    assert client.get("/a/_status").json["ready"]
    assert module.calls == ["seen"]


def test_check_names_every_problem_of_every_page(tmp_path, fresh_services, monkeypatch, capsys):
    two = PAGE.replace("lambda text: text", "lambda text: 1 / 0")
    two = two.replace(
        "    return",
        "    app.callback(Output('echo', 'title'), Input('text', 'value'))(lambda text: exit(3))\n    return",
    )
    monkeypatch.setenv("PORTICO_SITE", str(write_site(tmp_path, {"a": "1 / 0", "b": two, "c": PAGE})))
    monkeypatch.delenv("PORTICO_PAGES", raising=False)
    assert check_pages.main() == 1
    first, second, third = capsys.readouterr().out.splitlines()
    assert first.startswith("services/a/page.py: import = 'a': raised ZeroDivisionError")
    assert second.startswith("services/b/page.py: callback = 'echo.children': answered 500")
    assert third.startswith("services/b/page.py: callback = 'echo.title': raised SystemExit: 3")


def test_check_of_pages_without_a_problem_prints_nothing(tmp_path, fresh_services, monkeypatch, capsys):
    monkeypatch.setenv("PORTICO_SITE", str(write_site(tmp_path, {"a": PAGE})))
    monkeypatch.delenv("PORTICO_PAGES", raising=False)
    assert (check_pages.main(), capsys.readouterr().out) == (0, "")


def test_home_that_fails_leaves_the_shared_files_to_the_other_pages(build, small_site):
    client = build(small_site({"a": PAGE, "home": "1 / 0"}, HOME_AND_A))
    [address, *_] = re.findall(r'src="(/_shared/[^"]*)"', client.get("/a/").text)
    assert client.get("/", headers=READER).status_code == 503
    assert client.get(address).status_code == 200
