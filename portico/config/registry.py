"""The registry: `pages.toml` read and checked, the one list of pages that everything else follows."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from keyword import iskeyword
from pathlib import Path
from typing import Any, NamedTuple

from portico.config.errors import HIDDEN, ConfigError

REGISTRY_FILE = "pages.toml"
# A name is a path segment, a folder, a Python package, a DNS label and a compose service at once.
PAGE_NAME = re.compile(r"[a-z][a-z0-9]{0,39}")
PAGE_PATH = re.compile(r"/([a-z0-9][a-z0-9-]*/)*")
HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")
RESERVED_NAMES = frozenset(
    {
        "assets",
        "database",
        "discovery",
        "gateway",
        "healthz",
        "metrics",
        "names",
        "outside",
        "readyz",
        "shared",
        "site",
    }
)
# As a key of YAML these are no text: https://yaml.org/type/bool.html, https://yaml.org/type/null.html
YAML_WORDS = frozenset({"false", "n", "no", "null", "off", "on", "true", "y", "yes"})
DEFAULT_TIMEOUT_S = 30.0
DEFAULT_BODY_LIMIT_BYTES = 1024 * 1024
# A gateway passes a larger body on while it arrives, so that it can neither send it again to another replica nor know its answer.
HELD_BODY_BYTES = 1024 * 1024
MAX_TIMEOUT_S = 3600.0
MAX_BODY_LIMIT_BYTES = 1024**3
MAX_FRESH_S = 24 * 3600
FULL = "full"
LONGEST_GROUP = 40  # characters: it stands in the navigation
BUNDLES = (FULL, "basic", "cartesian")  # what they draw: portico/assets/plotly_bundles.py
DEFAULT_QUERY_SECONDS = 20
MAX_QUERY_SECONDS = 3600
DEFAULT_QUERY_MEMORY = "128MB"
# As DuckDB reads it, from 32 MB, which reading a text with two threads needs, to the terabytes:
# https://duckdb.org/docs/stable/configuration/pragmas#memory-limit
MEMORY = re.compile(r"(3[2-9]|[4-9][0-9]|[1-9][0-9]{2,5})MB|[1-9][0-9]{0,3}GB")
MEMORY_IS = 'must be a size from 32 MB, written as "128MB" or "2GB"'


@dataclass(frozen=True)
class Page:
    """One page of the site, as `pages.toml` declares it.

    `path` begins and ends with a slash. `timeout_s` (seconds) and `body_limit_bytes` are what the
    gateway grants the page; `pure` says that its callbacks only read, and `fresh_s` (seconds) for how long
    their answers may be shared. `bundle` is the plotly.js that the page draws with. Pages of one `group` stand
    together in the navigation and on home; a `hidden` page is in neither and opens by its address. `egress` says that
    its container may connect to the internet.
    """

    name: str
    path: str
    title: str
    description: str
    timeout_s: float = DEFAULT_TIMEOUT_S
    body_limit_bytes: int = DEFAULT_BODY_LIMIT_BYTES
    pure: bool = False
    fresh_s: int = 0
    bundle: str = FULL
    group: str = ""
    hidden: bool = False
    egress: bool = False

    @property
    def status_path(self) -> str:
        """The public address that says whether the page is ready."""
        return f"{self.path}_status"

    @property
    def requests_are_held(self) -> bool:
        """Whether the nginx gateway reads a request of this page to its end before it passes it on, and so can pass it on again."""
        return self.body_limit_bytes <= HELD_BODY_BYTES


class Group(NamedTuple):
    """Pages that the navigation shows together; a page without a group has an untitled one to itself."""

    title: str
    pages: tuple[Page, ...]


@dataclass(frozen=True)
class Registry:
    """The site's title and its pages in the order of the navigation.

    `query_seconds` and `query_memory` are what a query of data may take; the environment can say otherwise.
    `identity_headers` are headers in which a proxy in front of this site names the reader, besides `portico/page/identity.py`.
    """

    title: str
    description: str
    pages: tuple[Page, ...]
    query_seconds: int = DEFAULT_QUERY_SECONDS
    query_memory: str = DEFAULT_QUERY_MEMORY
    identity_headers: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Page]:
        return iter(self.pages)

    def names(self) -> tuple[str, ...]:
        return tuple(page.name for page in self.pages)

    def page(self, name: str) -> Page:
        """Return the page of that name; KeyError if there is none."""
        for page in self.pages:
            if page.name == name:
                return page
        raise KeyError(name)

    def navigation(self) -> tuple[Group, ...]:
        """Return the pages that are not hidden, by group; a group has the position of its first page."""
        shown = [page for page in self.pages if not page.hidden]
        by_group: dict[tuple[str, str], list[Page]] = {}
        for page in shown:
            by_group.setdefault((page.group, "" if page.group else page.name), []).append(page)
        return tuple(Group(pages[0].group, tuple(pages)) for pages in by_group.values())


def read_registry(folder: Path) -> Registry:
    """Read `pages.toml` in a site's folder.

    Raises:
        ConfigError: the file is missing, is not TOML, or a key in it is wrong.
    """
    file = folder / REGISTRY_FILE
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(REGISTRY_FILE, "folder", str(folder), "there is no pages.toml in it") from None
    except OSError as error:
        raise ConfigError(REGISTRY_FILE, "file", str(file), f"cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(REGISTRY_FILE, "text", str(file), f"is not TOML: {error}") from None
    return parse_registry(document)


def parse_registry(document: Mapping[str, Any]) -> Registry:
    """Check a parsed `pages.toml` and return it as a `Registry`."""
    _reject_unknown_keys("", document, {"site", "page", "data"})
    site = _table(document, "site")
    _reject_unknown_keys("site.", site, {"title", "description", "identity_headers"})
    tables = document.get("page")
    if not isinstance(tables, list) or not tables:
        raise ConfigError(REGISTRY_FILE, "page", tables, "at least one [[page]] is needed")
    pages = tuple(_parse_page(f"page[{index}].", table) for index, table in enumerate(tables))
    _reject_twins("name", (page.name for page in pages))
    _reject_twins("path", (page.path for page in pages))
    title, description = _text("site.", site, "title"), _text("site.", site, "description", "")
    return Registry(title, description, pages, *_data(document), _identity_headers(site))


def _identity_headers(site: Mapping[str, Any]) -> tuple[str, ...]:
    value = site.get("identity_headers", [])
    if not isinstance(value, list) or not all(isinstance(each, str) and HEADER_NAME.fullmatch(each) for each in value):
        problem = 'must be a list of header names, such as ["X-Company-User"]'
        raise ConfigError(REGISTRY_FILE, "site.identity_headers", value, problem)
    return tuple(value)


def _data(document: Mapping[str, Any]) -> tuple[int, str]:
    data = _table(document, "data")
    _reject_unknown_keys("data.", data, {"seconds", "memory"})
    seconds, memory = data.get("seconds", DEFAULT_QUERY_SECONDS), data.get("memory", DEFAULT_QUERY_MEMORY)
    if type(seconds) is not int or not 1 <= seconds <= MAX_QUERY_SECONDS:
        problem = f"must be a whole number from 1 to {MAX_QUERY_SECONDS}"
        raise ConfigError(REGISTRY_FILE, "data.seconds", seconds, problem)
    if not isinstance(memory, str) or not MEMORY.fullmatch(memory):
        raise ConfigError(REGISTRY_FILE, "data.memory", memory, MEMORY_IS)
    return seconds, memory


def _parse_page(prefix: str, table: Any) -> Page:
    if not isinstance(table, dict):
        raise ConfigError(REGISTRY_FILE, prefix.rstrip("."), table, "must be a table, written as [[page]]")
    known = {
        "name",
        "path",
        "title",
        "description",
        "group",
        "hidden",
        "timeout",
        "body_limit",
        "pure",
        "fresh",
        "bundle",
    }
    known |= {"egress"}
    _reject_unknown_keys(prefix, table, known)
    name = _page_name(prefix, table)
    body_limit = _bytes(prefix, table, "body_limit", DEFAULT_BODY_LIMIT_BYTES, MAX_BODY_LIMIT_BYTES)
    return Page(
        name=name,
        path=_page_path(prefix, table, name),
        title=_text(prefix, table, "title", name.capitalize()),
        description=_text(prefix, table, "description", ""),
        timeout_s=_number(prefix, table, "timeout", DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S),
        body_limit_bytes=body_limit,
        pure=_flag(prefix, table, "pure"),
        fresh_s=_fresh(prefix, table, body_limit),
        bundle=_bundle(prefix, table),
        group=_group(prefix, table),
        hidden=_flag(prefix, table, "hidden"),
        egress=_flag(prefix, table, "egress"),
    )


def _page_name(prefix: str, table: Mapping[str, Any]) -> str:
    name = _text(prefix, table, "name")
    check_page_name(REGISTRY_FILE, f"{prefix}name", name)
    return name


def check_page_name(where: str, key: str, name: str) -> None:
    """Raise ConfigError unless a name can be a page's."""
    if not PAGE_NAME.fullmatch(name):
        problem = "must be a path segment: a lower-case letter, then up to 39 lower-case letters and digits"
        raise ConfigError(where, key, name, problem)
    if name in YAML_WORDS or iskeyword(name):
        raise ConfigError(where, key, name, "is a word of Python or YAML, where it would not be read as a name")
    if name in RESERVED_NAMES:
        raise ConfigError(where, key, name, "is a name that the site uses itself")


