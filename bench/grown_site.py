"""The site with more pages: a copy of it, and pages written by `make page`.

A page that reads no data has the smallest page of a few lines in the place of the chart that `make page` writes.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from portico.config.registry import read_registry
from portico.scaffold.new_page import write_page
from tests.containers.stack import ROOT, Stack, run
from tests.processes import free_port

SITE = (
    "pages.toml",
    "docker-compose.yml",
    "Dockerfile",
    ".dockerignore",
    "portico",
    "gateway",
    "services",
    "requirements",
)
PLAIN_PAGE = '''"""A page that reads no data."""

from dash import Input, Output, dcc, html
from flask import Flask

from portico import PageApp


def construct_page(server: Flask) -> Flask:
    app = PageApp(__name__, server)
    app.layout = html.Div([dcc.Input(id="text", value="seen"), html.P(id="echo")])
    app.callback(Output("echo", "children"), Input("text", "value"))(lambda text: text)
    return app.server
'''
COMMAND_LIMIT_S = 600


def further_pages(number: int) -> list[str]:
    return [f"further{place:02}" for place in range(1, number + 1)]


@contextmanager
def grown_site(further: int, *, plain: bool) -> Iterator[Path]:
    """A copy of the site with more pages, which read no data or are charts; gone at the end."""
    with TemporaryDirectory() as parent:
        folder = Path(parent) / "site"
        folder.mkdir()
        for name in SITE:
            source = ROOT / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, folder / name)
        (folder / "data").mkdir()
        for name in further_pages(further):
            write_page(folder, name)
            if plain:
                (folder / "services" / name / "page.py").write_text(PLAIN_PAGE, encoding="utf-8")
        yield folder


@dataclass(frozen=True)
class GrownStack(Stack):
    """A compose project of a copy of the site."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """The variables that its commands are run with; the gateway waits for no page that does not run."""
        return {**super().environment, "GATEWAY_START_SECONDS": "0"}

    def compose(self, *arguments: str) -> str:
        """Run `docker compose` on this project and return what it printed; fail with it if it fails."""
        files = ["--file", str(self.folder / "docker-compose.yml"), "--file", str(self.folder / "aliases.json")]
        command = ["docker", "compose", "--project-name", self.project, "--project-directory", str(self.folder), *files]
        return run(*command, *arguments, environment=self.environment)


@contextmanager
def grown_stack(folder: Path, running: list[str], others: list[str]) -> Iterator[GrownStack]:
    """Start some services of a grown site; the names of the others lead to the last of them, so that nginx finds every one."""
    stack = GrownStack(f"portico-bench-{os.getpid()}", free_port(), folder)
    named = {"services": {running[-1]: {"networks": {running[-1]: {"aliases": others}}}} if others else {}}
    # The engine has addresses for some 30 networks of its own choice.
    networks = {
        name: {"ipam": {"config": [{"subnet": f"10.213.{number}.0/28"}]}}
        for number, name in enumerate(read_registry(folder).names())
    }
    (folder / "aliases.json").write_text(json.dumps(named | {"networks": networks}), encoding="utf-8")
    try:
        stack.compose("up", "--build", "--detach", "--wait", *running)
        yield stack
    finally:
        stack.compose("down", "--volumes", "--remove-orphans", "--rmi", "local", "--timeout", "5")
