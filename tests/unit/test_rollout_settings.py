"""A rollout from another shell leaves the site's settings as they are, unless somebody chose others."""

import pytest

from deploy.kept_settings import kept_settings
from deploy.project import chosen_variables, replica_of

SERVICE = {
    "environment": {"PORTICO_DATA": "", "PORTICO_THREADS": "40"},
    "mem_limit": "268435456",
    "pids_limit": 128,
    "volumes": [{"source": "/srv/site/data", "target": "/site/data"}],
}


def container(data: str = "", memory: int = 268435456, folder: str = "/srv/site/data") -> dict:
    return {
        "Config": {"Env": [f"PORTICO_DATA={data}", "PORTICO_THREADS=40", "HOST=0.0.0.0"], "Labels": {}},
        "HostConfig": {"Memory": memory, "PidsLimit": 128},
        "Mounts": [{"Source": folder, "Destination": "/site/data"}],
        "Name": "/site-barchart-1",
        "Image": "sha256:1",
        "RestartCount": 0,
        "State": {"Status": "running", "ExitCode": 0, "Health": {"Status": "starting"}},
    }


@pytest.mark.parametrize(
    ("running", "kept"),
    [
        (container(), {}),
        (container(data="postgresql://reader:a=b@host/x"), {"PORTICO_DATA": "postgresql://reader:a=b@host/x"}),
        (container(memory=500), {"PAGE_MEMORY": "500", "BARCHART_MEMORY": "500"}),
        (container(folder="/srv/tables"), {"PORTICO_DATA_FOLDER": "/srv/tables"}),
    ],
    ids=["as it would be", "data", "memory", "folder"],
)
def test_what_differs_from_what_would_be_is_kept(running: dict, kept: dict):
    assert kept_settings("barchart", SERVICE, running, chosen=set()) == kept


def test_a_variable_that_was_chosen_has_the_last_word():
    assert kept_settings("barchart", SERVICE, container(data="/old"), chosen={"PORTICO_DATA"}) == {}


def test_a_page_without_data_is_given_none():
    home = {**SERVICE, "environment": {"PORTICO_THREADS": "40"}, "volumes": []}
    assert kept_settings("home", home, container(data="/old", folder="/old"), chosen=set()) == {}


def test_variables_of_the_shell_and_of_the_env_file_are_chosen(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("# PORT=1\nPORTICO_DATA=/x=y\nexport PORTICO_THREADS=2\n", encoding="utf-8")
    monkeypatch.setenv("PORTICO_WORKERS", "")
    chosen = chosen_variables(tmp_path)
    assert {"PORTICO_DATA", "PORTICO_THREADS", "PORTICO_WORKERS"} <= chosen
    assert not any(name.startswith("#") for name in chosen)


@pytest.mark.parametrize(
    ("state", "restarts", "ready", "failed"),
    [
        ({"Status": "running", "Health": {"Status": "starting"}}, 0, False, False),
        ({"Status": "running", "Health": {"Status": "healthy"}}, 0, True, False),
        ({"Status": "running", "Health": {"Status": "healthy"}}, 2, True, False),
        ({"Status": "running", "Health": {"Status": "starting"}}, 1, False, True),
        ({"Status": "running", "Health": {"Status": "unhealthy"}}, 0, False, True),
        ({"Status": "restarting", "Health": {"Status": "starting"}}, 0, False, True),
        ({"Status": "exited"}, 0, False, True),
        ({"Status": "running"}, 0, True, False),
    ],
)
def test_replica_is_ready_has_failed_or_starts(state: dict, restarts: int, ready: bool, failed: bool):
    replica = replica_of({**container(), "State": {"ExitCode": 0, **state}, "RestartCount": restarts})
    assert (replica.ready, replica.failed) == (ready, failed)
