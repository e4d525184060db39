"""Stopping while the imports still run, which take a second or two."""

import signal
import sys
from types import FrameType

EXIT_SIGTERM = 128 + signal.SIGTERM


def exit_on_sigterm() -> None:
    """End this process at SIGTERM until gunicorn takes that over.

    A container's first process has no default handler: told to stop while it starts, it would be killed
    half a minute later.
    """
    signal.signal(signal.SIGTERM, _exit)


def _exit(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(EXIT_SIGTERM)
