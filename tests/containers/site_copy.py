"""A copy of the site for tests, whose pages can be changed: builds of them to roll out."""

import re
import subprocess
import sys
from pathlib import Path

from tests.containers.stack import Stack, copy_site

__all__ = ["PageSource", "copy_site", "make_impure", "start_rollout"]


def make_impure(folder: Path, page: str) -> None:
    """Let `pages.toml` say no longer that a page's callbacks only read: they are neither kept nor sent again."""
    registry = folder / "pages.toml"
    text = registry.read_text(encoding="utf-8")
    block = next(each for each in text.split("\n\n") if f'name = "{page}"' in each)
    registry.write_text(text.replace(block, re.sub(r"(?m)^(pure|fresh) = .*\n", "", block + "\n")), encoding="utf-8")


class PageSource:
    """The code of a page in a copy of the site."""

    def __init__(self, folder: Path, page: str) -> None:
        self._file = folder / "services" / page / "page.py"
        self._page = self._file.read_text(encoding="utf-8")
        self._builds = 0

    def change(self, code: str = "") -> None:
        """Give the page another build, with this code at its end."""
        self._builds += 1
        self._file.write_text(f"{self._page}\n# build {self._builds}\n{code}", encoding="utf-8")


def start_rollout(stack: Stack, *arguments: str) -> subprocess.Popen:
    """Begin what `make rollout` does, on a stack of a copy; what it says can be read line by line."""
    return subprocess.Popen(
        [sys.executable, "-m", "deploy.rollout", "--project-name", stack.project, *arguments],
        cwd=stack.folder,
        env=stack.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
