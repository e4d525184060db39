"""Log lines: no text in a record makes a line of its own."""

import json
import logging
import subprocess
import sys

import pytest
import requests

from portico.config.errors import ConfigError
from portico.config.log_lines import OneLineFormatter, one_line
from portico.serving.access_log import JsonAccessLog
from tests.processes import ROOT, free_port, variables, wait_until_listening
from tests.small_sites import PAGE, write_site

FORGED = json.dumps({"time": "2026-01-01", "path": "/forged", "status": 200})
BOOM = {
    "output": "echo.children",
    "outputs": {"id": "echo", "property": "children"},
    "inputs": [{"id": "text", "property": "value", "value": "boom"}],
    "changedPropIds": ["text.value"],
}
BREAKS = ["\n", "\r", "\r\n", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029"]


def formatted(message, *values, error=None):
    record = logging.LogRecord("portico", logging.WARNING, __file__, 1, message, values, error)
    return OneLineFormatter("%(levelname)s %(message)s").format(record)


@pytest.mark.parametrize("end", BREAKS)
def test_message_is_one_line(end):
    assert len(formatted("%s", f"raised{end}{FORGED}").splitlines()) == 1
    assert formatted("a%s", "\x1b[2J\nb") == r"WARNING a\x1b[2J\nb"


def test_letters_of_any_language_stay_as_they_are():
    assert one_line("Größe 大きさ 😀 {}") == "Größe 大きさ 😀 {}"


@pytest.mark.parametrize("end", BREAKS)
def test_traceback_stays_readable_and_forges_no_line(end):
    try:
        raise ValueError(f"raised{end}{FORGED}")
    except ValueError:
        lines = formatted("failed", error=sys.exc_info()).splitlines()
    assert lines[:2] == ["WARNING failed", "  | Traceback (most recent call last):"]
    assert all(line.startswith("  | ") for line in lines[1:])


def test_error_of_a_configuration_is_one_line():
    assert len(str(ConfigError("a\nb", "c\rd", "e\nf", "g\nh")).splitlines()) == 1


def test_page_that_raises_forges_no_line_of_the_access_log(tmp_path):
    forging = f"""
import logging

def echo(text):
    if text == "boom":
        logging.getLogger("own").error({FORGED!r} + chr(10) + {FORGED!r})
        raise ValueError("raised" + chr(10) + {FORGED!r})
    return text
"""
    site = write_site(tmp_path, {"a": forging + PAGE.replace("(lambda text: text)", "(echo)")})
    port, log = free_port(), tmp_path / "log"
    environment = variables(PORT=str(port), PORTICO_SITE=str(site), PYTHONPATH=f"{site}:{ROOT}")
    command = [sys.executable, "-m", "portico"]
    with (
        log.open("w+b") as out,
        subprocess.Popen(command, cwd=site, env=environment, stdout=out, stderr=out) as process,
    ):
        wait_until_listening(port, process, out)
        answer = requests.post(f"http://127.0.0.1:{port}/a/_dash-update-component", json=BOOM, timeout=30)
        process.terminate()
    assert answer.status_code == 500
    lines = log.read_text().splitlines()
    requested = [json.loads(line)["path"] for line in lines if line.startswith("{")]
    assert requested == ["/a/_dash-update-component"]
    assert rf"ERROR own: {FORGED}\n{FORGED}" in lines
    assert f"  | {FORGED}" in lines  # of the traceback


def test_error_log_of_gunicorn_writes_one_line_each(capsys):
    from gunicorn.config import Config  # noqa: PLC0415 - gunicorn's own loggers are set up here alone

    log = JsonAccessLog(Config())
    log.error("raised\n%s", FORGED)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition("] ")[0][:1] for line in lines] == ["["]
