"""Settings: what the environment says, read once, into a frozen dataclass."""

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from portico.config.errors import HIDDEN, ConfigError
from portico.config.registry import (
    DEFAULT_QUERY_MEMORY,
    DEFAULT_QUERY_SECONDS,
    MAX_QUERY_SECONDS,
    MEMORY,
    MEMORY_IS,
    Registry,
)
from portico.config.regular_file import open_regular_file

ENVIRONMENT = "environment"
DEFAULT_PORT = 8080
# Threads that wait for a page elsewhere cost little; with its own, one that hangs leaves the others theirs.
THREADS_PER_REMOTE = 16
# An idle thread costs some tens of kilobytes. One client may hold three quarters: more than an office of 60 needs at once.
DEFAULT_THREADS = 96
QUERIES_AT_ONCE = 4  # of a process: each has two threads in the engine
ANY_ADDRESS = ["0.0.0.0/0", "::/0"]
DATABASE_SCHEMES = ("postgresql", "postgres", "duckdb")
DUCKDB_MAGIC, DUCKDB_MAGIC_AT = b"DUCK", 8  # https://duckdb.org/docs/stable/internals/storage
# A name, an IPv4 or a bracketed IPv6 address, then a port: https://www.rfc-editor.org/rfc/rfc3986#section-3.2
ADDRESS = re.compile(
    r"https?://(([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?|\[[0-9a-f:.]+\])(:[0-9]+)?/?",
    re.IGNORECASE,
)
# How an address begins, also one whose slashes are wrong: https://www.rfc-editor.org/rfc/rfc3986#section-3.1
SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)
# Never part of an address: in a password, these characters are percent-encoded.
NOT_IN_AN_ADDRESS = re.compile(r"""[\s\x00-\x1f\x7f"'<>\\^`{|}]""")
DATA_IS = (
    "accepted are the path of a folder, duckdb:///path/of/file.duckdb and postgresql://user:password@host:port/database"
)


