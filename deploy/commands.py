"""Commands of Docker, run so that an interrupted rollout leaves none behind unseen."""

import fcntl
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

INTERRUPTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LAST_LINES = 15  # of what a failed command said


class CommandFailed(Exception):
    """A command ended with an error; its text is what it said."""


class Lock:
    """One rollout of a project at a time; held until this process and each command that it started are gone.

    A rollout that was killed leaves its last command running: the next one waits for it.
    """

    def __init__(self, project: str) -> None:
        path = Path(tempfile.gettempdir()) / f"{project}-rollout.lock"
        with suppress(FileExistsError):
            path.touch(exist_ok=False)
            path.chmod(0o644)  # whatever the umask
        self._file: IO[str] = path.open(encoding="utf-8")  # reading is enough to lock it: another user may have made it

    def take(self, say: Callable[[str], None]) -> None:
        """Wait until no other rollout of the project is at work."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another rollout is at work, or the last command of one that was killed: waiting for it")
            fcntl.flock(self._file, fcntl.LOCK_EX)

    def fileno(self) -> int:
        """The file that commands inherit, and the lock with it."""
        return self._file.fileno()


def run(
    *command: str, environment: Mapping[str, str] | None = None, lock: Lock | None = None, complaints: bool = False
) -> str:
    """Run a command and return what it printed, with its complaints among it or (unless it fails) without.

    It has a session of its own, out of reach of a Ctrl-C that is meant for the rollout.

    Raises:
        CommandFailed: it ended with an error.
    """
    process = subprocess.Popen(  # noqa: S603 - commands of Docker, without a shell
        command,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if complaints else subprocess.PIPE,
        text=True,
        start_new_session=True,
        pass_fds=(lock.fileno(),) if lock else (),
    )
    try:
        printed, complaint = process.communicate()
    except BaseException:
        _end(process)
        raise
    if process.returncode:
        raise CommandFailed(f"{' '.join(command[:4])} … failed:\n{last_lines(complaint or printed)}")
    return printed


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let a Ctrl-C and the like go by until the block ends."""
    handlers = {each: signal.signal(each, signal.SIG_IGN) for each in INTERRUPTS}
    try:
        yield
    finally:
        for each, handler in handlers.items():
            signal.signal(each, handler)


def last_lines(text: str) -> str:
    """The end of a log, indented."""
    return "\n".join(f"    {line}" for line in text.strip().splitlines()[-LAST_LINES:])


def _end(process: subprocess.Popen[str]) -> None:
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate()
