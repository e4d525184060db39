"""The script and style elements that Dash made for a page, pointed at the shared files.

Dash loads every library that any page of the process has imported, and dash_table besides, from addresses of
the page's own. Here remain the libraries that the page uses, and their addresses are those of every page.
"""

import re
import sys
from collections.abc import Collection
from html import escape
from types import ModuleType

from dash.development.base_component import ComponentRegistry
from dash.fingerprint import check_fingerprint

from portico.assets.assets import SharedAssets
from portico.assets.libraries import CORE, DASH, core_files, library
from portico.assets.package import SharedPackage

TABLE = "dash_table"
# An element of one line; inline scripts, which may say anything in many, stay as they are.
TAG = re.compile(
    r'<(?:script|link) [^>]*(?:src|href)="(?P<address>[^"]*/_dash-component-suites/(?P<namespace>[^/"]+)/(?P<path>[^"]+))"'
)


def shared_tags(tags: str, assets: SharedAssets, libraries: Collection[str]) -> str:
    """Point a page's elements, one on each line, at the shared files of the libraries that it uses."""
    core, lines = core_files(), list[str]()
    for tag in tags.split("\n"):
        found = TAG.match(tag)
        if not found:
            lines.append(tag)
            continue
        namespace, (path, _) = found["namespace"], check_fingerprint(found["path"])
        name = TABLE if path.startswith(f"{TABLE}/") else namespace
        if name not in libraries:
            continue
        shared = CORE if namespace == DASH and path in core else path
        pointed = tag.replace(found["address"], escape(package_of(assets, namespace).url(shared)))
        if pointed not in lines:  # many files of Dash are one here
            lines.append(pointed)
    return "\n".join(lines)


def package_of(assets: SharedAssets, namespace: str) -> SharedPackage:
    """The shared package of a library, which joins the others when the first page uses it."""
    if namespace not in assets:
        assets.add(library(namespace))
    return assets.package(namespace)


def libraries_of(page_module: str) -> set[str]:
    """The libraries of components that a page's modules name: as a module, a component of it, or one by one."""
    package = page_module.rpartition(".")[0]
    modules = [module for name, module in list(sys.modules.items()) if f"{name}.".startswith(f"{package}.")]
    values = [value for module in modules for value in vars(module).values()]
    return {DASH, *filter(None, map(_library_of, values))}


def _library_of(value: object) -> str | None:
    name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
    if not isinstance(name, str):
        return None
    if name.startswith(f"{DASH}.{TABLE}"):
        return TABLE
    first = name.partition(".")[0]
    return first if first in ComponentRegistry.registry and first != DASH else None
