"""The access log: one JSON object a request, without what a reader typed."""

import json
from datetime import datetime, timedelta
from types import SimpleNamespace

from portico.access_log import access_record

ENVIRON = {
    "HTTP_X_REQUEST_ID": "abc",
    "REMOTE_ADDR": "10.0.0.1",
    "REQUEST_METHOD": "GET",
    "RAW_URI": '/bar%22chart/"\n?country=secret',
}


def record(**changed):
    answer = SimpleNamespace(status="200 OK", sent=12)
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


def test_time_has_its_zone():
    assert datetime.fromisoformat(record()["time"]).tzinfo is not None


def test_answer_without_a_length_has_none():
    answer = SimpleNamespace(status="304 NOT MODIFIED", sent=None)
    assert access_record(answer, {}, timedelta())["bytes"] == 0
