"""Portico: many Plotly Dash pages under one domain, each page a service of its own.

`PageApp` is what a page is built with, `init_app` puts every page on one Flask server. The names
are loaded on first use, so that reading the registry (as the gateway's image build does) needs no Dash.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portico.page.app import PageApp
    from portico.page.loader import init_app

__all__ = ["PageApp", "init_app"]

_HOME_OF = {"PageApp": "portico.page.app", "init_app": "portico.page.loader"}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'portico' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
