"""Mounting: from the registry to Flask servers with pages on them.

`init_app` puts every page on one server, as a small site in one process does; `page_server` gives a page
a server of its own, as its container or its mount in the gateway does. The page cannot tell them apart.
"""

import importlib
import logging
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dash import _callback as dash_globals
from dash._hooks import hooks
from dash._pages import PAGE_REGISTRY
from flask import Flask

from portico.assets import shared_blueprint
from portico.config.errors import ConfigError
from portico.config.registry import REGISTRY_FILE, Page
from portico.config.settings import ENVIRONMENT
from portico.page.app import PageApp, apps_of
from portico.page.errors import register_error_pages
from portico.page.failed_pages import answer_for_failed_pages, fail_page, failed_pages
from portico.page.health import register_service_routes
from portico.page.plotly_template import use_lean_template
from portico.page.sessions import PageSessions
from portico.page.site import Site, attach_site, open_site
from portico.page.warmup import warm_up, within

logger = logging.getLogger(__name__)
WARM_UP_TIME_BOX_S = 10  # for a page in a process of several pages

ConstructPage = Callable[[Flask], Flask]


def init_app(site: Site | None = None) -> Flask:
    """Construct this process's pages on one Flask server, warm them and return the server.

    A page that fails is answered with 503, and the others are served.

    Raises:
        ConfigError: the registry or the environment is wrong, or the only page of this process.
    """
    site = site or open_site()
    for name in site.settings.remotes:
        problem = "only the gateway knows the way to a page elsewhere: python -m gateway"
        raise ConfigError(ENVIRONMENT, "PORTICO_REMOTE", name, problem)
    return _serve_pages(site, site.local_pages())


def page_server(site: Site, page: Page) -> Flask:
    """Construct one page on a Flask server of its own, warm it and return the server.

    Raises:
        ConfigError: as `init_app`.
    """
    return _serve_pages(site, [page])


def _serve_pages(site: Site, pages: Iterable[Page]) -> Flask:
    server = _construct_pages(site, tuple(pages), {})
    register_routes(server)
    for app in apps_of(server):
        if site.settings.is_for_one_page:
            for problem in warm_up(server, app):
                raise problem
        else:
            _warm_in_time(server, app)
    return server


def _construct_pages(site: Site, pages: Sequence[Page], failed: dict[str, ConfigError]) -> Flask:
    """Construct pages on one server. A page that fails leaves nothing on the server.

    Args:
        failed: pages that failed in an earlier attempt, by name; they are left out too.
    """
    server = bare_server(site)
    failed_pages(server).update(failed)
    for page in pages:
        if page.name in failed:
            continue
        try:
            mount_page(server, site, page)
        except ConfigError as error:
            _end_start_if_needed(site, error)
            fail_page(server, page, error)
            return _construct_pages(site, pages, failed_pages(server))
    return server


def _warm_in_time(server: Flask, app: PageApp) -> None:
    """Warm one of several pages. A failure or a slow warm-up affects this page only."""
    try:
        within(WARM_UP_TIME_BOX_S, lambda: _warm(server, app), f"warm-up of {app.page.name}")
    except TimeoutError:
        logger.warning("%s: not warm after %d s; it is ready once it is", app.page.name, WARM_UP_TIME_BOX_S)


def _warm(server: Flask, app: PageApp) -> None:
    try:
        problems = warm_up(server, app)
    except ConfigError as error:
        _end_start_if_needed(app.site, error)
        fail_page(server, app.page, error)
        return
    for problem in problems:
        _end_start_if_needed(app.site, problem)
        logger.error("the page %s is served, but: %s", app.page.name, problem)


def _end_start_if_needed(site: Site, error: ConfigError) -> None:
    """Raise an error that concerns the whole site, or that leaves this process without a page."""
    if site.settings.is_for_one_page or error.where in (REGISTRY_FILE, ENVIRONMENT):
        raise error


def register_routes(server: Flask) -> None:
    """Add the health routes of a server after its pages are constructed."""
    register_service_routes(server, apps_of(server), failed_pages(server))


def bare_server(site: Site) -> Flask:
    """A Flask server of the site, with the shared assets and the error pages, and no page yet."""
    server = Flask("portico", static_folder=None)
    server.url_map.merge_slashes = False  # its redirects name the host and the scheme that a proxy asked with
    server.session_interface = PageSessions(site.registry)
    attach_site(server, site)
    server.register_blueprint(shared_blueprint(site.assets))
    register_error_pages(server, site)
    answer_for_failed_pages(server, site)
    return server


def mount_page(server: Flask, site: Site, page: Page) -> None:
    """Construct a page on a server.

    Raises:
        ConfigError: the page has no folder or no `construct_page`, or that fails or leaves its bounds.
    """
    where = f"services/{page.name}/page.py"
    try:
        returned = load_construct_page(site, page)(server)
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:
        raise ConfigError(where, "construct_page", page.name, _raised(error, site)) from error
    finally:
        leaked = _take_global_registrations()
    if leaked:
        problem = f"uses the process-global {leaked}; use app.callback and the app's own methods"
        raise ConfigError(where, "construct_page", page.name, problem)
    if returned is not server:
        raise ConfigError(where, "construct_page", page.name, "must return the server that it was handed")
    if page.name not in [app.page.name for app in apps_of(server)]:
        raise ConfigError(where, "construct_page", page.name, "has put no PageApp(__name__, server) on the server")


def load_construct_page(site: Site, page: Page) -> ConstructPage:
    """Import a page's module and return its `construct_page`.

    Raises:
        ConfigError: there is no such module, it fails, or it has no such function.
    """
    file, where = site.page_file(page), f"services/{page.name}/page.py"
    if not file.is_file():
        problem = f"the page has no {where}; `make page NAME={page.name}` writes one"
        raise ConfigError("pages.toml", "page.name", page.name, problem)
    _import_from(site.settings.site_folder)
    try:
        module = importlib.import_module(f"services.{page.name}.page")
    except (Exception, SystemExit) as error:
        raise ConfigError(where, "import", page.name, _raised(error, site)) from error
    if not file.samefile(str(module.__file__)):
        problem = f"{module.__file__} was imported in its place; is there a services/__init__.py beside it?"
        raise ConfigError(where, "import", page.name, problem)
    use_lean_template()
    construct_page: ConstructPage | None = getattr(module, "construct_page", None)
    if not callable(construct_page):
        raise ConfigError(where, "construct_page", construct_page, "the module must define construct_page(server)")
    return construct_page


def _import_from(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _take_global_registrations() -> str:
    """Name the process-global registries of Dash that were used, and empty them for the next page."""
    registries = {
        "dash.callback": [
            dash_globals.GLOBAL_CALLBACK_LIST,
            dash_globals.GLOBAL_CALLBACK_MAP,
            dash_globals.GLOBAL_API_PATHS,
        ],
        "dash.clientside_callback": [dash_globals.GLOBAL_INLINE_SCRIPTS],
        "dash.register_page": [PAGE_REGISTRY],
        "dash.hooks": [*hooks._ns.values(), hooks._js_dist, hooks._css_dist, hooks._clientside_callbacks],
    }
    used = [name for name, stores in registries.items() if any(stores)]
    for stores in registries.values():
        for store in stores:
            store.clear()
    return " and ".join(used)


def _raised(error: BaseException, site: Site) -> str:
    """Say what was raised and at which line of the site's own files."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(site.settings.site_folder / "services")]
    place = f" at {Path(own[-1].filename).relative_to(site.settings.site_folder)}:{own[-1].lineno}" if own else ""
    return f"raised {type(error).__name__}: {error}{place}"
