"""A PostgreSQL server for tests: a container of its own on a free port, gone at the end."""

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from tests.containers.stack import freeze, run
from tests.processes import free_port

IMAGE = "postgres:17"
START_LIMIT_S = 60
POLL_S = 0.05
PASSWORD = "s3cret-%@/:word"  # with what has a meaning in an address
IN_ADDRESS = "s3cret-%25%40%2F%3Aword"
READER = "reader"  # a role that may read and nothing more


@dataclass(frozen=True)
class Server:
    """A running server. A test that stops it starts it again: all of the session share it."""

    container: str
    port: int

    def address(self, role: str = READER) -> str:
        """What PORTICO_DATA would be, for a role."""
        return f"postgresql://{role}:{IN_ADDRESS}@127.0.0.1:{self.port}/postgres"

    def execute(self, *statements: str) -> list[tuple]:
        """Run statements as the owner of everything, and return the rows of the last."""
        with psycopg.connect(self.address("postgres"), autocommit=True, connect_timeout=5) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def docker(self, command: str) -> None:
        """`stop`, `start`, `pause` or `unpause` it."""
        if command == "pause":
            freeze(self.container)
            return
        run("docker", command, *(["--time", "2"] if command == "stop" else []), self.container)

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while True:
            try:
                self.execute("SELECT 1")
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, run("docker", "logs", "--tail", "50", self.container)
                time.sleep(POLL_S)
            else:
                return


@contextmanager
def running_database() -> Iterator[Server]:
    """Start a server with a role that may only read, and remove it when the block ends."""
    server = Server(f"portico-test-database-{uuid.uuid4().hex[:8]}", free_port())
    published = ["--publish", f"127.0.0.1:{server.port}:5432"]
    settings = ["-c", "fsync=off", "-c", "timezone=Asia/Tokyo"]  # what a session must not inherit
    named = ["--name", server.container, "--env", f"POSTGRES_PASSWORD={PASSWORD}"]
    try:
        run("docker", "run", "--detach", *named, *published, IMAGE, "postgres", *settings)
        server.wait_until_ready()
        server.execute(
            f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'",
            f"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO {READER}",
        )
        yield server
    finally:
        run("docker", "rm", "--force", "--volumes", server.container)
