"""What `make audit` makes of what pip-audit says."""

from deploy.audit import EXIT_UNKNOWN, EXIT_VULNERABLE, verdict

SOUND = {"name": "flask", "version": "3.1.3", "vulns": []}
VULNERABLE = {"name": "dash", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1", "2.0"]}]}
UNKNOWN = {"name": "brotli", "skip_reason": "Dependency not found"}


def test_sound_packages_pass():
    assert verdict([SOUND]) == (0, ["1 packages, none with a known vulnerability"])


def test_vulnerability_is_named_with_what_fixes_it():
    code, lines = verdict([SOUND, VULNERABLE])
    assert code == EXIT_VULNERABLE
    assert lines == ["VULNERABLE: dash 1.0: PYSEC-1, fixed in 1.1, 2.0"]


def test_package_that_nothing_is_known_of_is_no_success():
    code, (line,) = verdict([SOUND, UNKNOWN])
    assert code == EXIT_UNKNOWN
    assert line.startswith("NOT AUDITED: 1 of 2 packages")


def test_vulnerability_counts_more_than_what_is_not_known():
    assert verdict([VULNERABLE, UNKNOWN])[0] == EXIT_VULNERABLE
