"""Two pages on two versions of Dash and plotly, side by side under one gateway."""

import subprocess

import pytest
import requests

from tests.containers.stack import Stack, freeze, logged, run
from tests.site.visitor import open_page

pytestmark = pytest.mark.containers
NEIGHBOURS = 4  # replicas that have not the other version's files: the one that has them may be asked last
OTHER = """
FROM {image}
USER root
RUN pip --python /venv/bin/python install --quiet --disable-pip-version-check dash==4.3.0 plotly==7.0.0 \\
    && rm -r shared/bundles
USER 10001:10001
"""


@pytest.fixture(scope="module")
def other_version(stack: Stack):
    """The line chart as a team runs it that has not moved to the site's versions yet."""
    name, image = f"{stack.project}-other", f"{stack.project}-linechart"
    built = subprocess.run(
        ["docker", "build", "--quiet", "--tag", name, "-"],
        input=OTHER.format(image=image),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    network = ["--network", stack.network("linechart"), "--network-alias", "linechart"]
    try:
        stack.scale("barchart", NEIGHBOURS)
        stack.stop("linechart")
        run("docker", "run", "--detach", "--name", name, *network, name)
        stack.wait_for("/linechart/", 200, within=60)
        yield name
    finally:
        run("docker", "rm", "--force", name)
        run("docker", "rmi", "--force", name)
        stack.start("linechart")
        stack.healthy()


def shared_files(stack: Stack, path: str) -> set[str]:
    document = open_page(stack.url, path).document
    return {each for each in (*document.scripts, *document.styles, *document.preloads) if each.startswith("/_shared/")}


def test_each_page_has_the_files_of_its_own_version_and_the_gateway_keeps_both(stack: Stack, other_version: str):
    bars, lines = shared_files(stack, "/barchart/"), shared_files(stack, "/linechart/")
    assert {each.split("/")[2] for each in bars - lines} == {"dash", "plotly"}
    assert {each.split("/")[2] for each in lines - bars} == {"dash", "plotly"}
    whole = {each: requests.get(stack.url + each, timeout=20) for each in bars | lines}
    assert {answer.status_code for answer in whole.values()} == {200}
    assert all("immutable" in answer.headers["Cache-Control"] for answer in whole.values())
    stack.kill("home", "barchart")
    freeze(other_version)
    try:
        again = {each: requests.get(stack.url + each, timeout=20) for each in whole}
    finally:
        run("docker", "unpause", other_version)
        stack.healthy()
    assert [each.content for each in again.values()] == [each.content for each in whole.values()]
    [gateway] = stack.containers("gateway")
    for answers, cache in ((whole, "MISS"), (again, "HIT")):
        of_lines = [answers[each].headers["X-Request-ID"] for each in lines - bars]
        assert {each["cache"] for each in logged(gateway, *of_lines)} == {cache}


def test_coding_that_one_client_asks_for_is_not_given_to_another(stack: Stack, other_version: str):
    script = next(each for each in shared_files(stack, "/linechart/") if each.startswith("/_shared/dash/"))
    plain = requests.get(stack.url + script, headers={"Accept-Encoding": "identity"}, timeout=20)
    for accepted in ("br", "gzip", "identity", "br;q=0", "*"):
        answer = requests.get(stack.url + script, headers={"Accept-Encoding": accepted}, timeout=20)
        assert answer.content == plain.content
        assert answer.headers.get("Content-Encoding", "identity") in (accepted, "identity")
