"""Arguments of `dash.Dash` that only the site sets; the error names the setting to use instead."""

import inspect
from collections.abc import Mapping
from typing import Any

import dash
from flask import Flask

from portico.config.errors import ConfigError

SERVER = "hand over the server of construct_page(server) once: PageApp(__name__, server)"
IN_REGISTRY = "belongs into the page's [[page]] in pages.toml, as"
PATH = f'{IN_REGISTRY} path = "/…/"'
ONE_PAGE = "a page of the site is one Dash app: `make page NAME=…` writes another one"
HTTP_ALONE = "is not offered: callbacks are answered over HTTP, by the threads of gunicorn"
SET_BY_THE_SITE = {
    "name": SERVER,
    "server": SERVER,
    "title": f'{IN_REGISTRY} title = "…"',
    "description": f'{IN_REGISTRY} description = "…"',
    "url_base_pathname": PATH,
    "routes_pathname_prefix": PATH,
    "requests_pathname_prefix": PATH,
    "use_pages": ONE_PAGE,
    "pages_folder": ONE_PAGE,
    "routing_callback_inputs": ONE_PAGE,
    "include_pages_meta": ONE_PAGE,
    "index_string": "has no effect: the HTML around every page is the site's, portico/templates/page.html",
    "serve_locally": "has no effect: the site serves the scripts that all pages share",
    "assets_url_path": "cannot be changed: a page's assets stand at assets/ below its path",
    "backend": "cannot be changed: the site serves Flask",
    "health_endpoint": "is there already: /healthz, /readyz, and _status below the page's path",
    "enable_mcp": "is not offered: the site answers browsers alone",
    "mcp_path": "is not offered: the site answers browsers alone",
    "use_async": HTTP_ALONE,
}
WEBSOCKET = "websocket_"  # how further arguments begin


def check_arguments(where: str, given: Mapping[str, Any], own: frozenset[str]) -> None:
    """Check the arguments of a page that are meant for `dash.Dash`.

    Args:
        where: the file that is named in the error.
        own: arguments that `PageApp` has besides those of `dash.Dash`.

    Raises:
        ConfigError: the site sets one of them, or there is none of that name.
    """
    known = own | inspect.signature(dash.Dash.__init__).parameters.keys()
    for name in given:
        if name in SET_BY_THE_SITE:
            raise ConfigError(where, "PageApp", name, SET_BY_THE_SITE[name])
        if name.startswith(WEBSOCKET):
            raise ConfigError(where, "PageApp", name, HTTP_ALONE)
        if name not in known:
            raise ConfigError(where, "PageApp", name, "is not an argument of PageApp, nor of dash.Dash")


def check_server(where: str, server: object) -> None:
    """Raise ConfigError unless a page was handed a Flask server."""
    if not isinstance(server, Flask):
        raise ConfigError(where, "PageApp", "server", f"must be a Flask server; {SERVER}")
