"""What the unit tests share: the site of this repository, and small sites whose pages are imported anew."""

import sys

import pytest

from portico.assets import SharedAssets
from portico.config.registry import read_registry
from portico.config.settings import Settings
from portico.page.site import Site
from tests.processes import ROOT
from tests.reference_site import reference_folder
from tests.small_sites import write_site


@pytest.fixture(scope="session")
def registry():
    return read_registry(reference_folder())


@pytest.fixture(scope="session")
def real_site(registry):
    return Site(registry, Settings(site_folder=ROOT, pages=registry.names()), SharedAssets.of_site(ROOT))


@pytest.fixture
def small_site(tmp_path, fresh_services):
    """A function that writes a site of pages with these sources, and opens it."""

    def write_and_open(pages, registry=None):
        folder = write_site(tmp_path, pages, registry)
        known = read_registry(folder)
        return Site(known, Settings(site_folder=folder, pages=known.names()), SharedAssets.of_site(ROOT))

    return write_and_open


@pytest.fixture
def fresh_services():
    """Forget the pages that were imported, and after the test those that it imported."""
    kept, path = take_services(), list(sys.path)
    yield
    take_services()
    sys.modules.update(kept)
    sys.path[:] = path


def take_services():
    names = [name for name in sys.modules if name.partition(".")[0] == "services"]
    return {name: sys.modules.pop(name) for name in names}