def _page_path(prefix: str, table: Mapping[str, Any], name: str) -> str:
    path = _text(prefix, table, "path", f"/{name}/")
    if not PAGE_PATH.fullmatch(path):
        problem = "must begin and end with a slash, with lower-case letters, digits and dashes between"
        raise ConfigError(REGISTRY_FILE, f"{prefix}path", path, problem)
    first_segment = path.split("/")[1]
    if first_segment in RESERVED_NAMES:
        raise ConfigError(REGISTRY_FILE, f"{prefix}path", path, "begins with a name that the site uses itself")
    return path


def _fresh(prefix: str, table: Mapping[str, Any], body_limit: int) -> int:
    value = table.get("fresh", 0)
    if type(value) is not int or not 0 <= value <= MAX_FRESH_S:
        problem = f"must be a whole number of seconds from 0 to {MAX_FRESH_S}"
        raise ConfigError(REGISTRY_FILE, f"{prefix}fresh", value, problem)
    if value and not table.get("pure"):
        problem = "only answers of callbacks that only read are shared: it needs pure = true"
        raise ConfigError(REGISTRY_FILE, f"{prefix}fresh", value, problem)
    if value and body_limit > HELD_BODY_BYTES:
        problem = f"answers are shared by the whole body: it needs a body_limit of at most {HELD_BODY_BYTES}"
        raise ConfigError(REGISTRY_FILE, f"{prefix}fresh", value, problem)
    return value


