"""What docker-compose.yml promises of every container, asked of the containers as they run."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from deploy.sbom import contents
from tests.containers.stack import Stack, inspect, run
from tests.processes import ROOT
from tests.reference_site import PAGES as REFERENCE_PAGES

pytestmark = pytest.mark.containers

SERVICES = ("gateway", "discovery", *REFERENCE_PAGES)
SECRET = re.compile(r"passw|secret|token|credential|private|://[^/ ]*:[^/ ]*@", re.IGNORECASE)
# What a build could have taken along, by name; a certificate of an authority is public.
FILES_OF_SECRETS = (".env*", ".git", ".netrc", ".npmrc", ".pgpass", ".pypirc", "id_rsa*", "id_ed25519*", "*.key")
OURS = ("/site", "/usr/share/portico", "/etc/nginx", "/root", "/home", "/tmp")
GRACEFUL_TIMEOUT_S = 25  # of gunicorn and of nginx's workers
DRAIN_S = 3


@pytest.fixture(params=SERVICES)
def service(request) -> str:
    return request.param


@pytest.fixture
def container(stack: Stack, service: str) -> dict:
    return inspect(stack.containers(service)[0])


def test_these_are_all_services(stack: Stack):
    assert sorted(stack.compose("config", "--services").split()) == sorted(SERVICES)


def test_container_is_healthy(container: dict):
    assert container["State"]["Health"]["Status"] == "healthy"


def test_process_has_no_privilege(container: dict):
    status = run("docker", "exec", container["Id"], "cat", "/proc/1/status")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert "0" not in fields["Uid"].split()
    assert "0" not in fields["Gid"].split()
    assert int(fields["CapBnd"], 16) == 0
    assert fields["NoNewPrivs"].strip() == "1"


def test_user_of_the_image_is_a_number(container: dict):
    assert container["Config"]["User"].replace(":", "").isdigit()


@pytest.mark.parametrize("folder", ["/", "/site", "/usr/share/portico", "/etc/nginx"])
def test_root_cannot_be_written(container: dict, folder: str):
    assert container["HostConfig"]["ReadonlyRootfs"]
    attempt = subprocess.run(["docker", "exec", container["Id"], "touch", f"{folder}/written"], check=False)
    assert attempt.returncode != 0


def test_memory_and_processes_are_limited(container: dict):
    limits = container["HostConfig"]
    assert 0 < limits["Memory"] <= 512 * 1024**2
    assert 0 < limits["PidsLimit"] <= 192


def test_requests_in_flight_have_their_time_when_it_stops(container: dict):
    assert container["Config"]["StopTimeout"] > DRAIN_S + GRACEFUL_TIMEOUT_S


def test_log_cannot_fill_the_disk(container: dict):
    assert container["HostConfig"]["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}


def test_only_the_gateway_publishes_a_port(container: dict, service: str):
    published = [port for port, hosts in container["NetworkSettings"]["Ports"].items() if hosts]
    assert published == (["8080/tcp"] if service == "gateway" else [])


def test_port_is_kept_to_this_machine_as_readme_says(monkeypatch):
    address = "127.0.0.1:8080"
    assert f"PORT={address} docker compose up" in (ROOT / "README.md").read_text(encoding="utf-8")
    monkeypatch.setenv("PORT", address)
    config = json.loads(run("docker", "compose", "--project-directory", str(ROOT), "config", "--format", "json"))
    (port,) = config["services"]["gateway"]["ports"]
    assert (port["host_ip"], port["published"], port["target"]) == ("127.0.0.1", "8080", 8080)


def test_limits_can_be_overridden(stack: Stack, monkeypatch):
    monkeypatch.setenv("PAGE_MEMORY", "300m")
    monkeypatch.setenv("HOME_MEMORY", "90m")
    services = json.loads(stack.compose("config", "--format", "json"))["services"]
    limits = {name: int(service["mem_limit"]) // 1024**2 for name, service in services.items()}
    assert limits == {"gateway": 512, "discovery": 64, "home": 90, "barchart": 300, "linechart": 300}


def test_page_images_share_all_layers_but_the_last(stack: Stack):
    images = [f"{stack.project}-{page}" for page in ("home", "barchart", "linechart")]
    layers = [json.loads(run("docker", "inspect", image))[0]["RootFS"]["Layers"] for image in images]
    assert layers[0][:-1] == layers[1][:-1] == layers[2][:-1]
    assert len({each[-1] for each in layers}) == len(images)


def test_no_secret_is_in_the_environment_or_the_history_of_an_image(stack: Stack, service: str):
    image = f"{stack.project}-{service}"
    environment = inspect(image)["Config"]["Env"]
    history = run("docker", "history", "--no-trunc", "--format", "{{.CreatedBy}}", image).splitlines()
    assert [line for line in [*environment, *history] if SECRET.search(line)] == []


def test_no_file_of_secrets_is_in_an_image(stack: Stack, service: str):
    named = " -o ".join(f"-name '{name}'" for name in FILES_OF_SECRETS)
    script = f"find / -xdev \\( {named} \\) -print; grep -rlE '^-----BEGIN [A-Z ]*PRIVATE KEY' {' '.join(OURS)}; true"
    asked = ("docker", "run", "--rm", "--network", "none", "--user", "0", "--entrypoint", "sh")
    assert run(*asked, f"{stack.project}-{service}", "-c", script).split() == []


def test_build_is_sent_nothing_but_what_an_image_is_made_of(tmp_path: Path):
    context, sent = tmp_path / "context", tmp_path / "sent"
    secrets = [".env", ".git/config", "id_rsa", "data/own.csv", "services/barchart/.env.local", "portico/site.key"]
    for name in [*secrets, "pages.toml", "services/barchart/page.py", "portico/page/site.py"]:
        (context / name).parent.mkdir(parents=True, exist_ok=True)
        (context / name).touch()
    (context / ".dockerignore").write_bytes((ROOT / ".dockerignore").read_bytes())
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text("FROM scratch\nCOPY . /\n")
    run("docker", "build", "--quiet", f"--file={dockerfile}", f"--output={sent}", str(context))
    files = {str(file.relative_to(sent)) for file in sent.rglob("*") if file.is_file()}
    assert files == {"pages.toml", "services/barchart/page.py", "portico/page/site.py"}


def test_list_of_what_an_image_holds_has_all_that_was_locked_for_it(stack: Stack):
    locked = re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements" / "runtime.txt").read_text(), re.MULTILINE)
    page, gateway = (contents(f"{stack.project}-{service}") for service in ("barchart", "gateway"))
    assert {f"pkg:pypi/{name}@{version}" for name, version in locked} <= purls(page)
    for each in (page, gateway):
        assert {purl.partition("@")[0] for purl in purls(each)} >= {
            "pkg:deb/debian/libc6",
            "pkg:npm/plotly.js-basic-dist-min",
        }


def purls(bill: dict) -> set[str]:
    return {part["purl"] for part in bill["components"]}
