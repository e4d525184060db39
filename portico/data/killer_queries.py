"""Large queries that killed a process, so that a gateway's retry does not kill the next replica.

A query holds a lock on its own file while it runs. If the process dies, the kernel releases the lock and the file stays.
An unlocked file therefore marks a query that killed a process; every replica that shares the folder refuses it for a
while.
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

REFUSED_FOR_S = 600
SUFFIX = ".running"


@contextmanager
def marked(folder: Path | None, query: str) -> Iterator[bool]:
    """Mark a query while the block runs; yield False if it killed a process less than ten minutes ago."""
    if folder is None:
        yield True
        return
    file = folder / f"{hashlib.sha256(query.encode()).hexdigest()[:32]}{SUFFIX}"
    with ExitStack() as opened:
        try:
            descriptor = os.open(file, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError:  # somebody removed the folder, or the disk is full: a chart matters more than its mark
            yield True
            return
        opened.callback(os.close, descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # another process runs it now and has marked it
            yield True
            return
        left = os.fstat(descriptor)
        if left.st_size and time.time() - left.st_mtime < REFUSED_FOR_S:
            yield False
            return
        opened.callback(file.unlink, missing_ok=True)
        # First: a process that has opened the file meanwhile must not take it for one that was left behind.
        opened.callback(os.ftruncate, descriptor, 0)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, b"running\n")
        yield True
