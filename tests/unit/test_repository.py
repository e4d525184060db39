"""What a clone of the repository holds, on any system, and what it says of its version."""

import re
import subprocess
import tomllib

import pytest

from tests.processes import ROOT

DATED = re.compile(r"(?m)^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$")


def git(*arguments, folder=ROOT):
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0 and "not a git repository" in done.stderr:
        pytest.skip("this is not a clone")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_checkout_on_windows_has_the_line_ends_that_containers_need(tmp_path):
    git("rev-parse", "--git-dir")
    settings = ("-c", "core.autocrlf=true", "-c", "core.eol=crlf")
    git("clone", "--quiet", "--no-hardlinks", *settings, str(ROOT), str(tmp_path / "clone"))
    files = git("ls-files", "--eol", folder=tmp_path / "clone").splitlines()
    assert files
    assert [line for line in files if "w/crlf" in line or "w/mixed" in line] == []


@pytest.mark.parametrize("name", [".env", "services/barchart/.env", ".env.production"])
def test_file_of_passwords_is_ignored(name):
    assert git("check-ignore", name).strip() == name


def test_newest_dated_section_of_the_changelog_is_this_version():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert DATED.findall((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))[:1] == [version]
