"""A page's script and style elements, pointed at the shared files."""

import pytest

from portico.assets import SharedAssets
from portico.assets.libraries import CORE, dash_package
from portico.assets.page_tags import shared_tags
from portico.page.loader import page_server

INLINE = """
        function (text) {
            if (text) {
                text = text + "<script src='/page/_dash-component-suites/dash/dcc/x.js'>";
            }
            if (text) {
                text = text + 1;
            }
            return text;
        }
"""
PAGE = f'''
from dash import Input, Output, dcc, html
from portico import PageApp

def construct_page(server):
    app = PageApp(__name__, server)
    app.layout = html.Div([dcc.Input(id="text"), html.P(id="echo")])
    app.clientside_callback("""{INLINE}""", Output("echo", "children"), Input("text", "value"))
    return app.server
'''


@pytest.fixture(scope="module")
def assets(tmp_path_factory):
    return SharedAssets([dash_package()], tmp_path_factory.mktemp("shared"))


def suite(path, more=""):
    return f'<script src="/page/_dash-component-suites/{path}"{more}></script>'


def test_files_of_the_core_are_one_element_where_the_first_of_them_stood(assets):
    tags = [
        suite("dash/deps/react@18.v1m2.3.1.min.js"),
        '<script src="https://elsewhere.example/x.js"></script>',
        suite("dash/dcc/dash_core_components.v1m2.js"),
    ]
    core = f'<script src="{assets.package("dash").url(CORE)}"></script>'
    assert shared_tags("\n".join(tags), assets, {"dash"}).split("\n") == [core, tags[1]]


def test_attributes_of_an_element_stay(assets):
    pointed = shared_tags(suite("dash/dcc/async-upload.v1m2.js", ' type="module"'), assets, {"dash"})
    assert pointed == f'<script src="{assets.package("dash").url("dcc/async-upload.js")}" type="module"></script>'


def test_library_that_the_page_does_not_use_is_left_out(assets):
    assert shared_tags(suite("dash/dash_table/bundle.v1m2.js"), assets, {"dash"}) == ""
    assert "dash_table/bundle.js" in shared_tags(
        suite("dash/dash_table/bundle.v1m2.js"), assets, {"dash", "dash_table"}
    )


def test_inline_script_stays_as_it_is_to_the_letter(small_site):
    site = small_site({"page": PAGE})
    html = page_server(site, site.registry.page("page")).test_client().get("/page/").text
    assert INLINE in html
