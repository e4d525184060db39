"""plotly.js in the sizes that pages need: the whole of it comes with plotly, its bundles with the images.

A page states its bundle in `pages.toml`. Outside of an image there may be no bundle, and the whole, which
draws the same, stands in for it.
"""

import re
from pathlib import Path

import plotly
from plotly.offline import get_plotlyjs_version

from portico.assets.joining import Joined
from portico.assets.package import SharedPackage

PLOTLY = "plotly"
WHOLE = "plotly.min.js"
HEAD = 200  # characters, in which a bundle says what it is
VERSION = re.compile(r"plotly\.js \(\w+ - minified\) (v[0-9.]+)")
# What each bundle draws, from the README of its npm package plotly.js-<bundle>-dist-min 4.1.1.
BASIC = frozenset({"bar", "pie", "scatter"})
GRIDS = frozenset({"contour", "heatmap", "histogram2d", "histogram2dcontour", "image"})
TRACES = {"basic": BASIC, "cartesian": BASIC | GRIDS | {"box", "histogram", "scatterternary", "violin"}}


def plotly_package(bundles: Path) -> SharedPackage:
    """The whole plotly.js, and the bundles that lie in a folder.

    Raises:
        ValueError: a bundle is not of the version that plotly's figures are made for.
    """
    whole = Path(str(plotly.__file__)).parent / "package_data" / WHOLE
    found = {file.name: file for file in sorted(bundles.glob("plotly-*.min.js"))}
    for file in found.values():
        _check_version(file)
    return SharedPackage(PLOTLY, {WHOLE: whole, **{name: Joined((file,)) for name, file in found.items()}})


def bundle_file(package: SharedPackage, bundle: str) -> str:
    """The file of a bundle, or of the whole where the bundle is not there."""
    file = f"plotly-{bundle}.min.js"
    return file if file in package.files else WHOLE


def _check_version(file: Path) -> None:
    with file.open(encoding="utf-8") as text:
        [found] = VERSION.findall(text.read(HEAD)) or ["none"]
    wanted = f"v{get_plotlyjs_version()}"
    if found != wanted:
        raise ValueError(f"{file} is of {found!r}, the installed plotly brings {wanted!r}: see plotly-bundles.txt")
