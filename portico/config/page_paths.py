"""Which page owns a path."""

from portico.config.registry import Page, Registry


def page_at(registry: Registry, path: str) -> Page | None:
    """Return the page that owns a path: the one with the longest path before it, None if only home would fit."""
    owners = [page for page in registry if path.startswith(page.path) or path == page.path.rstrip("/")]
    owner = max(owners, key=lambda page: len(page.path), default=None)
    return owner if owner and (owner.path != "/" or is_of_home(path)) else None


def is_of_home(path: str) -> bool:
    """Return True if a path belongs to the page at `/`: its index, its assets and paths that begin with `_`."""
    return path == "/" or path.startswith(("/_", "/assets/"))
