"""`PageApp`: the Dash app of one page, which takes its path, title, frame and shared behaviour from the site."""

import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import wraps
from http import HTTPStatus
from mmap import mmap
from typing import Any
from urllib.parse import unquote

import dash
from dash._utils import to_json
from dash.exceptions import DependencyException
from flask import Flask, Response, abort, make_response, redirect, request
from werkzeug.exceptions import BadRequest

from portico.assets.page_tags import libraries_of, shared_tags
from portico.assets.plotly_bundles import TRACES
from portico.config.errors import ConfigError
from portico.config.page_paths import page_at
from portico.config.registry import Page
from portico.data.errors import DataError
from portico.page.arguments import check_arguments, check_server
from portico.page.cache import KeptPages, is_anybody
from portico.page.cache_control import version_of, with_sharing
from portico.page.callbacks import BUILD_HEADER, answered_if_it_fits, check_callback_body
from portico.page.csp import HEADER, check_sources, content_policy
from portico.page.shell import Frame, json_for_html
from portico.page.site import Site, site_of
from portico.page.skeleton import first_paint

CATCH_ALL = "<path:path>"
RELOAD = "_reload-hash"
CALLBACK = "_dash-update-component"
SUITE_FILE = "_dash-component-suites/<string:package_name>/<path:fingerprinted_path>"
APPS = "portico_apps"
OWN_ARGUMENTS = frozenset({"libraries", "csp"})
GRAPH = '"type":"Graph"'
NAMESPACE = re.compile(r'"namespace":"([a-z0-9_]+)"')


