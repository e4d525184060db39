"""Real processes of the site, on free ports of loopback."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
START_LIMIT_S = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(module: str, port: int | None = None, **environment: str) -> Iterator[str]:
    """Run `python -m MODULE` until the block ends; its address is what the block gets."""
    port = port or free_port()
    variables = {**os.environ, "PORT": str(port), **environment}
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen([sys.executable, "-m", module], cwd=ROOT, env=variables, stdout=log, stderr=log)
        try:
            wait_until_listening(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=60)


def wait_until_listening(port: int, process: subprocess.Popen, log) -> None:
    """Return as soon as the port accepts connections; fail with the log if the process ends first."""
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            break
        time.sleep(0.02)
    log.seek(0)
    raise AssertionError(f"nothing listens on {port}:\n{log.read().decode()}")
