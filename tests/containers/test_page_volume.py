"""A named volume of a page: docs/architecture.md says where a page may write."""

import json
import uuid
from pathlib import Path

import pytest

from tests.containers.stack import Stack, run

pytestmark = pytest.mark.containers
WRITE = "from pathlib import Path; file = Path('state/count'); file.write_text(file.read_text() + 'x' if file.exists() else 'x')"


def test_page_writes_to_its_named_volume_and_finds_it_again(stack: Stack, tmp_path: Path):
    service = {
        "image": f"{stack.project}-home",
        "read_only": True,
        "cap_drop": ["ALL"],
        "volumes": ["kept:/site/state"],
    }
    file = tmp_path / "docker-compose.yml"
    file.write_text(json.dumps({"services": {"page": service}, "volumes": {"kept": {}}}), encoding="utf-8")
    compose = ("docker", "compose", "--project-name", f"portico-volume-{uuid.uuid4().hex[:8]}", "--file", str(file))
    try:
        for _ in range(2):  # in a container of its own each
            run(*compose, "run", "--rm", "--no-TTY", "page", "python", "-c", WRITE)
        kept = run(*compose, "run", "--rm", "--no-TTY", "page", "sh", "-c", "id -u; cat state/count")
        assert kept.split() == ["10001", "xx"]
    finally:
        run(*compose, "down", "--volumes")
