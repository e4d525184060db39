"""The access log: one JSON object a request, without what a reader typed."""

import json
import os
from datetime import datetime, timedelta
from queue import SimpleQueue
from types import SimpleNamespace

import pytest

from portico.serving.access_log import PIPE_BYTES, SomeLines, access_record, is_probe

ENVIRON = {
    "HTTP_X_REQUEST_ID": "abc",
    "REMOTE_ADDR": "10.0.0.1",
    "REQUEST_METHOD": "GET",
    "RAW_URI": '/bar%22chart/"\n?country=secret',
}


def record(status="200 OK", **changed):
    answer = SimpleNamespace(status=status, sent=12)
    return access_record(answer, ENVIRON | changed, timedelta(seconds=1, microseconds=500))


def test_line_says_who_asked_what_and_how_it_went():
    assert record() | {"time": ""} == {
        "time": "",
        "request_id": "abc",
        "client": "10.0.0.1",
        "method": "GET",
        "path": '/bar%22chart/"\n',
        "status": 200,
        "bytes": 12,
        "seconds": 1.0005,
    }


def test_query_is_never_kept():
    assert "secret" not in json.dumps(record())


def test_line_is_one_line_of_json():
    assert "\n" not in json.dumps(record())


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/_status", "/a/b/_status", "/a/_status?version"])
@pytest.mark.parametrize("status", ["200 OK", "503 SERVICE UNAVAILABLE"])
def test_answered_probe_is_known(path, status):
    assert is_probe(record(status, RAW_URI=path))


@pytest.mark.parametrize("path", ["/a/", "/a/_status/", "/a/healthz", "/?/_status", "/a/x_status"])
def test_visit_is_no_probe(path):
    assert not is_probe(record(RAW_URI=path))


@pytest.mark.parametrize("status", ["404 NOT FOUND", "500 INTERNAL SERVER ERROR", "400 BAD REQUEST"])
def test_probe_that_is_not_answered_is_logged(status):
    assert not is_probe(record(status, RAW_URI="/a/_status"))


def test_time_has_its_zone():
    assert datetime.fromisoformat(record()["time"]).tzinfo is not None


def test_answer_without_a_length_has_none():
    answer = SimpleNamespace(status="304 NOT MODIFIED", sent=None)
    assert access_record(answer, {}, timedelta())["bytes"] == 0


def test_lines_are_written_together_at_the_latest_when_their_time_is_over():
    written = SimpleQueue()
    lines = SomeLines(written.put, latest=0.5)
    for again in ("a", "b"):
        lines.add(f"1{again}\n")
        lines.add(f"2{again}\n")
        assert written.get(timeout=10) == f"1{again}\n2{again}\n"


def test_no_more_is_written_at_once_than_a_pipe_takes_in_one_piece():
    written: list[str] = []
    lines = SomeLines(written.append, latest=3600)
    line = "x" * 999 + "\n"
    for _ in range(9):
        lines.add(line)
    assert written == [line * 4, line * 4]
    lines.add("y" * PIPE_BYTES + "\n")
    lines.flush()
    assert written[2:] == [line, "y" * PIPE_BYTES + "\n"]


def test_lines_before_a_fork_are_written_once_and_the_child_writes_its_own():
    read, write = os.pipe()
    lines = SomeLines(lambda text: os.write(write, text.encode()), latest=3600)
    lines.add("parent\n")
    child = os.fork()
    if not child:
        lines.add("child\n")
        lines.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    lines.flush()
    os.close(write)
    with os.fdopen(read) as found:
        assert found.read() == "child\nparent\n"


def test_answers_go_on_when_nobody_takes_the_lines():
    def broken(_text):
        raise BrokenPipeError

    lines = SomeLines(broken, latest=3600)
    lines.add("1\n")
    lines.flush()
    lines.add("2\n" * PIPE_BYTES)
