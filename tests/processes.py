"""Real processes of the site, on free ports of loopback."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.reference_site import ROOT, reference_folder

__all__ = ["ROOT"]  # tests take it from here
START_LIMIT_S = 60
POLL_S = 0.001  # so short that the first requests come right after the socket opens


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(module: str, port: int | None = None, **environment: str) -> Iterator[str]:
    """Run `python -m MODULE` until the block ends; its address is what the block gets."""
    port = port or free_port()
    with running_process(module, port, **environment):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def running_mixed() -> Iterator[str]:
    """Run a gateway whose bar chart is a process of its own; the gateway's address is what the block gets."""
    with (
        running("portico", PORTICO_PAGES="barchart") as barchart,
        running("gateway", PORTICO_REMOTE=f"barchart={barchart}") as address,
    ):
        yield address


MODES = {"embedded": lambda: running("gateway"), "one_server": lambda: running("portico"), "mixed": running_mixed}


@contextmanager
def running_process(
    module: str, port: int, *, log: Path | None = None, **environment: str
) -> Iterator[subprocess.Popen]:
    """Run `python -m MODULE` until the block ends, or until something in the block ends it."""
    with log.open("w+b") if log else tempfile.TemporaryFile() as written:
        process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=ROOT,
            env=variables(PORT=str(port), **environment),
            stdout=written,
            stderr=written,
            start_new_session=True,
        )
        try:
            wait_until_listening(port, process, written)
            yield process
        finally:
            process.terminate()
            process.wait(timeout=60)


def variables(**environment: str) -> dict[str, str]:
    """The environment of this process with these variables; of another site than the reference one, only they speak."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("PORTICO_") and name != "HOST"}
    return {**own, "PORTICO_SITE": str(reference_folder()), **environment}


def kill(process: subprocess.Popen) -> None:
    """End a process and its workers at once, as a machine that fails does."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until_listening(port: int, process: subprocess.Popen, log) -> None:
    """Return as soon as the port accepts connections; fail with the log if the process ends first."""
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        if is_listening(port):
            return
        if process.poll() is not None:
            break
        time.sleep(POLL_S)
    log.seek(0)
    raise AssertionError(f"nothing listens on {port}:\n{log.read().decode()}")


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