@dataclass(frozen=True)
class Settings:
    """How this process takes part in the site.

    Attributes:
        site_folder: the folder that holds `pages.toml` and `services/` (`PORTICO_SITE`).
        pages: the pages this process mounts, in the registry's order (`PORTICO_PAGES`; unset = all
            that are not remote).
        remotes: page name to the address of its service (`PORTICO_REMOTE`).
        host, port: where to listen (`HOST`, `PORT`).
        workers, threads: gunicorn's processes and the threads of each (`PORTICO_WORKERS`, `PORTICO_THREADS`).
        worker_requests: requests after which a gunicorn worker restarts, plus up to a fifth; 0 for never
            (`PORTICO_WORKER_REQUESTS`). Use it with two workers or more: a single one refuses requests while it restarts.
        draining_file: exists while this service drains (`PORTICO_DRAINING_FILE`; see drain.sh); None if it never does.
        data: where the tables are: a folder, or the address of a database (file); empty for the sample alone
            (`PORTICO_DATA`; unset = the folder `data` of the site, where there is one).
        query_seconds, query_memory: what a query may take, and all queries of a process together
            (`PORTICO_QUERY_SECONDS`, `PORTICO_QUERY_MEMORY`; unset = `[data]` of `pages.toml`).
        spill: the folder for what queries do not hold in memory (`PORTICO_SPILL`; unset = one of this user in the
            system's folder for temporary files). Not for a file system in memory.
        build: what this build is called (`PORTICO_BUILD`; unset = a digest of the sources).
        trusted_proxy: addresses whose X-Forwarded-For, -Host and -Proto are believed (`PORTICO_TRUSTED_PROXY`: addresses or
            networks, or `*` where only the gateway can connect; unset = nobody's).
        dev: pages reload in the browser and show their errors there; set by `gateway.dev` alone.
    """

    site_folder: Path
    pages: tuple[str, ...]
    remotes: Mapping[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    workers: int = 1
    threads: int = DEFAULT_THREADS
    worker_requests: int = 0
    draining_file: Path | None = None
    build: str = ""
    dev: bool = False
    data: str = field(default="", repr=False)  # an address may hold a password
    query_seconds: int = DEFAULT_QUERY_SECONDS
    query_memory: str = DEFAULT_QUERY_MEMORY
    trusted_proxy: tuple[IPv4Network | IPv6Network, ...] = ()
    spill: Path | None = None

    @property
    def queries_at_once(self) -> int:
        """Queries of a process that run at the same time; the others wait for their turn."""
        return QUERIES_AT_ONCE

    @property
    def is_for_one_page(self) -> bool:
        """Return True if this process serves exactly one page, as a page's container does."""
        return len(self.pages) == 1 and not self.remotes

    def all_threads(self) -> int:
        """The threads of a gunicorn process: those for its own pages, and those that wait for remote ones."""
        return self.threads + THREADS_PER_REMOTE * len(self.remotes)

    def threads_of_one_client(self) -> int:
        """Return how many threads of a gunicorn process one client may hold; the rest stay free for others."""
        return max(1, self.all_threads() * 3 // 4)


def site_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the site: `PORTICO_SITE`, or where the process was started."""
    folder = Path(environ.get("PORTICO_SITE") or ".").resolve()
    if not folder.is_dir():
        raise ConfigError(ENVIRONMENT, "PORTICO_SITE", environ["PORTICO_SITE"], "is not a folder")
    return folder


def read_settings(registry: Registry, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings of this process.

    Raises:
        ConfigError: a variable names an unknown page, is malformed or is out of range.
    """
    remotes = _remotes(registry, environ.get("PORTICO_REMOTE", ""))
    return Settings(
        site_folder=site_folder(environ),
        pages=_local_pages(registry, environ.get("PORTICO_PAGES"), remotes),
        remotes=remotes,
        host=environ.get("HOST") or "127.0.0.1",
        port=_integer(environ, "PORT", DEFAULT_PORT, 1, 65535),
        workers=_integer(environ, "PORTICO_WORKERS", 1, 1, 64),
        threads=_integer(environ, "PORTICO_THREADS", DEFAULT_THREADS, 1, 256),
        worker_requests=_integer(environ, "PORTICO_WORKER_REQUESTS", 0, 0, 10**9),
        draining_file=Path(file) if (file := environ.get("PORTICO_DRAINING_FILE")) else None,
        build=environ.get("PORTICO_BUILD", ""),
        data=_data(environ),
        query_seconds=_integer(environ, "PORTICO_QUERY_SECONDS", registry.query_seconds, 1, MAX_QUERY_SECONDS),
        query_memory=_memory(environ, registry.query_memory),
        trusted_proxy=_networks(environ.get("PORTICO_TRUSTED_PROXY", "")),
        spill=Path(environ.get("PORTICO_SPILL") or f"{tempfile.gettempdir()}/portico-spill-{os.getuid()}").absolute(),
    )


def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    named = ANY_ADDRESS if text.strip() == "*" else [each.strip() for each in text.split(",") if each.strip()]
    try:
        return tuple(map(ip_network, named))
    except ValueError:
        problem = "must be addresses or networks, such as 10.0.0.0/8, separated by commas, or *"
        raise ConfigError(ENVIRONMENT, "PORTICO_TRUSTED_PROXY", text, problem) from None


def _data(environ: Mapping[str, str]) -> str:
    text = environ.get("PORTICO_DATA", "").strip()
    if not text:
        beside = site_folder(environ) / "data"
        return str(beside) if beside.is_dir() else ""
    scheme, slashes, rest = text.partition("://")
    if not slashes or SCHEME.fullmatch(f"{scheme}:") is None:
        return _data_folder(text)
    if scheme.lower() not in DATABASE_SCHEMES:
        raise _wrong_data("its scheme is unknown")
    if scheme.lower() == "duckdb":
        return _database_file(rest)
    if NOT_IN_AN_ADDRESS.search(rest):
        raise _wrong_data("has a space, a quotation mark or another character that must be percent-encoded")
    return f"{scheme.lower()}://{rest}"


def _wrong_data(problem: str) -> ConfigError:
    """Return an error without the value: any part of a malformed address may be a password."""
    return ConfigError(ENVIRONMENT, "PORTICO_DATA", HIDDEN, f"{problem}; {DATA_IS}")


def _database_file(path: str) -> str:
    """The address of a database file, absolute: `duckdb:///srv/shop.duckdb`, or `duckdb://shop.duckdb` from here."""
    try:
        file = Path(path).expanduser().absolute()
        with open_regular_file(file) as content:
            magic = content.read(DUCKDB_MAGIC_AT + len(DUCKDB_MAGIC))[DUCKDB_MAGIC_AT:]
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: no home folder of such a user
        reason = error.strerror if isinstance(error, OSError) else "is not a path"
        raise _wrong_data(f"the file cannot be read: {reason}") from None
    if magic != DUCKDB_MAGIC:
        raise _wrong_data("the file is not a DuckDB database")
    return f"duckdb://{file}"


def _data_folder(text: str) -> str:
    folder = os.path.abspath(os.path.expanduser(text))  # noqa: PTH100, PTH111 - raise nothing that repeats the text
    if not os.path.isdir(folder):  # noqa: PTH112 - the same
        raise _wrong_data("is neither a folder that exists nor the address of a database")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise _wrong_data("is a folder that cannot be read: permission denied")
    return folder


def _memory(environ: Mapping[str, str], default: str) -> str:
    text = environ.get("PORTICO_QUERY_MEMORY") or default
    if not MEMORY.fullmatch(text):
        raise ConfigError(ENVIRONMENT, "PORTICO_QUERY_MEMORY", text, MEMORY_IS)
    return text


def _local_pages(registry: Registry, text: str | None, remotes: Mapping[str, str]) -> tuple[str, ...]:
    if text is None or not text.strip():
        return tuple(name for name in registry.names() if name not in remotes)
    wanted = [name.strip() for name in text.split(",")]
    for name in wanted:
        _check_known("PORTICO_PAGES", name, registry)
        if name in remotes:
            raise ConfigError(ENVIRONMENT, "PORTICO_PAGES", name, "is in PORTICO_REMOTE too: local or remote, not both")
    return tuple(name for name in registry.names() if name in wanted)


def _remotes(registry: Registry, text: str) -> dict[str, str]:
    """Read the addresses. An error names an entry by its position, since any part of it may be a password."""
    remotes: dict[str, str] = {}
    entries = list(filter(None, (part.strip() for part in text.split(","))))
    for place, entry in enumerate(entries, 1):
        name, equals, address = (part.strip() for part in entry.partition("="))
        if not equals:
            raise _wrong_remote(place, "must be page=http://host:port,…")
        if name not in registry.names():
            raise _wrong_remote(place, f"its page is not in pages.toml; known: {', '.join(registry.names())}")
        if name in remotes:
            raise _wrong_remote(place, f"{name} is named twice")
        if not ADDRESS.fullmatch(address) or not _has_valid_port(address):
            problem = f"the address of {name} must be http://host:port or https://host:port and nothing more"
            raise _wrong_remote(place, problem)
        remotes[name] = address.removesuffix("/")
    return remotes


def _wrong_remote(place: int, problem: str) -> ConfigError:
    return ConfigError(ENVIRONMENT, "PORTICO_REMOTE", HIDDEN, f"entry {place}: {problem}")


def _has_valid_port(address: str) -> bool:
    try:
        return urlsplit(address).port != 0
    except ValueError:  # a port above 65535, a bracketed host that is no address
        return False


def _check_known(variable: str, name: str, registry: Registry) -> None:
    if name not in registry.names():
        problem = f"is not a page of pages.toml; known: {', '.join(registry.names())}"
        raise ConfigError(ENVIRONMENT, variable, name, problem)


def _integer(environ: Mapping[str, str], variable: str, default: int, least: int, most: int) -> int:
    text = environ.get(variable) or str(default)
    if not text.isascii() or not text.isdigit() or len(text) > len(str(most)) or not least <= int(text) <= most:
        raise ConfigError(ENVIRONMENT, variable, text, f"must be a whole number from {least} to {most}")
    return int(text)
