"""The site of this folder as `make run` serves it: the user's pages with the user's data."""

from collections.abc import Iterator

import pytest

from tests.processes import ROOT, running


@pytest.fixture(scope="session")
def own_site() -> Iterator[str]:
    """The address of the whole site behind a gateway."""
    with running("gateway", PORTICO_SITE=str(ROOT)) as address:
        yield address