def _bundle(prefix: str, table: Mapping[str, Any]) -> str:
    value = table.get("bundle", FULL)
    if value not in BUNDLES:
        problem = f"is no bundle of plotly.js that Portico knows: {', '.join(BUNDLES)}"
        raise ConfigError(REGISTRY_FILE, f"{prefix}bundle", value, problem)
    return str(value)


def _group(prefix: str, table: Mapping[str, Any]) -> str:
    value = table.get("group", "")
    if "group" in table and (
        not isinstance(value, str) or not 0 < len(value.strip()) <= LONGEST_GROUP or not value.isprintable()
    ):
        problem = f"must be one line of text with 1 to {LONGEST_GROUP} characters"
        raise ConfigError(REGISTRY_FILE, f"{prefix}group", value, problem)
    return str(value).strip()


def _reject_twins(key: str, values: Iterable[str]) -> None:
    first_seen: dict[str, int] = {}
    for index, value in enumerate(values):
        if value in first_seen:
            problem = f"page[{first_seen[value]}] has the same {key}"
            raise ConfigError(REGISTRY_FILE, f"page[{index}].{key}", value, problem)
        first_seen[value] = index


def _reject_unknown_keys(prefix: str, table: Mapping[str, Any], known: set[str]) -> None:
    for key in table:
        if key not in known:
            problem = f"is not a key; known here: {', '.join(sorted(known))}"
            # An unknown key may hold a secret, as the address of a database does.
            raise ConfigError(REGISTRY_FILE, f"{prefix}{key}", HIDDEN, problem)


def _table(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = document.get(key, {})
    if not isinstance(table, dict):
        raise ConfigError(REGISTRY_FILE, key, HIDDEN, f"must be a table, written as [{key}]")
    return table


def _text(prefix: str, table: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or not (value.strip() or default == ""):
        raise ConfigError(REGISTRY_FILE, f"{prefix}{key}", value, "must be a text that is not empty")
    return value


def _number(prefix: str, table: Mapping[str, Any], key: str, default: float, most: float) -> float:
    value = table.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
        raise ConfigError(REGISTRY_FILE, f"{prefix}{key}", value, f"must be a number above 0 and at most {most:g}")
    return value


def _bytes(prefix: str, table: Mapping[str, Any], key: str, default: int, most: int) -> int:
    value = table.get(key, default)
    if type(value) is not int or not 0 < value <= most:
        raise ConfigError(REGISTRY_FILE, f"{prefix}{key}", value, f"must be a whole number of bytes from 1 to {most}")
    return value


def _flag(prefix: str, table: Mapping[str, Any], key: str) -> bool:
    value = table.get(key, False)
    if not isinstance(value, bool):
        raise ConfigError(REGISTRY_FILE, f"{prefix}{key}", value, "must be true or false")
    return value
