"""Memory use of this process's container against its limit."""

import ctypes
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MIB = 2**20
# An interrupted query still grows for a moment: the scheduler polls every 50 ms, and the engine stops at its next block.
LEAST_HEADROOM_BYTES = 48 * MIB
HEADROOM_SHARE = 0.15  # of the limit
NO_LIMIT_BYTES = 2**60  # cgroup v1 has a number near 2**63 where there is no limit


@dataclass(frozen=True)
class Cgroup:
    """Where the kernel says what a container has and may have: https://docs.kernel.org/admin-guide/cgroup-v2.html."""

    limit: Path
    statistics: Path
    used: str  # the row of the statistics without the files' cache, which the kernel drops by itself


CGROUPS = (
    Cgroup(Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.stat"), "anon"),
    Cgroup(Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"), Path("/sys/fs/cgroup/memory/memory.stat"), "total_rss"),
)


def is_short_of_memory() -> bool:
    """Return True if this process's container is close to its limit; False without a limit."""
    found = _limited()
    if found is None:
        return False
    cgroup, limit = found
    return _used(cgroup) > limit - max(LEAST_HEADROOM_BYTES, HEADROOM_SHARE * limit)


def release_free_memory() -> None:
    """Return unused memory to the system; after a large query, half of what it took.

    glibc keeps it otherwise: https://man7.org/linux/man-pages/man3/malloc_trim.3.html. Elsewhere this does nothing.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


@cache
def _limited() -> tuple[Cgroup, int] | None:
    """The cgroup of this process and its limit in bytes."""
    for cgroup in CGROUPS:
        try:
            limit = int(cgroup.limit.read_text(encoding="ascii"))  # "max" where there is none
        except (OSError, ValueError):
            continue
        if limit < NO_LIMIT_BYTES:
            return cgroup, limit
    return None


def _used(cgroup: Cgroup) -> int:
    """Return the bytes in use by the processes of a cgroup."""
    try:
        rows = cgroup.statistics.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(row.split()[1]) for row in rows if row.split()[0] == cgroup.used), 0)
