"""The catalog of this process: a folder of files, a database file or a database, as the settings say."""

from functools import cache
from pathlib import Path

from portico.config.settings import Settings
from portico.data.engines.duckdb.database_file import DatabaseFileCatalog
from portico.data.engines.duckdb.folder import FolderCatalog
from portico.data.scheduler import Watch
from portico.data.spill import prepare_spill
from portico.data.tables import Catalog

DATABASE_FILE = "duckdb://"
ALONE_S = 0.02  # longer than a query of a small table takes in an in-process engine


def open_catalog(settings: Settings) -> Catalog:
    """Return the catalog of the settings, the same at each call in a process; nothing is read yet."""
    return _opened(
        settings.data, settings.query_seconds, settings.query_memory, settings.queries_at_once, settings.spill
    )


@cache
def _opened(data: str, seconds: int, memory: str, at_once: int, spill_folder: Path | None) -> Catalog:
    works_here = "://" not in data or data.startswith(DATABASE_FILE)
    watch = Watch(seconds, at_once, alone=ALONE_S if works_here else 0)
    spill = prepare_spill(spill_folder) if works_here and spill_folder else None
    if "://" not in data:
        return FolderCatalog(Path(data) if data else None, watch, memory, spill)
    if works_here:
        return DatabaseFileCatalog(Path(data.removeprefix(DATABASE_FILE)), watch, memory, spill)
    from portico.data.engines.postgres.database import DatabaseCatalog  # noqa: PLC0415 its driver is not needed for files

    return DatabaseCatalog(data, watch)
