"""docs/benchmarks.md: each part of `make bench` has a place in it, between two comments; what is around them is written by hand."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

PICTURE = """<picture>
  <source media="(prefers-color-scheme: dark)" srcset="{folder}/{name}-dark.svg">
  <img src="{folder}/{name}-light.svg" alt="The figures of the tables below, as a plot of {name}" width="720">
</picture>"""


@dataclass(frozen=True)
class Document:
    """A text in Markdown with places to fill, and a folder beside it for its plots."""

    path: Path
    plots: str = "plots"

    def missing(self, names: Iterable[str]) -> list[str]:
        """What is wrong with the document, a line for each name that has no place in it, or more than one."""
        text = self.path.read_text(encoding="utf-8") if self.path.is_file() else ""
        return [self._lacks(name) for name in names if len(place(name).findall(text)) != 1]

    def fill(self, name: str, block: str, plot: Mapping[str, str]) -> None:
        """Put a block in the place of what stood there, below its plot.

        Args:
            plot: SVG for `light` and `dark`; none for a block without.

        Raises:
            ValueError: the document has no place for it any more.
        """
        picture = [PICTURE.format(folder=self.plots, name=name)] if plot else []
        text = re.sub(r"\n{3,}", "\n\n", block.strip())
        filled = "\n\n".join([begin(name), *picture, text, end(name)])
        changed, places = place(name).subn(lambda _: filled, self.path.read_text(encoding="utf-8"))
        if places != 1:
            raise ValueError(self._lacks(name))
        for scheme, svg in plot.items():
            file = self.path.parent / self.plots / f"{name}-{scheme}.svg"
            file.parent.mkdir(exist_ok=True)
            file.write_text(svg, encoding="utf-8")
        self.path.write_text(changed, encoding="utf-8")

    def _lacks(self, name: str) -> str:
        return f"{self.path} has not one place for {name}: {begin(name)} and {end(name)} with no comment between them"


def begin(name: str) -> str:
    return f"<!-- {name}: by make bench -->"


def end(name: str) -> str:
    return f"<!-- end of {name} -->"


def place(name: str) -> re.Pattern[str]:
    """A place and what stands in it, which is no other place."""
    return re.compile(f"{re.escape(begin(name))}((?!<!--).)*{re.escape(end(name))}", re.DOTALL)
