"""Files that all pages share, and how long each answer may be kept."""

import pytest
from flask import Flask

from portico.shared_assets import FOR_EVER, SharedAssets

ASSETS = SharedAssets("thing", "0123456789abcdef", {"a.js": b"let a;", "b.css": b"b {}", "c.svg": b"<svg/>"})


@pytest.fixture(scope="module")
def client():
    server = Flask("x", static_folder=None)
    server.register_blueprint(ASSETS.blueprint())
    return server.test_client()


@pytest.mark.parametrize(
    ("file", "media_type"), [("a.js", "text/javascript"), ("b.css", "text/css"), ("c.svg", "image/svg+xml")]
)
def test_file_has_its_type_and_is_kept_for_ever(client, file, media_type):
    answer = client.get(ASSETS.url(file))
    assert answer.data == ASSETS.files[file]
    assert answer.mimetype == media_type
    assert answer.headers["Cache-Control"] == FOR_EVER


@pytest.mark.parametrize(
    "address",
    [
        "/_shared/thing/0123456789abcdee/a.js",
        "/_shared/thing/0123456789abcdef/d.js",
        "/_shared/other/0123456789abcdef/a.js",
        "/_shared/thing/0123456789abcdef/../a.js",
        "/_shared/thing/0123456789abcdef/",
    ],
)
def test_another_digest_or_file_is_not_there(client, address):
    assert client.get(address).status_code == 404


def test_unchanged_file_is_not_sent_again(client):
    tag = client.get(ASSETS.url("a.js")).headers["ETag"]
    again = client.get(ASSETS.url("a.js"), headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


def test_digest_changes_with_a_files_name_and_content(tmp_path, monkeypatch):
    monkeypatch.setattr("portico.shared_assets.__file__", str(tmp_path / "shared_assets.py"))
    (tmp_path / "static").mkdir()
    digests = []
    for name, content in [("a.js", b"1"), ("a.js", b"2"), ("b.js", b"2")]:
        (tmp_path / "static" / name).write_bytes(content)
        digests.append(SharedAssets.of_portico().digest)
    assert len(set(digests)) == 3


def test_address_of_a_file_that_is_not_there_is_a_key_error():
    with pytest.raises(KeyError):
        ASSETS.url("d.js")
