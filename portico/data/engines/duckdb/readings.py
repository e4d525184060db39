"""Cache of what a catalog has read of its files: by view, the newest versions, and the copies to drop."""

import threading
from collections import OrderedDict
from collections.abc import Sequence, Set

from portico.data.engines.duckdb.duckdb_engine import DuckDBEngine
from portico.data.engines.duckdb.reading import Reading
from portico.data.errors import Unreadable

VERSIONS = 2  # of a file: the newest, and the one before it, which may be asked still


class Readings:
    """Versions of files that were read, or could not be, by the names of their views."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[str, Reading | Unreadable] = OrderedDict()  # longest unused first
        self._opening: dict[str, threading.Lock] = {}  # by file
        self._versions: dict[str, list[str]] = {}  # views of each file, the newest last

    def __contains__(self, view: str) -> bool:
        return view in self._found

    def opening(self, name: str) -> threading.Lock:
        """Return the lock of a file's reader: many requests at once read the file only once."""
        with self._lock:
            return self._opening.setdefault(name, threading.Lock())

    def of(self, view: str) -> Reading | Unreadable | None:
        """What was read under a name."""
        return self._found.get(view)

    def used(self, view: str) -> Reading | None:
        """What was read under a name, to be asked now: it is let go of after all others."""
        with self._lock:
            found = self._found.get(view)
            if not isinstance(found, Reading):
                return None
            self._found.move_to_end(view)
            return found

    def keep(self, name: str, view: str, found: Reading | Unreadable) -> Sequence[str]:
        """Keep what was read of a file; returns the views of it that are too old to be kept."""
        with self._lock:
            versions = [*(each for each in self._versions.get(name, ()) if each != view), view]
            self._versions[name] = versions[-VERSIONS:]
            self._found[view] = found
        return versions[:-VERSIONS]

    def keep_only(self, names: Set[str]) -> Sequence[str]:
        """Forget the files that have other names, but those that are being opened just now; returns their views."""
        with self._lock:
            known = self._versions.keys() | self._opening.keys()
            gone = [name for name in known - names if not (name in self._opening and self._opening[name].locked())]
            for name in gone:
                self._opening.pop(name, None)
            return [view for name in gone for view in self._versions.pop(name, ())]

    def too_many(self, kept: str, most: int, engine: DuckDBEngine | None = None) -> Sequence[str]:
        """The copies that are unused for longest, as many as are more than these bytes; none that `kept` names.

        Args:
            engine: whose copies are looked at; those of all without one.
        """
        with self._lock:
            read = [each for each in self._found.values() if isinstance(each, Reading)]
        copies = [(each.view, each.copied) for each in read if engine in (None, each.engine)]
        total, dropped = sum(size for _, size in copies), []
        for view, size in copies:
            if total > most and size and view not in kept:
                dropped.append(view)
                total -= size
        return dropped

    def take(self, views: Sequence[str]) -> Sequence[Reading | Unreadable]:
        """Take out what was read under these names."""
        with self._lock:
            return [self._found.pop(view) for view in views if view in self._found]
