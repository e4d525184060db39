"""The address of a database, and what is done without one that answers."""

import pytest

from portico.config.errors import ConfigError
from portico.data.engines.postgres import seed
from portico.data.engines.postgres.database import DatabaseCatalog
from portico.data.errors import SourceAway
from portico.data.scheduler import Watch
from tests.processes import free_port

GOOD = [
    "postgresql://reader:p%40ss%2F@db/site",
    "postgres://reader@db:5432/site?sslmode=require",
    "postgresql:///site?host=/var/run/postgresql",
    "postgresql://reader:x@one:5432,two:5433/site?target_session_attrs=any",
    "postgresql://reader:x@[::1]:5432/site?application_name=a@b",
]
WRONG = [
    "postgresql://reader:hunter2@db:port/site",
    "postgresql://reader:hunt@er2@db/site",
    "postgresql://reader:12/hunter2@db/site",
    "postgresql://reader:hunter2/x@db/site",
    "postgresql://reader:hunter2%zz@db/site",
    "postgresql://reader:hunter2@db/site?nosuch=1",
    "postgresql://",
]


@pytest.mark.parametrize("address", GOOD)
def test_address_is_taken_as_libpq_reads_it_and_nothing_is_asked_yet(address: str):
    DatabaseCatalog(address, Watch(1, 1))


@pytest.mark.parametrize("address", WRONG)
def test_wrong_address_stops_the_start_without_being_shown(address: str):
    with pytest.raises(ConfigError) as raised:
        DatabaseCatalog(address, Watch(1, 1))
    assert "PORTICO_DATA = (not shown: it may hold a secret): must be" in str(raised.value)
    assert "hunt" not in str(raised.value)
    assert "er2" not in str(raised.value).replace("percent", "")


def test_database_that_does_not_answer_is_said_at_once():
    with pytest.raises(SourceAway):
        DatabaseCatalog(f"postgresql://reader@127.0.0.1:{free_port()}/site", Watch(1, 1)).names()


def test_seed_writes_all_of_the_sample(capsys):
    seed.main()
    script = capsys.readouterr().out
    rows = script.split(r"FROM STDIN (FORMAT csv);")[1].split("\\.\n")[0].strip().splitlines()
    assert len(rows) == 1704
    assert rows[0] == "Afghanistan,Asia,1952,28.801,8425333,779.4453145"
