"""Open files that others may have put in a folder: regular files only, and none outside the folder."""

import errno
import os
import stat
from pathlib import Path
from typing import IO

OUTSIDE = "it is a link to a place outside the data folder, where nothing is read"


def open_regular_file(path: Path, folder: Path | None = None) -> IO[bytes]:
    """Open a regular file for reading. Never waits, as opening a FIFO would.

    Checks the open descriptor, so that a file that is replaced meanwhile is not read unchecked.

    Args:
        folder: which the file must lie in once links are resolved; None for anywhere.

    Raises:
        OSError: the file cannot be opened, is not a regular file, or lies outside the folder.
    """
    file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            raise PermissionError(errno.EPERM, "it is not a regular file")
        if folder is not None and not _lies_in(path, folder, found):
            raise PermissionError(errno.EPERM, OUTSIDE)
        return os.fdopen(file, "rb")
    except BaseException:
        os.close(file)
        raise


def _lies_in(path: Path, folder: Path, opened: os.stat_result) -> bool:
    """Return True if the opened file is the one that the path leads to inside the folder."""
    real = path.resolve()
    return real.is_relative_to(folder.resolve()) and os.path.samestat(real.lstat(), opened)
