"""`python -m portico.scaffold.new_page NAME`: a new page with its test and its entries, running at once.

Everything is checked before the first file is written, so that a name that cannot be a page changes nothing.
"""

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from portico.config.errors import ConfigError
from portico.config.registry import REGISTRY_FILE, check_page_name, read_registry
from portico.config.settings import site_folder

TEMPLATES = Path(__file__).parent / "page_template"
COMMAND = "make page"
COMPOSE_FILE = "docker-compose.yml"
PAGE_OF_COMPOSE = "args: {PAGE: "  # stands in the block of every page
# Lists of the pages' networks, by the line above their entries, with the entry of one more.
NETWORKS_OF_COMPOSE = {"x-page-networks: &page-networks": "  {name}:", "networks:": "  {name}: {internal: true}"}

# The database is in the networks of the pages that show its tables, as a new page does.
DATABASE_NETWORKS = re.compile(r"^(  database:\n(?:    .*\n)*?    networks: \[[^\]\n]*)\]", re.MULTILINE)


@dataclass(frozen=True)
class NewPage:
    """The texts of a page that does not exist yet."""

    folder: Path
    name: str

    def text(self, template: str) -> str:
        """Fill in a template: `{name}` and `{title}` are the page's."""
        text = (TEMPLATES / template).read_text(encoding="utf-8")
        return text.replace("{name}", self.name).replace("{title}", self.name.capitalize())

    def files(self) -> dict[Path, str]:
        """Each file to write, with all that will stand in it."""
        registry, compose = self.folder / REGISTRY_FILE, self.folder / COMPOSE_FILE
        service = self.folder / "services" / self.name
        files = {
            service / "__init__.py": "",
            service / "page.py": self.text("page.py.txt"),
            self.folder / "tests" / "pages" / f"test_{self.name}_page.py": self.text("test_page.py.txt"),
            registry: registry.read_text(encoding="utf-8").rstrip("\n") + "\n" + self.text("pages.toml.txt"),
        }
        if compose.is_file():
            text = add_to_compose(compose.read_text(encoding="utf-8"), self.text("compose.yml.txt"))
            files[compose] = add_network(text, self.name)
        return files


def add_to_compose(compose: str, block: str) -> str:
    """Put a page's block behind the last one that is there."""
    lines = compose.rstrip("\n").split("\n")
    last = max((index for index, line in enumerate(lines) if PAGE_OF_COMPOSE in line), default=len(lines) - 1)
    while last + 1 < len(lines) and lines[last + 1].strip():
        last += 1
    return "\n".join([*lines[: last + 1], block.rstrip("\n"), *lines[last + 1 :]]) + "\n"


def add_network(compose: str, name: str) -> str:
    """Give a page a network of its own, at the end of each list of them."""
    lines = compose.split("\n")
    for head, entry in NETWORKS_OF_COMPOSE.items():
        if head not in lines:
            raise ConfigError(
                COMPOSE_FILE, "networks", name, f"there is no line {head!r} to put the page's network below"
            )
        end = lines.index("", lines.index(head)) if "" in lines[lines.index(head) :] else len(lines)
        lines.insert(end, entry.replace("{name}", name))
    extended: str = DATABASE_NETWORKS.sub(rf"\1, {name}]", "\n".join(lines))
    return extended


def write_page(folder: Path, name: str) -> list[Path]:
    """Write a new page and return the files that were written or changed.

    Raises:
        ConfigError: the name cannot be a page's, or is one's already.
    """
    check_page_name(COMMAND, "NAME", name)
    if name in read_registry(folder).names() or (folder / "services" / name).exists():
        raise ConfigError(COMMAND, "NAME", name, "there is such a page already")
    files = NewPage(folder, name).files()
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return list(files)


def main(arguments: list[str]) -> int:
    folder = site_folder()
    try:
        written = write_page(folder, arguments[0] if arguments else "")
    except ConfigError as error:
        print(f"portico: {error}", file=sys.stderr)
        return 2
    for file in written:
        print(file.relative_to(folder))
    print("Up at once with `make run`, in containers with `docker compose up -d --build`.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
