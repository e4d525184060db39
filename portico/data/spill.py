"""The folder that queries spill to. Processes share it; each has its own subfolder."""

import time
from contextlib import suppress
from pathlib import Path

from portico.config.errors import ConfigError

LEFT_FOR_S = 24 * 3600  # longer than any query runs: older files belong to a process that was killed


def prepare_spill(folder: Path) -> Path:
    """Create the folder if it is missing, and remove what killed processes left there.

    Raises:
        ConfigError: the folder cannot be written.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.touch()
        for left in folder.rglob("*"):
            _remove_if_old(left)
    except OSError as error:
        problem = f"must be a folder that this process can write: {error.strerror}"
        raise ConfigError("environment", "PORTICO_SPILL", str(folder), problem) from None
    return folder


def _remove_if_old(left: Path) -> None:
    """Remove an old file; another process may do so first. Folders stay: one of them may be of a process that runs."""
    with suppress(OSError):
        if left.is_file() and time.time() - left.stat().st_mtime > LEFT_FOR_S:
            left.unlink()
