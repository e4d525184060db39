"""`python -m deploy.sbom FOLDER`: what each image of the site holds, as CycloneDX writes it (https://cyclonedx.org).

The image is asked and not the lock: Debian's packages, Python's, the interpreter, and the bundles of plotly.js.
"""

import json
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from deploy.commands import run

SCHEMA = "1.6"
BUNDLES = Path(__file__).parents[1] / "requirements" / "plotly-bundles.txt"
# A kind and its fields on each line. Python packages of Debian are Debian's.
LISTING = r"""
dpkg-query --show --showformat='deb\t${Package}\t${Version}\t${Architecture}\n'
find / -xdev -name '*.dist-info' -not -path '/usr/lib/python3/*' | sort | sed 's/^/pypi\t/'
if command -v python >/dev/null; then python -V | sed 's/^Python /python\t/'; fi
find / -xdev -name 'plotly-*.min.js' | sort | sed 's/^/bundle\t/'
"""


def main(folder: Path) -> None:
    """Write a file for each image of the compose project."""
    folder.mkdir(parents=True, exist_ok=True)
    for image in sorted(run("docker", "compose", "config", "--images").split()):
        content = json.dumps(contents(image), indent=2)
        _check(content)
        file = folder / f"{PurePosixPath(image.replace(':', '-')).name}.cdx.json"
        file.write_text(f"{content}\n", encoding="utf-8")
        print(f"{file}: {len(json.loads(content)['components'])} components")


def contents(image: str) -> dict[str, Any]:
    """Ask an image what it holds."""
    identity = run("docker", "image", "inspect", "--format", "{{.Id}}", image).strip()
    asked = ("docker", "run", "--rm", "--network", "none", "--user", "0", "--entrypoint", "sh", image, "-c", LISTING)
    return bill(image, identity, run(*asked))


def bill(image: str, identity: str, listing: str) -> dict[str, Any]:
    """Write down what an image listed; the same image gives the same text."""
    named = {part["bom-ref"]: part for part in map(_component, listing.splitlines()) if part}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": SCHEMA,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, identity)}",
        "version": 1,
        "metadata": {"component": {"type": "container", "name": image, "version": identity}},
        "components": [named[reference] for reference in sorted(named)],
    }


def _component(line: str) -> dict[str, Any] | None:
    kind, *fields = line.split("\t")
    if kind == "deb":
        name, version, architecture = fields
        return _part("library", name, version, f"pkg:deb/debian/{name}@{quote(version)}?arch={architecture}")
    if kind == "pypi":
        name, version = PurePosixPath(fields[0]).stem.rsplit("-", 1)
        name = name.lower().replace("_", "-")
        return _part("library", name, version, f"pkg:pypi/{name}@{quote(version)}")
    if kind == "python":
        return _part("platform", "python", fields[0], f"pkg:generic/python@{fields[0]}")
    return next((part for name, part in _bundles() if fields[0].endswith(f"/plotly-{name}.min.js")), None)


def _part(kind: str, name: str, version: str, reference: str) -> dict[str, Any]:
    return {"type": kind, "bom-ref": reference, "name": name, "version": version, "purl": reference}


def _bundles() -> Iterator[tuple[str, dict[str, Any]]]:
    """The bundles of plotly.js by name, each with the checksum of the archive that npm has."""
    for line in BUNDLES.read_text(encoding="utf-8").splitlines():
        checksum, archive = line.split()
        package, version = archive.removesuffix(".tgz").rsplit("-", 1)
        part = _part("library", package, version, f"pkg:npm/{package}@{version}")
        name = package.removeprefix("plotly.js-").removesuffix("-dist-min")
        yield name, {**part, "hashes": [{"alg": "SHA-512", "content": checksum}]}


def _check(content: str) -> None:
    """Hold what was written against the schema of the format."""
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415 - of requirements/audit.txt: tests have no need of it
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415 - as above

    if problem := JsonStrictValidator(SchemaVersion.V1_6).validate_str(content):
        sys.exit(f"sbom: {problem}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
