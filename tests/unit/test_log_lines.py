"""Log lines: no text in a record makes a line of its own."""

import json
import logging
import subprocess
import sys

import pytest

from portico.access_log import JsonAccessLog
from portico.errors import ConfigError
from portico.log_lines import OneLineFormatter, one_line
from tests.processes import ROOT

FORGED = json.dumps({"time": "2026-01-01", "path": "/forged", "status": 200})
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


def test_loggers_of_a_process_write_one_line_each():
    code = """
import logging, sys
from portico.log_lines import write_one_line_each
write_one_line_each()
logging.getLogger("portico.data").warning("%s", "raised" + chr(10) + sys.argv[1])
logging.getLogger("portico.data").info("not written")
"""
    ran = subprocess.run([sys.executable, "-c", code, FORGED], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stderr == f"raised\\n{FORGED}\n"


def test_error_log_of_gunicorn_writes_one_line_each(capsys):
    from gunicorn.config import Config  # noqa: PLC0415 - gunicorn's own loggers are set up here alone

    log = JsonAccessLog(Config())
    log.error("raised\n%s", FORGED)
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition("] ")[0][:1] for line in lines] == ["["]