class PageApp(dash.Dash):
    """A `dash.Dash` for one page of the site.

    The page is known from the module that constructs it (`services.<name>.page`), and everything else
    from the registry, so a page is written as if it were alone and runs the same in every composition.
    Callbacks are registered with `app.callback`: `dash.callback` belongs to the whole process.

    Args:
        import_name: the page module's `__name__`.
        server: the Flask server that was handed to `construct_page`.
        libraries: libraries of components, by module, that neither the page's modules nor its first layout
            show, such as one that only a helper's callbacks use.
        csp: sources that the page's Content-Security-Policy allows besides the site's own, by directive, such as
            `{"connect-src": "https://tiles.example"}`.

    Attributes:
        check_ready: the only function that readiness probes call; it raises if the page cannot answer a visitor.

    Raises:
        ConfigError: the module is not a page of the registry, or an argument is the site's.
    """

    server: Flask
    validation_layout: Any

    def __init__(
        self,
        import_name: str,
        server: Flask | None = None,
        /,
        *,
        libraries: Sequence[str] = (),
        csp: Mapping[str, str] | None = None,
        **dash_options: Any,
    ) -> None:
        where = f"{import_name.replace('.', '/')}.py"
        server = dash_options.pop("server", None) if server is None else server
        check_server(where, server)
        check_arguments(where, dash_options, OWN_ARGUMENTS)
        self.site: Site = site_of(server)
        self.page: Page = _page_of_module(import_name, self.site)
        self.build: str = self.site.build_of(self.page)
        self._is_warm = mmap(-1, 1)  # shared with the processes that are forked before the page is warm
        self.data_version: Callable[[], str] = str  # of what the callbacks read, if it changes
        self.check_ready: Callable[[], object] = str
        self.is_same_for_all = False  # the layout, for whoever opens the same address of the same data
        self._kept = KeptPages()
        self._csp = dict(csp or {})
        check_sources(self._csp, import_name)
        self._libraries = libraries_of(import_name) | set(libraries)
        self._frame = Frame(self.site.registry, self.site.assets)
        super().__init__(
            import_name,
            server=server,
            routes_pathname_prefix=self.page.path,
            requests_pathname_prefix=self.page.path,
            title=self.page.title,
            update_title=dash_options.pop("update_title", None),
            use_pages=False,
            pages_folder="",
            use_async=False,
            enable_mcp=False,
            **dash_options,
        )
        apps_of(server).append(self)
        if self.site.settings.dev:
            self.enable_dev_tools(debug=True, dev_tools_disable_version_check=True)
            self._hot_reload.hard = True  # a tab of the last start reloads the whole page, with its frame
        self._redirect_to_slash(server)

    @property
    def warm(self) -> bool:
        """Return True once the page has answered its warm-up requests."""
        return bool(self._is_warm[0])

    @warm.setter
    def warm(self, value: bool) -> None:
        self._is_warm[0] = value

    def index(self, *args: Any, **kwargs: Any) -> Response:
        """Answer the page, as it was made for another reader where that is the same."""
        kept_under = self._kept_under()
        if not kept_under:
            return self._made(*args, **kwargs)
        return self._kept.answer(kept_under, self.page.fresh_s, lambda: self._made(*args, **kwargs))

    def _kept_under(self) -> Hashable:
        """On what the page that is asked for depends; None where it is made for its reader alone."""
        if (
            not self.is_same_for_all
            or not self.page.fresh_s
            or self.site.settings.dev
            or not is_anybody(self.site.registry)
        ):
            return None
        try:
            data = self.data_version()
        except DataError:
            return None
        return (data, request.query_string) if data else None  # nobody would see that it has changed

    def _made(self, *args: Any, **kwargs: Any) -> Response:
        """Make the page, whose policy names its inline scripts."""
        response = make_response(super().index(*args, **kwargs))
        response.headers[HEADER] = content_policy(self.csp_hashes(), self._csp)
        return response

    def interpolate_index(self, **slots: Any) -> str:
        """Put what Dash made of the page into the site's frame."""
        shown = self.get_layout()
        layout = to_json(shown)
        html = {name: slots[name] for name in ("metas", "app_entry", "config", "renderer")}
        html |= {name: self._shared(slots[name], layout) for name in ("css", "scripts")}
        plotly = self._plotly_url() if GRAPH in layout else ""
        html |= {"first": self._first_answers(layout), "plotly": plotly, "traces": self._traces()}
        html["first_paint"] = first_paint(shown)
        return self._frame.page(self.page, content_policy((), self._csp), **html)

    def _shared(self, tags: str, layout: str) -> str:
        if self.site.settings.dev:
            return tags  # Dash's own, which it watches and reloads
        return shared_tags(tags, self.site.assets, self._libraries.union(NAMESPACE.findall(layout)))

    def _traces(self) -> str:
        """The kinds of traces that the page's plotly.js draws; empty for all."""
        return " ".join(sorted(TRACES.get(self.page.bundle, ())))

    def _plotly_url(self) -> str:
        return self.site.assets.plotly(self.page.bundle)

    def _first_answers(self, layout: str) -> str:
        """What the renderer would ask for first, put into the index: the layout and the dependencies; and their build."""
        texts = {"build": to_json(self.build), "layout": layout, "dependencies": to_json(self._callback_list)}
        return "{" + ",".join(f'"{name}":{json_for_html(text)}' for name, text in texts.items()) + "}"

    def _config(self) -> dict[str, Any]:
        config: dict[str, Any] = super()._config()
        config.pop("python_version", None)  # nothing a visitor needs, much that an attacker wants
        if not any(each.get("background") for each in self.callback_map.values()):
            config.pop("end_id", None)  # it signs what belongs to these, and makes another page of every answer
        return config | {"serve_locally": False, "plotlyjs_url": self._plotly_url()}  # where plotly.js is

    @property
    def layout(self) -> Any:
        """The page's layout: a component, a list of them, or a function that makes either."""
        return self._layout

    @layout.setter
    def layout(self, value: Any) -> None:
        own = self.validation_layout
        dash.Dash.layout.fset(self, value)
        self.is_same_for_all = False  # until somebody says so of this one
        self.validation_layout = own  # Dash would send the layout in the index a second time as this

    def _setup_server(self) -> None:
        """Set the page up at its own first request. Dash would do it at any page's request, and fail that one."""
        if page_at(self.site.registry, request.path) == self.page:
            super()._setup_server()

    def _generate_meta(self) -> list[dict[str, str]]:
        meta_tags: list[dict[str, str]] = self.config.meta_tags  # the frame has the usual ones
        return meta_tags

    def _add_url(self, name: str, view_func: Callable[..., Any], methods: Sequence[str] = ("GET",)) -> None:
        if name == CATCH_ALL:
            return  # it answers 200 for any path; without it Flask gives the site's 404
        if name == RELOAD and not self.site.settings.dev:
            return  # what it tells of the packages is for a developer
        if name == CALLBACK:
            view_func = self._guarded(view_func)
        if name == SUITE_FILE:
            view_func = _registered_files_only(view_func)
        super()._add_url(name, view_func, methods)

    def _guarded(self, dispatch: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(dispatch)  # extensions of Flask know Dash's view by module and name
        def guarded_dispatch() -> Response:
            body = _json_body()
            with answered_if_it_fits(unquote(request.headers.get(BUILD_HEADER, "")), self.build):
                check_callback_body(body, self.callback_map)
                version = version_of(self) if self.page.fresh_s else ""
                return with_sharing(dispatch(), self, version)

        return guarded_dispatch

    def _redirect_to_slash(self, server: Flask) -> None:
        bare = self.page.path.rstrip("/")
        if bare:
            server.add_url_rule(bare, f"{self.page.name}_bare", lambda: _redirect_keeping_query(self.page.path))


def apps_of(server: Flask) -> list[PageApp]:
    """The page apps that were constructed on a Flask server."""
    apps: list[PageApp] = server.extensions.setdefault(APPS, [])
    return apps


def _page_of_module(import_name: str, site: Site) -> Page:
    parts = import_name.split(".")
    name = parts[-2] if len(parts) > 1 else import_name
    try:
        return site.registry.page(name)
    except KeyError:
        problem = f"no [[page]] in pages.toml is named {name!r}; PageApp(__name__, server) belongs into services/<name>/page.py"
        raise ConfigError(import_name, "PageApp", import_name, problem) from None


def _redirect_keeping_query(path: str) -> Any:
    query = request.query_string.decode("latin-1")
    return redirect(f"{path}?{query}" if query else path, HTTPStatus.PERMANENT_REDIRECT)


def _json_body() -> Any:
    try:
        return request.get_json()
    except RecursionError:
        raise BadRequest("the body is nested too deeply") from None


def _registered_files_only(serve: Callable[..., Response]) -> Callable[..., Response]:
    @wraps(serve)
    def serve_registered(package_name: str, fingerprinted_path: str) -> Response:
        try:
            response = serve(package_name, fingerprinted_path)
        except DependencyException:
            abort(HTTPStatus.NOT_FOUND)
        response.headers["Cache-Control"] = "no-cache"  # Dash answers the fingerprint of any build with what it has
        return response

    return serve_registered
