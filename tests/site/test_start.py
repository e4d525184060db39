"""Starts and stops of real processes: one line and an exit code for what is wrong, and an end without delay."""

import json
import re
import signal
import socket
import subprocess
import sys
import time

import pytest

from portico.config.errors import EXIT_CONFIG
from tests.processes import ROOT, free_port, running, running_process, variables
from tests.reference_site import reference_registry
from tests.site.visitor import ask, open_page
from tests.small_sites import PAGE, write_site
from tests.tries import TRIES, seconds_of

REGISTRY = reference_registry()
STARTS = ("gateway", "portico")
END_LIMIT_S = 60  # what does not end serves for ever
STOP_LIMIT_S = 6  # two of them for kept-alive connections; a worker that hangs is killed after 25

GLOBAL_CALLBACK = PAGE.replace("app.callback", "import dash; dash.callback", 1)
FAILS_IN_A_CALLBACK = PAGE.replace("lambda text: text", "lambda text: 1 / 0")


def start_and_fail(module, **environment):
    """Start a process that cannot be served; return its lines on stderr."""
    process = subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env=variables(**({"PORT": str(free_port())} | environment)),
        capture_output=True,
        text=True,
        timeout=END_LIMIT_S,
        check=False,
    )
    assert process.returncode == EXIT_CONFIG, process.stderr
    assert process.stdout == ""
    return process.stderr.splitlines()


@pytest.mark.parametrize("module", STARTS)
@pytest.mark.parametrize(
    ("sources", "registry", "line"),
    [
        ({"a": None}, None, r"pages\.toml: page\.name = 'a': the page has no services/a/page\.py"),
        ({"a": "construct_page = None"}, None, r"services/a/page\.py: construct_page = None: the module must define"),
        (
            {"a": GLOBAL_CALLBACK},
            None,
            r"services/a/page\.py: construct_page = 'a': uses the process-global dash\.callback",
        ),
        ({}, '[[page]]\nname = "A"', r"pages\.toml: page\[0\]\.name = 'A': must be a path segment"),
    ],
    ids=["no folder", "no construct_page", "global callback", "bad name"],
)
def test_site_that_cannot_be_served_ends_with_one_line(tmp_path, module, sources, registry, line):
    (only,) = start_and_fail(module, PORTICO_SITE=str(write_site(tmp_path, sources, registry)))
    assert re.match(f"portico: {line}", only)


@pytest.mark.parametrize("module", STARTS)
def test_page_that_fails_when_it_is_warmed_up_ends_with_a_log_and_one_line(tmp_path, module):
    *log, last = start_and_fail(module, PORTICO_SITE=str(write_site(tmp_path, {"a": FAILS_IN_A_CALLBACK})))
    assert last.startswith("portico: services/a/page.py: callback = 'echo.children': answered 500")
    assert "  | ZeroDivisionError: division by zero" in log


EXITS = "import sys; sys.exit(3)"
WAITS = """
def wait(text):
    with Path("{folder}", "calls").open("a") as calls:
        calls.write(text)
    while not Path("{folder}", "go").exists():
        time.sleep(0.05)
    return text
"""


def waits_in_a_callback(folder):
    """A page whose first callback waits until there is a file "go" in a folder, and notes its calls there."""
    source = PAGE.replace("lambda text: text", "wait")
    return "import time\nfrom pathlib import Path\n" + source + WAITS.replace("{folder}", str(folder))


