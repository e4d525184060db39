"""What a site in containers runs on, for whoever reads its figures."""

import platform

from tests.containers.stack import Stack, run

PACKAGES = ("dash", "flask", "gunicorn", "plotly", "duckdb")
PROGRAM = (
    "import platform; from importlib.metadata import version; "
    "print(', '.join(['Python ' + platform.python_version(), *(f'{{name}} {{version(name)}}' for name in {names})]))"
)


def packages_program(*names: str) -> str:
    """A program of Python that says its own version, and those of packages."""
    return PROGRAM.format(names=names)


def versions(stack: Stack, page: str) -> str:
    """What the containers of a site say, those of one of its pages among them."""
    nginx = stack.compose("exec", "--no-TTY", "gateway", "sh", "-c", "nginx -v 2>&1").strip().rpartition("/")[2]
    packages = stack.compose("exec", "--no-TTY", page, "python", "-c", packages_program(*PACKAGES)).strip()
    engine = run("docker", "version", "--format", "{{.Server.Version}}").strip()
    return f"Docker {engine}, Linux {platform.release()}, nginx {nginx}, {packages}"
