"""Compress shared files ahead, into the folder of an image: `python -m portico.assets.build <folder>`.

Once for the libraries, which seldom change, and once more for Portico's own files: what is there is not done again.
"""

import gzip
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import brotli

from portico.assets.assets import BUNDLES, CODINGS, STATIC, own_package
from portico.assets.libraries import installed_libraries
from portico.assets.package import SharedPackage
from portico.assets.plotly_bundles import plotly_package

COMPRESSED = (".css", ".js", ".json", ".svg")  # the rest is compressed already, or asked for by developers alone
GZIP_LEVEL = 9
WINDOW_BITS = 24  # the largest that every browser takes


def write_compressed(packages: Iterable[SharedPackage], folder: Path) -> None:
    """Write every file of these packages in every coding."""
    wanted = [(package, file) for package in packages for file in package.files if file.endswith(COMPRESSED)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda each: _write(each[0], each[1], folder), wanted))


def _write(package: SharedPackage, file: str, folder: Path) -> None:
    for coding in CODINGS:
        path = folder / coding / package.url(file).removeprefix("/")
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(compress(package.read(file), coding))


def compress(content: bytes, coding: str) -> bytes:
    """Compress as well as the coding can: it is done once."""
    if coding == "gzip":
        return gzip.compress(content, GZIP_LEVEL, mtime=0)
    compressed: bytes = brotli.compress(content, lgwin=WINDOW_BITS)
    return compressed


if __name__ == "__main__":
    target = Path(sys.argv[1])
    own = [own_package()] if STATIC.is_dir() else []  # an image has the libraries before it has the sources
    write_compressed([*installed_libraries(), plotly_package(target / BUNDLES), *own], target)
