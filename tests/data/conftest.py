"""The same tables as files, as a database file and in PostgreSQL: what is asked of one is asked of all."""

import duckdb
import psycopg
import pytest

from portico.data.engines.duckdb.database_file import DatabaseFileCatalog
from portico.data.engines.duckdb.folder import FolderCatalog
from portico.data.engines.postgres.database import DatabaseCatalog
from portico.data.scheduler import Watch
from tests.data.real_tables import real_tables, write_folder
from tests.database import READER, running_database

SECONDS = 20


@pytest.fixture(scope="session")
def tables():
    """The tables in plain Python, by name."""
    return real_tables()


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The tables as a folder of files."""
    folder = tmp_path_factory.mktemp("data")
    write_folder(folder)
    return folder


@pytest.fixture(
    scope="session", params=["folder", "database file", pytest.param("database", marks=pytest.mark.containers)]
)
def catalog(request):
    """The catalog of these tables, from each source."""
    if request.param == "folder":
        return FolderCatalog(request.getfixturevalue("folder"), Watch(SECONDS, 4), "128MB")
    if request.param == "database file":
        return DatabaseFileCatalog(request.getfixturevalue("database_file"), Watch(SECONDS, 4), "128MB")
    return DatabaseCatalog(request.getfixturevalue("database_address"), Watch(SECONDS, 4))


@pytest.fixture(scope="session")
def database_file(tables, folder, tmp_path_factory):
    """A DuckDB database with these tables."""
    path = tmp_path_factory.mktemp("database") / "tables.duckdb"
    with duckdb.connect(str(path)) as connection:
        for table in tables.values():
            columns = ", ".join(f'"{name}" {kind}' for name, kind in table.types.items())
            connection.execute(f"CREATE TABLE {table.stem} ({columns})")
            connection.execute(f"INSERT INTO {table.stem} FROM '{folder / table.file}'")
    return path


@pytest.fixture(scope="session")
def database_address(tables):
    """The address of a database with these tables, for a role that may only read."""
    with running_database() as server:
        with psycopg.connect(server.address("postgres")) as connection:
            for table in tables.values():
                columns = ", ".join(f'"{name}" {kind}' for name, kind in table.types.items())
                connection.execute(f"CREATE TABLE {table.stem} ({columns})")
                with connection.cursor().copy(f"COPY {table.stem} FROM STDIN") as copy:
                    for row in table.rows:
                        copy.write_row(row)
            connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}")
        yield server.address()


@pytest.fixture(scope="session")
def name_of(catalog):
    """A function that gives a table's name in the catalog."""
    names = {each.name.partition(".")[0]: each.name for each in catalog.names()}
    return names.__getitem__
