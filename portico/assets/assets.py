"""All shared packages of a process, and where their compressed files lie."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from portico.assets.joining import Joined
from portico.assets.libraries import dash_package
from portico.assets.package import SharedPackage
from portico.assets.plotly_bundles import PLOTLY, bundle_file, plotly_package

OWN = "portico"
STATIC = Path(__file__).parents[1] / "static"
SCRIPT = "portico.js"
# Written when an image is built; none of it is needed where there is no image.
FOLDER = "shared"
BUNDLES = "bundles"
CODINGS = ("br", "gzip")  # the best first


class Body(NamedTuple):
    """A file as it is sent; `coding` is empty for the file as it is."""

    content: bytes
    coding: str


class SharedAssets:
    """The shared packages of a process, by name.

    Args:
        packages: what there is from the start; libraries of components join when a page that uses them is built.
        folder: where compressed files lie, as `<coding>/_shared/<package>/<digest>/<file>`.
    """

    def __init__(self, packages: list[SharedPackage], folder: Path) -> None:
        self.folder = folder
        self._packages = {package.name: package for package in packages}

    @classmethod
    def of_site(cls, site_folder: Path) -> "SharedAssets":
        """Portico's own files, Dash and plotly."""
        folder = site_folder / FOLDER
        return cls([own_package(), dash_package(), plotly_package(folder / BUNDLES)], folder)

    def __iter__(self) -> Iterator[SharedPackage]:
        return iter(tuple(self._packages.values()))

    def __contains__(self, name: str) -> bool:
        return name in self._packages

    def add(self, package: SharedPackage) -> None:
        self._packages[package.name] = package

    def package(self, name: str) -> SharedPackage:
        return self._packages[name]

    def own(self, file: str) -> str:
        """The address of a file of Portico's own; KeyError if there is none."""
        return self._packages[OWN].url(file)

    def plotly(self, bundle: str) -> str:
        """The address of a bundle of plotly.js."""
        package = self._packages[PLOTLY]
        return package.url(bundle_file(package, bundle))

    def body(self, name: str, digest: str, file: str, codings: tuple[str, ...] = ()) -> Body:
        """A file, in the first of these codings that it was compressed with.

        Raises:
            KeyError: there is no such package, it has another digest, or no such file.
        """
        package = self._packages[name]
        if digest != package.digest:
            raise KeyError(digest)
        for coding in codings:
            compressed = self.folder / coding / package.url(file).removeprefix("/")
            if compressed.is_file():
                return Body(compressed.read_bytes(), coding)
        return Body(package.read(file), "")


def own_package() -> SharedPackage:
    """Portico's own style sheet and icon, and its scripts as one."""
    files = {file.name: file.read_bytes() for file in sorted(STATIC.iterdir()) if file.is_file()}
    scripts = tuple(files.pop(name) for name in list(files) if name.endswith(".js"))
    return SharedPackage(OWN, {**files, SCRIPT: Joined(scripts)})
