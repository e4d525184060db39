"""Libraries of Dash components, and Dash itself, as shared packages.

A library lists its files in `_js_dist` and `_css_dist`. Dash's scripts that every page runs, and the parts of
`dcc` that most charts need, are one file here: each further file is a request, and the parts would be asked for
only once the rest has run.
"""

import importlib
import importlib.metadata
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from dash import _dash_renderer, dash_table, dcc, html

from portico.assets.joining import Joined
from portico.assets.package import SharedPackage
from portico.assets.polyfill import generator_runtime

DASH = "dash"
# Beside the files of `dcc`: it looks for its other parts in the folder that it was loaded from. Dash wants to see
# the name of its renderer in each index.
CORE = "dcc/dash-renderer-and-components.js"
POLYFILL = "deps/polyfill@"
CORE_PARTS = ("dcc/async-graph.js", "dcc/async-dropdown.js", "dcc/async-slider.js")
Resource = Mapping[str, Any]


def dash_package() -> SharedPackage:
    """Dash: its renderer and components, and what every page runs of it as one file."""
    resources = [*_dash_renderer._js_dist, *dcc._js_dist, *html._js_dist, *dash_table._js_dist]
    files = _files(DASH, resources) | {path: _folder(DASH) / path for path in _renderer_needs()}
    run = (generator_runtime(files[path]) if path.startswith(POLYFILL) else files[path] for path in core_files())
    return SharedPackage(DASH, {**files, CORE: Joined(tuple(run))})


def core_files() -> tuple[str, ...]:
    """The files of Dash that `CORE` stands for, in the order in which they run."""
    run_by_every_page = [each for each in (*_dash_renderer._js_dist, *dcc._js_dist, *html._js_dist) if _is_run(each)]
    return (*_renderer_needs(), *(path for each in run_by_every_page for path in _paths(each)), *CORE_PARTS)


def library(namespace: str) -> SharedPackage:
    """A library of components beside Dash's own that is imported, by the name of its module."""
    return SharedPackage(namespace, _files(namespace, _resources(sys.modules[namespace])))


def installed_libraries() -> list[SharedPackage]:
    """Dash, and every library of components that is installed beside it."""
    requiring = (each for each in importlib.metadata.distributions() if _requires_dash(each))
    modules = [importlib.import_module(each.name.replace("-", "_")) for each in requiring]
    return [dash_package(), *(library(each.__name__) for each in modules if _resources(each))]


def _requires_dash(distribution: importlib.metadata.Distribution) -> bool:
    return any(re.match(r"dash\b(?!-)", requirement) for requirement in distribution.requires or ())


def _resources(module: ModuleType) -> list[Resource]:
    return [*getattr(module, "_js_dist", ()), *getattr(module, "_css_dist", ())]


def _files(namespace: str, resources: Iterable[Resource]) -> dict[str, Path]:
    own = [each for each in resources if each.get("namespace") == namespace and not each.get("dev_only")]
    files = {path: _folder(namespace) / path for each in own for path in _paths(each)}
    return {path: file for path, file in files.items() if file.is_file()}  # maps are listed, not all are there


def _paths(resource: Resource) -> list[str]:
    paths = resource.get("relative_package_path", [])
    return [paths] if isinstance(paths, str) else list(paths)


def _folder(namespace: str) -> Path:
    return Path(str(sys.modules[namespace].__file__)).parent


def _renderer_needs() -> list[str]:
    return [path for each in _dash_renderer._js_dist_dependencies for path in each["relative_package_path"]["prod"]]


def _is_run(resource: Resource) -> bool:
    mine = resource.get("namespace") == DASH and "relative_package_path" in resource
    return mine and not resource.get("dynamic") and "async" not in resource
