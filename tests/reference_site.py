"""The site that tests run: the three pages that come with Portico, without the user's pages, data and `.env`.

It is copied from the repository when it is first needed, so the pages are tested as they are shipped.
"""

import atexit
import re
import shutil
import tomllib
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import yaml

from portico.config.registry import REGISTRY_FILE, Registry, parse_registry

ROOT = Path(__file__).parents[1]
PAGES = ("home", "barchart", "linechart")
COMPOSE_FILE = "docker-compose.yml"
# A block of pages.toml begins with a header; the comments above a header belong to it.
BLOCK = re.compile(r"(?m)^(?=\[)")


def reference_registry() -> Registry:
    """Return the registry of the reference site."""
    return parse_registry(tomllib.loads(registry_text((ROOT / REGISTRY_FILE).read_text(encoding="utf-8"))))


@cache
def reference_folder() -> Path:
    """Write the reference site into a folder that is removed when this process ends."""
    folder = Path(mkdtemp(prefix="portico-reference-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    write_reference_site(folder)
    return folder


def write_reference_site(folder: Path) -> None:
    """Write `pages.toml`, `docker-compose.yml` and `services/` with the reference pages alone."""
    for name, only in ((REGISTRY_FILE, registry_text), (COMPOSE_FILE, compose_text)):
        (folder / name).write_text(only((ROOT / name).read_text(encoding="utf-8")), encoding="utf-8")
    (folder / "services").mkdir()
    shutil.copy(ROOT / "services" / "__init__.py", folder / "services")
    for page in PAGES:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "services" / page, folder / "services" / page, ignore=ignored)


def registry_text(text: str) -> str:
    """Leave the pages of others and the limits of queries out of a `pages.toml`; the rest stays as it is, byte for byte."""
    return "".join(block for block in BLOCK.split(text) if _is_of_reference(block)).rstrip("\n") + "\n"


def _is_of_reference(block: str) -> bool:
    document = tomllib.loads(block)
    pages = document.get("page", [])
    return "data" not in document and all(page.get("name") in PAGES for page in pages)


def compose_text(text: str) -> str:
    """Leave the services and networks of the user's pages out of a `docker-compose.yml`; the rest stays as it is, byte for byte."""
    for name, service in yaml.safe_load(text)["services"].items():
        build = service.get("build")
        arguments = build.get("args") or {} if isinstance(build, dict) else {}
        if "PAGE" in arguments and name not in PAGES:
            # Its service, its network, and its place among the networks of every page and of the database.
            text = re.sub(rf"(?m)^  {name}:.*\n(?:(?:\n(?= {{4}}))? {{4}}.*\n)*", "", text)
            text = re.sub(rf"(networks: \[[^\]\n]*), {name}(?=[\],])", r"\1", text)
    return text
