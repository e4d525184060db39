"""The environment: what it gives, and how each mistake in it is named."""

import os
import traceback
from dataclasses import FrozenInstanceError, replace

import pytest

from portico.config.errors import ConfigError
from portico.config.settings import read_settings, site_folder


def test_empty_environment_mounts_every_page_here(registry):
    settings = read_settings(registry, {})
    assert settings.pages == registry.names()
    assert (settings.host, settings.port, settings.workers, settings.threads) == ("127.0.0.1", 8080, 1, 96)
    assert dict(settings.remotes) == {}


def test_remote_page_is_not_mounted_here(registry):
    settings = read_settings(registry, {"PORTICO_REMOTE": "barchart=http://bars:8000"})
    assert "barchart" not in settings.pages
    assert settings.remotes == {"barchart": "http://bars:8000"}


def test_proxies_that_are_believed_are_addresses_and_networks(registry):
    trusted = read_settings(registry, {"PORTICO_TRUSTED_PROXY": "10.0.0.0/8, ::1"}).trusted_proxy
    assert [*map(str, trusted)] == ["10.0.0.0/8", "::1/128"]
    assert read_settings(registry, {}).trusted_proxy == ()
    assert [*map(str, read_settings(registry, {"PORTICO_TRUSTED_PROXY": "*"}).trusted_proxy)] == ["0.0.0.0/0", "::/0"]


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.1/8", "10.0.0", "yes"])
def test_proxy_that_is_no_address_is_refused(registry, text):
    with pytest.raises(ConfigError, match=f"PORTICO_TRUSTED_PROXY = '{text}': must be addresses or networks"):
        read_settings(registry, {"PORTICO_TRUSTED_PROXY": text})


def test_pages_are_mounted_in_the_order_of_the_registry(registry):
    assert read_settings(registry, {"PORTICO_PAGES": " linechart , home"}).pages == ("home", "linechart")


@pytest.mark.parametrize("text", ["", "  "])
def test_empty_variable_is_an_unset_one(registry, text):
    names = ("PORTICO_PAGES", "PORTICO_REMOTE")
    assert read_settings(registry, dict.fromkeys(names, text)).pages == registry.names()
    assert read_settings(registry, {"PORT": "", "HOST": ""}).port == 8080


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("barchart=http://host:8000", "http://host:8000"),
        ("barchart = https://host/ ,", "https://host"),
        ("barchart=http://[::1]:8000", "http://[::1]:8000"),
        ("barchart=http://127.0.0.1:65535", "http://127.0.0.1:65535"),
    ],
)
def test_remote_address_is_read(registry, text, address):
    assert read_settings(registry, {"PORTICO_REMOTE": text}).remotes == {"barchart": address}


def test_several_remotes_are_read(registry):
    text = "barchart=http://a:1, linechart=http://b:2"
    settings = read_settings(registry, {"PORTICO_REMOTE": text})
    assert settings.remotes == {"barchart": "http://a:1", "linechart": "http://b:2"}


@pytest.mark.parametrize(
    "text",
    [
        "barchart",
        "barchart=",
        "=http://host:1",
        "http://host:1",
        "barchart=host:8000",
        "barchart=//host:8000",
        "barchart=ftp://host",
        "barchart=unix:/socket",
        "barchart=http://",
        "barchart=http://:8000",
        "barchart=http://host:port",
        "barchart=http://host:0",
        "barchart=http://host:99999",
        "barchart=http://host:-1",
        "barchart=http://host:80 80",
        "barchart=http://ho st",
        "barchart=http://ho\tst",
        "barchart=http://hö:1",
        "barchart=http://host/path",
        "barchart=http://host?query",
        "barchart=http://host#part",
        "barchart=http://user@host",
        "barchart=http://user:password@host",
        "barchart=http://@host",
        "barchart=http://[::1",
        "barchart=http://a;linechart=http://b",
        "barchart=http://a barchart=http://b",
        "barchart=http://a,barchart=http://b",
        "nosuchpage=http://host:1",
        "BARCHART=http://host:1",
    ],
)
def test_malformed_remote_is_named(registry, text):
    with pytest.raises(ConfigError, match="environment: PORTICO_REMOTE = "):
        read_settings(registry, {"PORTICO_REMOTE": text})


