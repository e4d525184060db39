"""What the user wrote wrong stops the start with one line that names file, key and value."""

import re
import socket
from importlib import import_module

import pytest

from gateway.app import create_gateway
from portico.page.loader import init_app
from portico.serving import gunicorn_server as server
from portico.serving.gunicorn_server import EXIT_CONFIG, serve
from tests.processes import free_port
from tests.small_sites import PAGE, write_site

RAISES = "def construct_page(server):\n    raise ValueError('too\\nbad')\n"
WHERE = "services/a/page.py: "
GLOBAL = "uses the process-global dash"


@pytest.fixture(params=[create_gateway, init_app], ids=["gateway", "portico"])
def start(request, tmp_path, fresh_services, monkeypatch, capsys):
    """A function that starts a site, and returns the line that the start ended with."""
    monkeypatch.setattr(server.WarmServer, "run", lambda self: pytest.fail("the site was served"))

    def start_and_fail(pages, registry=None, **environment):
        for variable in ("PORTICO_PAGES", "PORTICO_REMOTE"):
            monkeypatch.delenv(variable, raising=False)
        folder = write_site(tmp_path, pages, registry)
        for variable, value in ({"PORTICO_SITE": str(folder), "PORT": str(free_port())} | environment).items():
            monkeypatch.setenv(variable, value)
        with pytest.raises(SystemExit) as ended:
            serve(request.param)
        assert ended.value.code == EXIT_CONFIG
        (line,) = capsys.readouterr().err.splitlines()
        assert re.match(r"portico: [^:]+: \S+ = .+: .+", line)
        return line

    return start_and_fail


def page(*lines):
    """A page with more lines in its construct_page."""
    more = "".join(f"    {line}\n" for line in lines)
    return PAGE.replace("    return app.server\n", f"{more}    return app.server\n")


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        (None, "pages.toml: page.name = 'a': the page has no services/a/page.py; `make page NAME=a` writes one"),
        ("", f"{WHERE}construct_page = None: the module must define construct_page"),
        ("construct_page = 3", f"{WHERE}construct_page = 3: the module must define construct_page"),
        ("def construct_page(:", f"{WHERE}import = 'a': raised SyntaxError: .*page.py, line 1"),
        (
            "import nowhere",
            f"{WHERE}import = 'a': raised ModuleNotFoundError: No module named 'nowhere' at services/a/page.py:1",
        ),
        ("1 / 0", f"{WHERE}import = 'a': raised ZeroDivisionError: .* at services/a/page.py:1"),
        ("import sys; sys.exit(3)", f"{WHERE}import = 'a': raised SystemExit: 3 at services/a/page.py:1"),
        (RAISES, f"{WHERE}construct_page = 'a': raised ValueError: too bad at services/a/page.py:2"),
        ("def construct_page(): ...", f"{WHERE}construct_page = 'a': raised TypeError: .*positional argument"),
        (PAGE.replace("return app.server", ""), f"{WHERE}construct_page = 'a': must return the server"),
        (PAGE.replace("return app.server", "return app"), f"{WHERE}construct_page = 'a': must return the server"),
        ("def construct_page(server): return server", f"{WHERE}construct_page = 'a': has put no PageApp"),
        (PAGE.replace("__name__", "'services.b.page'"), r"no \[\[page\]\] in pages.toml is named 'b'"),
        (
            page("import dash", "dash.callback(Output('o', 'x'), Input('text', 'value'))(str)"),
            f"{WHERE}.*{GLOBAL}.callback",
        ),
        (
            page("import dash", "dash.clientside_callback('f', Output('o', 'x'), Input('text', 'value'))"),
            f"{WHERE}.*{GLOBAL}",
        ),
        (page("import dash", "dash.register_page('p', layout=html.P())"), f"{WHERE}construct_page"),
        (
            f"import dash\n@dash.callback(dash.Output('o', 'x'), dash.Input('i', 'y'))\ndef f(x): ...\n{PAGE}",
            f"{WHERE}.*{GLOBAL}",
        ),
        (
            f"import dash\ndash.register_page('p', layout=dash.html.P())\n{PAGE}",
            f"{WHERE}(import|construct_page) = 'a'",
        ),
        (page("app.layout = None"), f"{WHERE}(construct_page|address) = "),
        (page("app.layout = lambda: 1 / 0"), f"{WHERE}construct_page = 'a': raised ZeroDivisionError: .*page.py:9"),
        (PAGE.replace("lambda text: text", "lambda text: 1 / 0"), f"{WHERE}callback = 'echo.children': answered 500"),
        (
            PAGE.replace("lambda text: text", "lambda text: object()"),
            f"{WHERE}callback = 'echo.children': answered 500",
        ),
    ],
)
def test_page_that_cannot_be_served_is_named(start, source, problem):
    assert re.search(problem, start({"a": source}))


@pytest.mark.parametrize(
    ("registry", "problem"),
    [
        ("", "pages.toml: page = None: at least one"),
        ("[site", "pages.toml: text = '.*pages.toml': is not TOML"),
        ('[site]\ntitle = "S"\n[[page]]\nname = "a/b"', "pages.toml: page\\[0\\].name = 'a/b': must be a path segment"),
        ('[site]\ntitle = "S"\n[[page]]\nname = "a"\n[[page]]\nname = "a"', "has the same name"),
        ('[site]\ntitle = "S"\n[[page]]\nname = "a"\nurl = "/"', r"url = \(not shown.*\): is not a key; known here"),
    ],
)
def test_mistake_in_the_list_of_pages_is_named(start, registry, problem):
    assert re.search(problem, start({"a": PAGE}, registry or "# nothing"))


@pytest.mark.parametrize(
    ("variable", "value", "problem"),
    [
        ("PORTICO_SITE", "/nowhere", "environment: PORTICO_SITE = '/nowhere': is not a folder"),
        ("PORTICO_SITE", "/dev/null", "environment: PORTICO_SITE = '/dev/null': is not a folder"),
        ("PORTICO_SITE", "/", "pages.toml: folder = '/': there is no pages.toml in it"),
        ("PORTICO_PAGES", "a,b", "environment: PORTICO_PAGES = 'b': is not a page of pages.toml; known: a"),
        ("PORTICO_REMOTE", "a", "(not shown: it may hold a secret): entry 1: must be page=http://host:port"),
        ("PORTICO_REMOTE", "a=http://b:0", "entry 1: the address of a must be http://host:port"),
        ("PORT", "http", "environment: PORT = 'http': must be a whole number from 1 to 65535"),
        ("HOST", "192.0.2.1", "environment: HOST = '192.0.2.1': cannot be listened on"),
        ("HOST", "nowhere.invalid", "environment: HOST = 'nowhere.invalid': cannot be listened on"),
        ("PORTICO_THREADS", "0", "environment: PORTICO_THREADS = '0': must be a whole number from 1 to 256"),
    ],
)
def test_mistake_in_the_environment_is_named(start, variable, value, problem):
    assert problem in start({"a": PAGE}, **{variable: value})


def test_taken_port_is_named(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert f"environment: PORT = {port}: is taken by another program" in start({"a": PAGE}, PORT=str(port))


def test_page_of_another_folder_is_not_served_in_its_place(start, tmp_path, monkeypatch):
    (tmp_path / "other").mkdir()
    monkeypatch.syspath_prepend(write_site(tmp_path / "other", {"a": PAGE}))
    import_module("services.a.page")  # as when a services folder without __init__.py gives way to another
    assert "was imported in its place" in start({"a": PAGE})
