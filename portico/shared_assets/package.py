"""One package of shared files, and the digest that stands in their addresses."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

SHARED_PREFIX = "/_shared/"
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


@dataclass(frozen=True)
class SharedPackage:
    """The files of one package by name: held in memory where they are ours or made up, else where they lie."""

    name: str
    files: Mapping[str, bytes | Path]

    @cached_property
    def digest(self) -> str:
        """Of the names and the contents of all files: another one after any change."""
        digest = hashlib.sha256()
        for file in sorted(self.files):
            content = self.read(file)
            digest.update(f"{file}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:DIGEST_LENGTH]

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


def media_type(file: str) -> str:
    """What a file is, for a browser."""
    return TYPES.get(Path(file).suffix, OTHER)


def joined(scripts: Iterable[bytes]) -> bytes:
    """Scripts as one script; what ends without a semicolon or in a comment does not run into the next."""
    return b"".join(script.rstrip() + b"\n;\n" for script in scripts)
