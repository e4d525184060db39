"""The hashes of files: those that were written down when a wheel was installed, and others of what a file holds.

To read the 20 MB of scripts that Dash and plotly bring would be a part of each start, in time and in memory.
A wheel's RECORD has the SHA-256 of each of its files (https://packaging.python.org/en/latest/specifications/recording-installed-packages/).
It is believed of a file that has the size it says and that was not written later than the RECORD itself, which an
installer writes last. A file that was edited, or is installed in another way, is read. What is not noticed is an edit
that keeps both the size and the old time.
"""

import csv
import hashlib
from base64 import urlsafe_b64decode
from collections.abc import Collection, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

RECORD = "RECORD"
ALGORITHM = "sha256="
FIELDS = 3  # of a line: path, hash, size


class Recorded(NamedTuple):
    """What a RECORD says of a file, and when that was written (ns since 1970)."""

    sha256: str
    size: int
    at: int


def recorded_hashes(name: str, files: Collection[Path]) -> dict[Path, Recorded]:
    """What the installed distribution of a name has recorded of some files; nothing where it has no RECORD."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return {}
    folder, wanted = Path(str(found.locate_file(""))), {RECORD, *(file.name for file in files)}
    lines = [
        line
        for line in csv.reader((found.read_text(RECORD) or "").splitlines())
        if len(line) == FIELDS and line[0].rpartition("/")[2] in wanted  # plotly's has three thousand lines
    ]
    at = next((_written_at(folder / path) for path, *_ in lines if path.endswith(f".dist-info/{RECORD}")), 0)
    recorded = {
        folder / path: Recorded(urlsafe_b64decode(f"{value.removeprefix(ALGORITHM)}==").hex(), int(size), at)
        for path, value, size in lines
        if value.startswith(ALGORITHM) and size.isdigit()
    }
    return {file: recorded[file] for file in files if file in recorded}


def file_hash(file: Path, recorded: Mapping[Path, Recorded]) -> str:
    """The SHA-256 of what a file holds (hex), as it is recorded or by reading it."""
    known = recorded.get(file)
    if known and known.size == file.stat().st_size and _written_at(file) <= known.at:
        return known.sha256
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _written_at(file: Path) -> int:
    return file.stat().st_mtime_ns