@pytest.mark.parametrize(
    "text", ["nosuchpage", "home,nosuchpage", "home,,barchart", "Home", "home;barchart", "*", "all"]
)
def test_unknown_page_is_named_with_those_that_are_known(registry, text):
    with pytest.raises(ConfigError, match=r"environment: PORTICO_PAGES = .* known: home, barchart"):
        read_settings(registry, {"PORTICO_PAGES": text})


def test_page_cannot_be_local_and_remote(registry):
    with pytest.raises(ConfigError, match="PORTICO_PAGES = 'home': is in PORTICO_REMOTE too"):
        read_settings(registry, {"PORTICO_PAGES": "home", "PORTICO_REMOTE": "home=http://a"})


@pytest.mark.parametrize("variable", ["PORT", "PORTICO_WORKERS", "PORTICO_THREADS"])
@pytest.mark.parametrize("text", ["0", "-1", "+1", "1.5", "1e3", " 1", "x", "٣", "0x1F", "99999", "9" * 5000])
def test_number_out_of_range_is_named(registry, variable, text):
    with pytest.raises(ConfigError, match=f"environment: {variable} = .*: must be a whole number from 1 to"):
        read_settings(registry, {variable: text})


def test_workers_restart_only_where_a_number_of_requests_is_given(registry):
    given = [read_settings(registry, {"PORTICO_WORKER_REQUESTS": text}).worker_requests for text in ("", "100", "0")]
    assert given == [0, 100, 0]
    with pytest.raises(ConfigError, match="PORTICO_WORKER_REQUESTS = '-1': must be a whole number from 0 to"):
        read_settings(registry, {"PORTICO_WORKER_REQUESTS": "-1"})


def test_site_folder_that_is_none_is_named(registry, tmp_path):
    with pytest.raises(ConfigError, match=r"environment: PORTICO_SITE = .*: is not a folder"):
        site_folder({"PORTICO_SITE": str(tmp_path / "missing")})


def site_in(folder, **environ):
    return {"PORTICO_SITE": str(folder), **environ}


def test_data_is_the_folder_of_that_name_where_there_is_one(registry, tmp_path):
    assert read_settings(registry, site_in(tmp_path)).data == ""
    (tmp_path / "data").mkdir()
    assert read_settings(registry, site_in(tmp_path)).data == str(tmp_path / "data")
    assert read_settings(registry, site_in(tmp_path, PORTICO_DATA=" ")).data == str(tmp_path / "data")


def test_data_is_the_folder_that_is_named(registry, tmp_path, monkeypatch):
    (tmp_path / "tables").mkdir()
    monkeypatch.chdir(tmp_path)
    for text in (str(tmp_path / "tables"), "tables", "./tables/"):
        assert read_settings(registry, {"PORTICO_DATA": text}).data == str(tmp_path / "tables")


def test_folder_of_data_that_is_none_is_named(registry, tmp_path):
    (tmp_path / "file").touch()
    for name in ("missing", "file"):
        with pytest.raises(ConfigError, match=r"PORTICO_DATA = \(not shown.*\): is neither a folder that exists nor"):
            read_settings(registry, {"PORTICO_DATA": str(tmp_path / name)})


