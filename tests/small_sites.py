"""Small sites for tests: a folder with a `pages.toml` and pages of a few lines."""

from pathlib import Path

PAGE = """
from dash import Input, Output, dcc, html
from portico import PageApp

def construct_page(server):
    app = PageApp(__name__, server)
    app.layout = html.Div([dcc.Input(id="text", value="seen"), html.P(id="echo")])
    app.callback(Output("echo", "children"), Input("text", "value"))(lambda text: text)
    return app.server
"""


def write_site(folder: Path, pages: dict[str, str | None], registry: str | None = None) -> Path:
    """Write a site whose pages have these sources (None: no folder); `registry` replaces its pages.toml."""
    entries = "".join(f'[[page]]\nname = "{name}"\n' for name in pages)
    (folder / "pages.toml").write_text(registry or f'[site]\ntitle = "Small"\n{entries}', encoding="utf-8")
    (folder / "services").mkdir()
    (folder / "services" / "__init__.py").touch()
    for name, source in pages.items():
        if source is not None:
            (folder / "services" / name).mkdir()
            (folder / "services" / name / "__init__.py").touch()
            (folder / "services" / name / "page.py").write_text(source, encoding="utf-8")
    return folder