@pytest.mark.parametrize("module", STARTS)
def test_pages_that_fail_or_hang_at_the_start_stop_no_other(tmp_path, module):
    sources = {"a": PAGE, "b": EXITS, "c": FAILS_IN_A_CALLBACK, "d": waits_in_a_callback(tmp_path), "e": PAGE}

    def ready():
        return {name: ask(address, f"/{name}/_status").json()["ready"] for name in sources}

    with running(module, PORTICO_SITE=str(write_site(tmp_path, sources))) as address:
        opened = {name: ask(address, f"/{name}/", accept="text/html").status for name in sources}
        assert opened == {"a": 200, "b": 503, "c": 200, "d": 200, "e": 200}
        assert ready() == {"a": True, "b": False, "c": True, "d": False, "e": True}
        (tmp_path / "go").touch()
        deadline = time.monotonic() + END_LIMIT_S
        while not ready()["d"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    assert (tmp_path / "calls").read_text() == "seen"  # once


@pytest.mark.parametrize("module", STARTS)
@pytest.mark.parametrize("source", [EXITS, FAILS_IN_A_CALLBACK, GLOBAL_CALLBACK], ids=["exit", "callback", "global"])
def test_process_of_one_page_that_fails_ends(tmp_path, module, source):
    folder = write_site(tmp_path, {"a": PAGE, "b": source})
    *_, last = start_and_fail(module, PORTICO_SITE=str(folder), PORTICO_PAGES="b")
    assert last.startswith("portico: services/b/page.py: ")


@pytest.mark.parametrize(("source", "status", "lines"), [(PAGE, 0, 0), (EXITS, 1, 1), (FAILS_IN_A_CALLBACK, 1, 1)])
def test_check_of_pages_fails_with_a_line_for_each_problem(tmp_path, source, status, lines):
    folder = write_site(tmp_path, {"a": PAGE, "b": source})
    command = [sys.executable, "-m", "portico.page.check_pages"]
    environment = variables(PORTICO_SITE=str(folder))
    checked = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (checked.returncode, len(checked.stdout.splitlines())) == (status, lines)


def test_probes_are_not_logged_and_visits_are(tmp_path):
    port = free_port()
    with running_process("portico", port, log=tmp_path / "log") as process:
        for path in ("/barchart/_status", "/healthz", "/readyz", "/nowhere"):
            ask(f"http://127.0.0.1:{port}", path)
        process.terminate()
        process.wait(timeout=60)
    lines = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines() if line.startswith("{")]
    assert [each["path"] for each in lines] == ["/nowhere"]


@pytest.mark.parametrize("module", STARTS)
def test_taken_port_ends_with_one_line(module):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (only,) = start_and_fail(module, PORT=str(port))
    assert only.startswith(f"portico: environment: PORT = {port}: is taken by another program")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "http"),
        ("PORTICO_PAGES", "nosuchpage"),
        ("PORTICO_REMOTE", "barchart=host:8000"),
        ("PORTICO_SITE", "/nowhere"),
    ],
)
def test_mistake_in_the_environment_ends_with_one_line(variable, value):
    (only,) = start_and_fail("gateway", **{variable: value})
    assert only.startswith(f"portico: environment: {variable} = ")


@pytest.mark.parametrize("module", STARTS)
def test_site_of_another_folder_is_served(tmp_path, module):
    folder = write_site(tmp_path, {"home": PAGE, "a": PAGE}, None)
    with running(module, PORTICO_SITE=str(folder)) as address:
        assert open_page(address, "/a/").document.links == {"/home/": False, "/a/": True}
        assert ask(address, "/barchart/").status == 404


@pytest.mark.parametrize(
    ("module", "pages", "stop"),
    [
        ("portico", "barchart", signal.SIGTERM),
        ("gateway", "home,barchart,linechart", signal.SIGTERM),
        ("gateway", "home,barchart,linechart", signal.SIGINT),
    ],
)
def test_site_that_has_answered_ends_at_once_when_told(module, pages, stop):
    def seconds_to_stop() -> float:
        port = free_port()
        with running_process(module, port, PORTICO_PAGES=pages) as process:
            for page in map(REGISTRY.page, pages.split(",")):
                open_page(f"http://127.0.0.1:{port}", page.path)
            process.send_signal(stop)
            took = seconds_of(lambda: process.wait(timeout=60))
            assert process.returncode == 0
            return took

    assert any(seconds_to_stop() < STOP_LIMIT_S for _ in range(TRIES))


def test_site_is_served_by_several_workers():
    with running("gateway", PORTICO_WORKERS="2") as address:
        assert [ask(address, "/barchart/").status for _ in range(8)] == [200] * 8


def test_service_that_is_told_of_remote_pages_says_who_can_reach_them():
    (line,) = start_and_fail("portico", PORTICO_REMOTE="barchart=http://127.0.0.1:1")
    assert line.startswith("portico: environment: PORTICO_REMOTE = 'barchart': only the gateway knows the way")
