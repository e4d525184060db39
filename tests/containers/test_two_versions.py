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


def fetched(stack: Stack, path: str, page: str, **headers: str) -> requests.Response:
    """A shared file as a browser fetches it that shows this page."""
    return requests.get(stack.url + path, headers={"Referer": stack.url + page, **headers}, timeout=20)


def test_each_page_has_the_files_of_its_own_version_and_the_gateway_keeps_both(stack: Stack, other_version: str):
    bars, lines = shared_files(stack, "/barchart/"), shared_files(stack, "/linechart/")
    assert {each.split("/")[2] for each in bars - lines} == {"dash", "plotly"}
    assert {each.split("/")[2] for each in lines - bars} == {"dash", "plotly"}
    page_of = {**dict.fromkeys(bars, "/barchart/"), **dict.fromkeys(lines - bars, "/linechart/")}
    whole = {each: fetched(stack, each, page) for each, page in page_of.items()}
    assert {answer.status_code for answer in whole.values()} == {200}
    assert all("immutable" in answer.headers["Cache-Control"] for answer in whole.values())
    stack.kill("home", "barchart")
    freeze(other_version)
    try:
        again = {each: fetched(stack, each, page) for each, page in page_of.items()}
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
    plain = fetched(stack, script, "/linechart/", **{"Accept-Encoding": "identity"})
    for accepted in ("br", "gzip", "identity", "br;q=0", "*"):
        answer = fetched(stack, script, "/linechart/", **{"Accept-Encoding": accepted})
        assert answer.content == plain.content
        assert answer.headers.get("Content-Encoding", "identity") in (accepted, "identity")


def test_file_that_one_page_supplies_is_not_given_into_another(stack: Stack, other_version: str):
    stack.stop("linechart")  # put back by the tests before; the other version alone is left
    lines = shared_files(stack, "/linechart/") - shared_files(stack, "/barchart/")
    script = next(each for each in lines if each.startswith("/_shared/dash/"))
    assert fetched(stack, script, "/linechart/").status_code == 200
    assert fetched(stack, script, "/barchart/").status_code == 404
    answer = requests.get(stack.url + script, timeout=20)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")
    sent = requests.get(
        stack.url + script, headers={"Referer": f"{stack.url}/linechart/"}, timeout=20, allow_redirects=False
    )
    assert (sent.status_code, sent.headers["Cache-Control"], sent.headers["Vary"]) == (307, "no-store", "Referer")
