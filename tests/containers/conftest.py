"""A PostgreSQL server for the session, started by the first test that asks for it."""

from collections.abc import Iterator

import pytest

from tests.database import Server, running_database


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with running_database() as server:
        yield server
