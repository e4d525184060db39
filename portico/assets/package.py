"""One package of shared files, and the digest that stands in their addresses."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

from portico.assets.hashes import Recorded, file_hash, recorded_hashes
from portico.assets.joining import Joined

SHARED_PREFIX = "/_shared/"
# Behind it stands the page that is asked for a shared file that the gateway does not have.
SHARED_OF_PREFIX = "/_shared_of/"
DIGEST_LENGTH = 16  # hex digits
# What a browser needs of these files; mimetypes reads the machine's tables, which differ.
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
OTHER = "application/octet-stream"

Content = bytes | Path | Joined


@dataclass(frozen=True)
class SharedPackage:
    """The files of one package by name: held in memory where they are ours or made up, else where they lie."""

    name: str
    files: Mapping[str, Content]

    @cached_property
    def digest(self) -> str:
        """Of the names and the contents of all files: another one after any change.

        What the installed distribution of that name has recorded of its files is believed (`hashes.py`).
        """
        recorded, digest = recorded_hashes(self.name, self._paths()), hashlib.sha256()
        for file in sorted(self.files):
            digest.update(f"{file}\0{_hash_of(self.files[file], recorded)}\0".encode())
        return digest.hexdigest()[:DIGEST_LENGTH]

    def _paths(self) -> list[Path]:
        joined = (content.parts for content in self.files.values() if isinstance(content, Joined))
        return [each for each in chain(self.files.values(), *joined) if isinstance(each, Path)]

    @property
    def prefix(self) -> str:
        """The address of the folder of these files."""
        return f"{SHARED_PREFIX}{self.name}/{self.digest}/"

    def url(self, file: str) -> str:
        """The address of a file; KeyError if the package has no such file."""
        if file not in self.files:
            raise KeyError(file)
        return f"{self.prefix}{file}"

    def read(self, file: str) -> bytes:
        content = self.files[file]
        return content if isinstance(content, bytes) else content.read_bytes()


def _hash_of(content: Content, recorded: Mapping[Path, Recorded]) -> str:
    match content:
        case bytes():
            return hashlib.sha256(content).hexdigest()
        case Joined():
            return content.hash_of(_hash_of(part, recorded) for part in content.parts)
    return file_hash(content, recorded)


def media_type(file: str) -> str:
    """What a file is, for a browser."""
    return TYPES.get(Path(file).suffix, OTHER)