def test_folder_of_data_that_cannot_be_read_is_named(registry, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may read anything
    with pytest.raises(ConfigError, match=r"PORTICO_DATA = .*: is a folder that cannot be read: permission denied"):
        read_settings(registry, {"PORTICO_DATA": str(tmp_path)})


@pytest.mark.parametrize("address", ["postgresql://u:secret@host/db", "postgres://host", "postgresql:///db?host=/run"])
def test_address_of_a_database_is_kept_and_not_shown(registry, address):
    settings = read_settings(registry, {"PORTICO_DATA": address})
    assert settings.data == address
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    "address",
    [
        "mysql://u:secret@host/db",
        "postgresql:/u:secret@host",
        "postgresql:u:secret@host",
        "postgresqll://host/db?password=secret",
        "http://u:secret@host",
        "file:///secret",
        "postgresql+psycopg://u:secret@host",
        '"postgresql://u:secret@host/db"',
        "'postgresql://u:secret@host/db'",
        "host=db user=u password=secret",
        "host=db password=secret " + "x" * 5000,
        "u:secret@host",
        "u:secret@host/db",
        "postgresql ://u:secret@host/db",
        "postgresql://u:secret @host/db",
        "postgresql://u:secret\t@host/db",
        "postgresql://u:secret\n@host/db",
        "postgresql://u:secret@host/db\npassword=secret",
        'postgresql://u:"secret"@host/db',
        "duckdb://u:secret@host",
        "duckdb://secret\0",
        "DuckDB://~secret/x",
        "~secret/x",
    ],
)
def test_malformed_data_is_never_repeated(registry, address):
    with pytest.raises(
        ConfigError, match=r"PORTICO_DATA = \(not shown: it may hold a secret\): .*accepted are"
    ) as found:
        read_settings(registry, {"PORTICO_DATA": address})
    assert "secret" not in "".join(traceback.format_exception(found.value)).replace("may hold a secret", "")


@pytest.mark.parametrize("address", [" POSTGRESQL://u:secret@host/db", "PostgreSQL://u:secret@host/db\n"])
def test_scheme_of_a_database_may_be_in_upper_case_with_space_around(registry, address):
    assert read_settings(registry, {"PORTICO_DATA": address}).data == "postgresql://u:secret@host/db"


def test_database_file_that_is_a_fifo_stops_the_start_and_waits_for_nobody(registry, tmp_path):
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(ConfigError, match="the file cannot be read: it is not a regular file"):
        read_settings(registry, {"PORTICO_DATA": f"duckdb://{tmp_path / 'fifo'}"})


@pytest.mark.parametrize(
    "text",
    [
        "barchart=http://u:secret@host",
        "secret",
        "barchart=http://u:a,secret=x@host",
        "http://u:secret@host",
        "barchart=secret",
    ],
)
def test_malformed_remote_is_never_repeated(registry, text):
    with pytest.raises(
        ConfigError, match=r"PORTICO_REMOTE = \(not shown: it may hold a secret\): entry [12]: "
    ) as found:
        read_settings(registry, {"PORTICO_REMOTE": text})
    assert "secret" not in str(found.value).replace("may hold a secret", "")


def test_limits_of_queries_come_from_the_environment_then_the_registry(registry):
    settings = read_settings(registry, {})
    assert (settings.query_seconds, settings.query_memory, settings.queries_at_once) == (20, "128MB", 4)
    own = replace(registry, query_seconds=5, query_memory="1GB")
    assert (read_settings(own, {}).query_seconds, read_settings(own, {}).query_memory) == (5, "1GB")
    settings = read_settings(own, {"PORTICO_QUERY_SECONDS": "3600", "PORTICO_QUERY_MEMORY": "256MB"})
    assert (settings.query_seconds, settings.query_memory) == (3600, "256MB")


@pytest.mark.parametrize("text", ["0", "3601", "1.5", "x"])
def test_seconds_out_of_range_are_named(registry, text):
    with pytest.raises(ConfigError, match=r"PORTICO_QUERY_SECONDS = .*: must be a whole number from 1 to 3600"):
        read_settings(registry, {"PORTICO_QUERY_SECONDS": text})


@pytest.mark.parametrize("text", ["128", "31MB", "0GB", "128 MB", "128mb", "1TB", "80%", "-1GB", "١28MB", "1GB\n"])
def test_memory_that_is_no_size_is_named(registry, text):
    with pytest.raises(ConfigError, match=r"PORTICO_QUERY_MEMORY = .*: must be a size from 32 MB"):
        read_settings(registry, {"PORTICO_QUERY_MEMORY": text})


def test_environment_is_read_once(registry, monkeypatch):
    monkeypatch.setenv("PORT", "9001")
    settings = read_settings(registry)
    monkeypatch.setenv("PORT", "9002")
    assert settings.port == 9001
    with pytest.raises(FrozenInstanceError):
        settings.port = int(os.environ["PORT"])
