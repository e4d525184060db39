"""`python -m deploy.audit LOCK…`: known vulnerabilities of what the locks name, asked by pip-audit.

A package that the service could not tell of is a failure and said as one: pip-audit alone would end well then.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

EXIT_VULNERABLE, EXIT_UNKNOWN = 1, 2
# A lock is read as it stands: nothing of it is installed, and each version has its hash.
PIP_AUDIT = ("pip-audit", "--format", "json", "--progress-spinner", "off", "--disable-pip", "--require-hashes")
LAST_LINE_LENGTH = 300


def main(locks: Sequence[str]) -> int:
    """Audit each lock, and say what was found."""
    codes = [_audit(lock) for lock in locks]
    return min(filter(None, codes), default=0)


def _audit(lock: str) -> int:
    command = [str(Path(sys.executable).with_name(PIP_AUDIT[0])), *PIP_AUDIT[1:], "--requirement", lock]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - pip-audit, without a shell
    if not done.stdout.startswith("{"):
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        print(f"{lock}: NOT AUDITED: the service of vulnerabilities gave no answer: {lines[-1][:LAST_LINE_LENGTH]}")
        return EXIT_UNKNOWN
    code, lines = verdict(json.loads(done.stdout)["dependencies"])
    for line in lines:
        print(f"{lock}: {line}")
    return code


def verdict(packages: Sequence[dict[str, Any]]) -> tuple[int, list[str]]:
    """Judge what pip-audit says of packages: the exit code, and the lines that say why."""
    known = [package for package in packages if "skip_reason" not in package]
    found = list(_vulnerabilities(known))
    if unknown := len(packages) - len(known):
        reason = next(package["skip_reason"] for package in packages if "skip_reason" in package)
        lost = f"NOT AUDITED: {unknown} of {len(packages)} packages; is the service within reach? {reason}"
        return (EXIT_VULNERABLE if found else EXIT_UNKNOWN), [*found, lost]
    return (EXIT_VULNERABLE if found else 0), found or [f"{len(known)} packages, none with a known vulnerability"]


def _vulnerabilities(packages: Sequence[dict[str, Any]]) -> Iterator[str]:
    for package in packages:
        for each in package["vulns"]:
            fixed = ", ".join(each["fix_versions"]) or "no version yet"
            yield f"VULNERABLE: {package['name']} {package['version']}: {each['id']}, fixed in {fixed}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
