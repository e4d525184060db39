"""The PostgreSQL of docker-compose.yml: as confined as the site, and full of what `make seed` loads."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.containers.stack import Stack, inspect, run
from tests.processes import ROOT

pytestmark = pytest.mark.containers

PASSWORD = "a b@c/'$"
ADDRESS = "postgresql://reader:a%20b%40c%2F%27$@database/portico"
VOLUMES = {"database": "/var/lib/postgresql", "database-socket": "/var/run/postgresql"}
LOOK = """
import sys
from portico.data.engines.postgres.database import DatabaseCatalog
from portico.data.query import Values
from portico.data.scheduler import Watch
catalog = DatabaseCatalog(sys.argv[1], Watch(10, 4))
table = catalog.table("gapminder")
rows = catalog.rows(Values().query(table.relation.agg(rows=table.relation.count()), catalog.dialect))
print(table.title, table.columns["lifeExp"].title(), rows)
"""


@pytest.fixture(scope="module")
def seeded(stack: Stack) -> Iterator[Stack]:
    """The stack with its database, into which the sample was loaded twice."""
    try:
        for _ in range(2):
            seed(stack)
        yield stack
    finally:
        stack.compose("--profile", "database", "rm", "--force", "--stop", "database")
        run("docker", "volume", "rm", *(f"{stack.project}_{volume}" for volume in VOLUMES))


def seed(stack: Stack) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COMPOSE_PROJECT_NAME", stack.project)
        patch.setenv("PORT", str(stack.port))
        patch.setenv("POSTGRES_PASSWORD", PASSWORD)
        said = run("make", "--no-print-directory", "seed", folder=stack.folder)
    assert "1704 rows are in the table gapminder." in said
    assert "PORTICO_DATA=postgresql://reader:PASSWORD@database/portico docker compose up" in said
    assert PASSWORD not in said


@pytest.fixture
def container(seeded: Stack) -> dict:
    return inspect(seeded.containers("database")[0])


def test_page_reads_the_sample_as_a_role_that_may_only_read(seeded: Stack):
    shown = seeded.compose("exec", "--no-TTY", "barchart", "python", "-c", LOOK, ADDRESS)
    assert shown.strip() == "Gapminder Life expectancy (years) [(1704,)]"


def test_owner_is_not_let_in_from_another_container(seeded: Stack):
    for address in (ADDRESS.replace("reader", "postgres"), "postgresql://postgres@database/portico"):
        attempt = subprocess.run(
            ["docker", "exec", seeded.containers("barchart")[0], "python", "-c", LOOK, address],
            capture_output=True,
            text=True,
            check=False,
        )
        assert attempt.returncode != 0
        assert "SourceAway" in attempt.stderr


def test_database_is_healthy_and_has_no_privilege(container: dict):
    assert container["State"]["Health"]["Status"] == "healthy"
    status = run("docker", "exec", container["Id"], "cat", "/proc/1/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert "0" not in fields["Uid"].split()
    assert "0" not in fields["Gid"].split()
    assert int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"].strip() == "1"


def test_database_is_limited_and_publishes_no_port(container: dict):
    limits = container["HostConfig"]
    assert limits["ReadonlyRootfs"]
    assert limits["Memory"] == 512 * 1024**2
    assert limits["PidsLimit"] == 256
    assert not any(container["NetworkSettings"]["Ports"].values())
    assert not limits["PortBindings"]


def test_rows_are_in_a_named_volume_and_nothing_else_is_left_behind(container: dict, seeded: Stack):
    mounts = {mount["Name"]: mount["Destination"] for mount in container["Mounts"]}
    assert mounts == {f"{seeded.project}_{volume}": folder for volume, folder in VOLUMES.items()}


def test_seed_asks_for_a_password(monkeypatch):
    monkeypatch.delenv("POSTGRES_PASSWORD", raising=False)
    done = subprocess.run(["make", "seed"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "POSTGRES_PASSWORD is empty" in done.stderr


def test_site_without_a_database_needs_none_of_its_variables(stack: Stack):
    assert "database" not in json.loads(stack.compose("config", "--format", "json"))["services"]


def test_pages_read_the_folder_and_home_has_neither_it_nor_the_address(stack: Stack, monkeypatch):
    mounts = inspect(stack.containers("barchart")[0])["Mounts"]
    assert {mount["Destination"]: mount["RW"] for mount in mounts} == {"/site/data": False, "/site/spill": True}
    assert inspect(stack.containers("home")[0])["Mounts"] == []
    monkeypatch.setenv("PORTICO_DATA", ADDRESS.replace("$", ""))
    services = json.loads(stack.compose("config", "--format", "json"))["services"]
    addresses = {name: service.get("environment", {}).get("PORTICO_DATA") for name, service in services.items()}
    assert addresses["barchart"] == addresses["linechart"] == ADDRESS.replace("$", "")
    assert addresses["home"] == ""
    assert addresses["gateway"] is None
