"""What a page gives to `PageApp` that the site sets itself, or that nobody knows, is refused by name."""

import pytest

from portico.config.errors import ConfigError
from portico.page.loader import init_app
from tests.small_sites import PAGE

WHERE = r"services/a/page\.py: PageApp = "


def start(small_site, arguments):
    return init_app(small_site({"a": PAGE.replace("PageApp(__name__, server)", f"PageApp({arguments})")}))


@pytest.mark.parametrize(
    ("argument", "problem"),
    [
        ("title='T'", r"'title': belongs into the page's \[\[page\]\] in pages.toml, as title"),
        ("description='T'", r"'description': belongs .* as description"),
        ("url_base_pathname='/x/'", "'url_base_pathname': belongs .* as path"),
        ("requests_pathname_prefix='/x/'", "'requests_pathname_prefix': belongs .* as path"),
        ("routes_pathname_prefix='/x/'", "'routes_pathname_prefix': belongs .* as path"),
        ("use_pages=True", "'use_pages': .*make page"),
        ("pages_folder='x'", "'pages_folder': .*make page"),
        ("serve_locally=False", "'serve_locally': has no effect"),
        ("assets_url_path='x'", "'assets_url_path': cannot be changed"),
        ("index_string='x'", "'index_string': has no effect"),
        ("enable_mcp=True", "'enable_mcp': is not offered"),
        ("use_async=True", "'use_async': is not offered"),
        ("websocket_callbacks=True", "'websocket_callbacks': is not offered"),
        ("server=server", "'server': hand over the server of construct_page"),
        ("tilte='T'", "'tilte': is not an argument of PageApp"),
    ],
)
def test_argument_is_named_with_where_it_belongs(small_site, argument, problem):
    with pytest.raises(ConfigError, match=WHERE + problem):
        start(small_site, f"__name__, server, {argument}")


@pytest.mark.parametrize("arguments", ["__name__", "__name__, True", "__name__, server=None"])
def test_page_without_the_server_is_told_to_hand_it_over(small_site, arguments):
    with pytest.raises(ConfigError, match=WHERE + r"'server': must be a Flask server; .*PageApp\(__name__, server\)"):
        start(small_site, arguments)


def test_arguments_of_dash_that_are_the_pages_own_are_taken(small_site):
    more = "suppress_callback_exceptions=True, meta_tags=[], show_undo_redo=True, update_title=None, libraries=()"
    assert start(small_site, f"__name__, server=server, {more}").test_client().get("/a/").status_code == 200


# Does what CSRFProtect of Flask-WTF does before each request, which is not installed here:
# https://github.com/pallets-eco/flask-wtf/blob/main/src/flask_wtf/csrf.py
PROTECTED = """
from flask import abort, current_app, request

def protect(exempt):
    def check():
        view = current_app.view_functions.get(request.endpoint)
        if request.method == "POST" and view and f"{view.__module__}.{view.__name__}" not in exempt:
            abort(400, "The CSRF token is missing.")
    return check
"""
BY_NAME = "{'dash.dash.dispatch'}"
BY_VIEW = "{f'{v.__module__}.{v.__name__}' for k, v in server.view_functions.items() if 'update-component' in k}"


@pytest.mark.parametrize("exempt", [BY_NAME, BY_VIEW])
def test_view_of_callbacks_is_exempted_as_dash_documents_it(small_site, exempt):
    source = PROTECTED + PAGE.replace("    return", f"    server.before_request(protect({exempt}))\n    return")
    server = init_app(small_site({"a": source}))  # the callback was called to warm it
    names = {f"{view.__module__}.{view.__name__}" for view in server.view_functions.values()}
    assert "dash.dash.dispatch" in names
