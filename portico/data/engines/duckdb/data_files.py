"""Files of tables in a folder: which are there, and how a change of one is noticed."""

import hashlib
import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from portico.data.columns import readable_name
from portico.data.errors import DataError, SourceAway, TableGone, Unreadable

ENDING = re.compile(r"\.(?:(csv|tsv|json|jsonl|ndjson)(\.gz)?|(parquet))$", re.IGNORECASE)
SIDECAR = ".toml"  # behind the name of a table's file, describes it
LISTED_S = 1
SETTLED_NS = 3_000_000_000  # older than the steps in which any file system tells the time
Signature = tuple[int, ...]


@dataclass(frozen=True)
class DataFile:
    """A file of a table as it was when it was looked at.

    Attributes:
        signature: another one means that the file may say something else now.
        sidecar: the same of the file that describes it, None without one.
        alias: what it is called instead of its name.
        only: the columns that are of use; all where it is empty.
    """

    path: Path
    signature: Signature
    sidecar: Signature | None = None
    alias: str = ""
    only: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.alias or self.path.name

    @property
    def title(self) -> str:
        return title_of(self.name)

    @property
    def format(self) -> str:
        """What it is by its ending: csv, tsv, json, jsonl, ndjson or parquet."""
        found = ENDING.search(self.path.name)
        return (found[1] or found[3]).lower() if found else ""

    @property
    def is_text(self) -> bool:
        """Return True if it is read line by line, again for every query unless it is cached in memory."""
        return self.format != "parquet"

    @property
    def is_counted(self) -> bool:
        """Return True if the file itself states its number of rows."""
        return self.format == "parquet"

    @property
    def gzipped(self) -> bool:
        return self.path.name.lower().endswith(".gz")

    @property
    def size(self) -> int:
        """In bytes."""
        return self.signature[1]

    @property
    def changed(self) -> datetime | None:
        try:
            return datetime.fromtimestamp(self.signature[0] / 1e9, UTC)
        except (OverflowError, ValueError, OSError):
            return None

    def digest(self) -> str:
        """The same for the same version of a file and its description, and for nothing else."""
        text = repr((os.fspath(self.path), self.signature, self.sidecar, self.alias))
        return hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=12).hexdigest()

    def check_unchanged(self) -> None:
        """Raise TableGone or Unreadable if the file is another one now."""
        signature = signature_of(self.path)
        if signature is None:
            raise TableGone(f"{self.name} was deleted while it was read.")
        if signature != self.signature:
            raise Unreadable(f"{self.name} changed while it was read. Try again.")


@dataclass(frozen=True)
class StoredTable(DataFile):
    """A table or view of a database file.

    Attributes:
        relation: how it is named in the engine's SQL.
        is_view: whether it is worked out at each query.
        refused: the function because of which a view is never queried; empty if it may be queried.
    """

    relation: str = ""
    is_view: bool = False
    refused: str = ""

    @property
    def title(self) -> str:
        return readable_name(self.alias)

    @property
    def is_text(self) -> bool:
        return False

    @property
    def is_counted(self) -> bool:
        return not self.is_view


def title_of(name: str) -> str:
    """A file's name for people, without its ending."""
    return readable_name(ENDING.sub("", name)) or name


def signature_of(path: Path) -> Signature | None:
    """When a file was written, its size, which file it is, and when any of these changed; None if it is gone."""
    try:
        return _signature(path.stat())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _no_access(path.name, error) from error


def signature_or_none(path: Path) -> Signature | None:
    """Return the signature of a file; None for a file whose error only its own table reports."""
    try:
        return signature_of(path)
    except DataError:
        return None


def _signature(found: os.stat_result) -> Signature:
    return (found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev, found.st_ctime_ns)


def version_of(signatures: Mapping[str, Signature | None]) -> str:
    """One short text for these files as they are, the same wherever the folder is mounted: without the device."""
    seen = sorted((name, each and (*each[:3], *each[4:])) for name, each in signatures.items())
    return hashlib.blake2b(repr(seen).encode(), digest_size=8).hexdigest() if seen else ""


def file_at(path: Path) -> DataFile:
    """Return the file of that path as it is now; raises TableGone if there is none."""
    signature = signature_of(path)
    if signature is None or not path.is_file():
        raise TableGone(f"There is no table {path.name} now.")
    return DataFile(path, signature, signature_of(path.with_name(path.name + SIDECAR)))


@dataclass(frozen=True)
class Listing:
    """What a folder had, as the folder was then, and until when (of `time.monotonic()`) that is believed."""

    folder: Signature
    names: list[tuple[str, bool]]
    until: float


class FolderTables:
    """The tables of a folder, looked for anew when something came or went there.

    And every second at least: some file systems do not say of a folder that it is another one.

    Args:
        folder: which; None for none, which has no tables.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._seen: Listing | None = None

    def names(self) -> list[tuple[str, bool]]:
        """Return the names of the current tables, and whether each has a description.

        Raises:
            SourceAway: the folder cannot be read.
        """
        if self._folder is None:
            return []
        seen = self._seen
        try:
            now = _signature(self._folder.stat())
            if seen is not None and seen.folder == now and time.monotonic() < seen.until:
                return seen.names
            with os.scandir(self._folder) as entries:
                found = {entry.name: entry for entry in entries}
        except OSError as error:
            raise SourceAway(f"The data folder cannot be read: {error.strerror}.") from error
        names = [(name, name + SIDECAR in found) for name in _tables(found)]
        self._seen = Listing(now, names, time.monotonic() + LISTED_S) if _will_tell(now, found) else None
        return names


def _will_tell(folder: Signature, entries: dict[str, "os.DirEntry[str]"]) -> bool:
    """Whether the folder will be another one when its tables are others.

    Not while a second change could bear the time of the first, nor for links, which lead to what changes elsewhere.
    """
    changed = max(folder[0], folder[-1])
    return time.time_ns() - changed > SETTLED_NS and not any(
        is_table(entry.name) and entry.is_symlink() for entry in entries.values()
    )


def is_table(name: str) -> bool:
    """Return True if a file of that name can be a table."""
    plain = os.sep not in name and "\0" not in name and name.isprintable()
    return plain and not name.startswith(".") and ENDING.search(name) is not None


def _tables(entries: dict[str, "os.DirEntry[str]"]) -> Iterator[str]:
    for name, entry in entries.items():
        if is_table(name) and _is_file(entry):
            yield name


def _is_file(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_file()
    except OSError:  # a link that leads to itself, or to a place that is closed to us
        return False


def _no_access(name: str, error: OSError) -> DataError:
    return Unreadable(f"{name} cannot be read: {error.strerror}.")
