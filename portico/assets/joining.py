"""Scripts that run when a page opens, as one. Any change to this module is a change of what it joins: its text is a part of their digest."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# V8 compiles all functions while the script arrives, on another thread, instead of each when it is first called:
# https://v8.dev/blog/explicit-compile-hints. It counts at the top of a file alone.
COMPILE_HINT = b"//# allFunctionsCalledOnLoad\n"
SOURCE_MAP = re.compile(rb"^//# sourceMappingURL=.*$", re.MULTILINE)


@dataclass(frozen=True)
class Joined:
    """Scripts that are sent as one and run at once, read each time that it is asked for: it is megabytes, and usually lies compressed."""

    parts: tuple[bytes | Path, ...]

    def read_bytes(self) -> bytes:
        """What ends without a semicolon or in a comment does not run into the next; a map would be of one part alone."""
        scripts = (part if isinstance(part, bytes) else part.read_bytes() for part in self.parts)
        return COMPILE_HINT + b"".join(SOURCE_MAP.sub(b"", script).rstrip() + b"\n;\n" for script in scripts)

    def hash_of(self, hashes: Iterable[str]) -> str:
        """One hash for the hashes of the parts, and for how they are joined."""
        return hashlib.sha256("\0".join([_own_hash(), *hashes]).encode()).hexdigest()


@cache
def _own_hash() -> str:
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
