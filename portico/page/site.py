"""The site as one process sees it: the registry, the settings and the build, handed to every part."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from flask import Flask

from portico.assets import SharedAssets
from portico.config.errors import ConfigError
from portico.config.registry import REGISTRY_FILE, Page, Registry, read_registry
from portico.config.settings import Settings, read_settings, site_folder

EXTENSION = "portico"
BUILD_LENGTH = 12  # hex digits; 48 bits tell any two builds of one site apart


@dataclass(frozen=True)
class Site:
    """What every part of a process needs to know of the site."""

    registry: Registry
    settings: Settings
    assets: SharedAssets

    def local_pages(self) -> tuple[Page, ...]:
        """The pages that this process mounts."""
        return tuple(self.registry.page(name) for name in self.settings.pages)

    def page_file(self, page: Page) -> Path:
        return self.settings.site_folder / "services" / page.name / "page.py"

    def build_of(self, page: Page) -> str:
        """What the running build of a page is called; another one after any change to its sources."""
        return self.settings.build or _digest([self._common_digest, _digest_of_folder(self.page_file(page).parent)])

    @cached_property
    def _common_digest(self) -> str:
        registry = (self.settings.site_folder / REGISTRY_FILE).read_text(encoding="utf-8")
        return _digest([registry, _digest_of_folder(Path(__file__).parents[1])])


def open_site() -> Site:
    """Read `pages.toml` and the environment.

    Raises:
        ConfigError: either is wrong.
    """
    folder = site_folder()
    registry = read_registry(folder)
    settings = read_settings(registry)
    try:
        assets = SharedAssets.of_site(folder)
    except ValueError as error:
        raise ConfigError("shared/bundles", "plotly.js", str(folder), str(error)) from None
    return Site(registry, settings, assets)


def attach_site(server: Flask, site: Site) -> None:
    """Let the pages that will be constructed on a Flask server find their site."""
    server.extensions[EXTENSION] = site


def site_of(server: Flask) -> Site:
    """Return the site that a server belongs to; a bare Flask server joins the one on disk."""
    if EXTENSION not in server.extensions:
        attach_site(server, open_site())
    site: Site = server.extensions[EXTENSION]
    return site


def _digest_of_folder(folder: Path) -> str:
    files = sorted(file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return _digest(text for file in files for text in (str(file.relative_to(folder)), _digest_of_file(file)))


def _digest_of_file(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:BUILD_LENGTH]
