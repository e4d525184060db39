"""Load from wrk: readers who ask for the next thing as soon as they have an answer.

wrk because it takes little of the two cores that it shares with what it asks; the same for every site.
"""

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

SCRIPT = Path(__file__).with_name("wrk.lua")
TIMEOUT_S = 60  # 64 readers of a site that answers twenty a second wait three
MISSING = "" if shutil.which("wrk") else "there is no wrk here (the package wrk of Debian has it)"


@dataclass(frozen=True)
class Ask:
    """A request: of a path, or of a page's callback with a body."""

    path: str
    body: str = ""

    def line(self) -> str:
        if not self.body:
            return f"GET\t{self.path}\t"
        return f"POST\t{self.path}_dash-update-component\t{self.body}"


@dataclass(frozen=True)
class Load:
    """What readers met."""

    answers: int
    seconds: float
    bytes: int
    failed: int
    p50_ms: float
    p99_ms: float

    @property
    def per_s(self) -> float:
        return self.answers / self.seconds


def version() -> str:
    """Which wrk this is: `wrk debian/4.1.0-3`."""
    return subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout.partition(" [")[0]


def load_on(address: str, asks: Sequence[Ask], readers: int, seconds: float, *, once: bool = False) -> Load:
    """Let readers ask a site in turns for all that there is to ask.

    Args:
        once: nothing may be asked twice.
    """
    with TemporaryDirectory() as folder:
        file = Path(folder) / "requests"
        file.write_text("\n".join(each.line() for each in asks), encoding="utf-8")
        figures = _wrk(address, file, readers, seconds)
    load = Load(**figures)
    if once and load.answers + readers > len(asks):
        raise SystemExit(f"{address}: {load.answers} answers to {len(asks)} questions: some were asked twice")
    if load.failed:
        print(f"FAILED: {load.failed} of {load.answers} requests at {address} with {readers} readers", flush=True)
    return load


def _wrk(address: str, file: Path, readers: int, seconds: float) -> dict:
    command = ["wrk", "-t1", f"-c{readers}", f"-d{seconds:.0f}s", f"--timeout={TIMEOUT_S}s", f"-s{SCRIPT}", address]
    done = subprocess.run([*command, "--", str(file)], capture_output=True, text=True, check=False)
    found = [line for line in done.stdout.splitlines() if line.startswith("FIGURES ")]
    if not found:
        raise SystemExit(f"wrk: {done.stdout}{done.stderr}")
    return json.loads(found[0].removeprefix("FIGURES "))
