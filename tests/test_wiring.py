"""Every place that must know of a page knows of it, and the documents name commands that exist."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml
from plotly.offline import get_plotlyjs_version

from gateway.nginx.render import nginx_config
from portico.assets.plotly_bundles import TRACES
from portico.config.registry import BUNDLES, Page, read_registry
from portico.scaffold.new_page import write_page
from tests.processes import ROOT

REGISTRY = read_registry(ROOT)
LIMITS = ("mem_limit", "pids_limit")
DOCUMENTS = [
    file.relative_to(ROOT).as_posix()
    for file in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "data" / "README.md",
        *(ROOT / "docs").rglob("*.md"),
    )
]


def missing_for(folder: Path, page: Page) -> list[str]:
    """Name each place that does not know of a page yet."""
    source = folder / "services" / page.name / "page.py"
    document = yaml.safe_load((folder / "docker-compose.yml").read_text(encoding="utf-8"))
    compose, networks = document["services"], document["networks"]
    service = compose.get(page.name, {})
    build = service.get("build", {})
    places = {
        f"services/{page.name}/__init__.py": source.with_name("__init__.py").is_file(),
        f"construct_page in services/{page.name}/page.py": source.is_file()
        and "def construct_page(" in source.read_text(),
        f"docker-compose.yml: services.{page.name}": page.name in compose,
        f"docker-compose.yml: services.{page.name}.build.args.PAGE": build.get("args", {}).get("PAGE") == page.name,
        f"docker-compose.yml: services.{page.name}.networks": service.get("networks") == [page.name],
        "docker-compose.yml: x-page-networks": all(
            page.name in compose[each]["networks"] for each in ("gateway", "discovery")
        ),
        f"docker-compose.yml: networks.{page.name} (internal, unless egress = true)": page.name in networks
        and (networks[page.name] or {}).get("internal", False) is not page.egress,
        **{f"docker-compose.yml: services.{page.name}.{limit}": limit in service for limit in LIMITS},
    }
    return [place for place, known in places.items() if not known]


@pytest.mark.parametrize("page", REGISTRY.pages, ids=lambda page: page.name)
def test_page_is_known_everywhere(page):
    missing = missing_for(ROOT, page)
    assert not missing, f"{page.name} is missing in: {', '.join(missing)}"


@pytest.mark.parametrize("page", REGISTRY.pages, ids=lambda page: page.name)
def test_nginx_gateway_passes_each_page_on(page):
    config = nginx_config(REGISTRY)
    assert f"upstream {page.name} " in config
    place = f"location ^~ {page.path} " if page.path != "/" else "location = / "
    assert f"proxy_pass http://{page.name};" in config.split(place)[1].split("location")[0]


def test_every_service_folder_is_a_page_of_the_registry():
    folders = {file.parent.name for file in (ROOT / "services").glob("*/page.py")}
    assert folders == set(REGISTRY.names())


def test_compose_has_the_gateway_and_one_service_for_each_page():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    pages = {name for name, service in compose.items() if "PAGE" in service.get("build", {}).get("args", {})}
    assert pages == set(REGISTRY.names())
    assert {"gateway", "discovery", "database"} <= set(compose)


def test_page_added_by_hand_is_told_what_is_missing(site_copy):
    with (site_copy / "pages.toml").open("a", encoding="utf-8") as registry:
        registry.write('\n[[page]]\nname = "byhand"\n')
    page = read_registry(site_copy).page("byhand")
    assert missing_for(site_copy, page) == [
        "services/byhand/__init__.py",
        "construct_page in services/byhand/page.py",
        "docker-compose.yml: services.byhand",
        "docker-compose.yml: services.byhand.build.args.PAGE",
        "docker-compose.yml: services.byhand.networks",
        "docker-compose.yml: x-page-networks",
        "docker-compose.yml: networks.byhand (internal, unless egress = true)",
        "docker-compose.yml: services.byhand.mem_limit",
        "docker-compose.yml: services.byhand.pids_limit",
    ]


def test_every_service_has_its_limits():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    assert {(name, limit) for name in compose for limit in LIMITS if limit not in compose[name]} == set()


def test_settings_of_the_gateway_are_the_same_in_the_image_and_in_compose():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    given = {name: value for name, value in compose["gateway"]["environment"].items() if name.startswith("GATEWAY_")}
    image = dict(re.findall(r"(GATEWAY_(?:CLIENT|START|TRUSTED|WORKERS)\w*)=(\S+)", (ROOT / "Dockerfile").read_text()))
    assert given == {name: f"${{{name}:-{value}}}" for name, value in image.items()}
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in image if f"`{name}`" not in readme] == []


def test_page_written_by_make_page_is_known_everywhere(site_copy):
    write_page(site_copy, "nosuchpage")
    assert missing_for(site_copy, read_registry(site_copy).page("nosuchpage")) == []


def test_page_that_needs_the_internet_has_a_network_that_leads_there(site_copy):
    write_page(site_copy, "nosuchpage")
    with (site_copy / "pages.toml").open("a", encoding="utf-8") as registry:
        registry.write("egress = true\n")
    page, compose = read_registry(site_copy).page("nosuchpage"), site_copy / "docker-compose.yml"
    assert missing_for(site_copy, page) == ["docker-compose.yml: networks.nosuchpage (internal, unless egress = true)"]
    text = compose.read_text(encoding="utf-8")
    compose.write_text(text.replace("  nosuchpage: {internal: true}", "  nosuchpage:"), encoding="utf-8")
    assert missing_for(site_copy, page) == []


def test_services_share_no_network_but_with_the_gateways_side_and_the_database():
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    networks = {name: {*service["networks"]} for name, service in compose.items()}
    pages = [networks[name] for name in REGISTRY.names()]
    assert sum(map(len, pages)) == len(set().union(*pages)) == len(pages)
    assert networks["gateway"] & networks["discovery"] == {"names", *REGISTRY.names()}
    assert networks["database"] <= {*REGISTRY.names()} - {"home"}


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_make_alone_lists_every_command():
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert {line.split()[1] for line in listed.splitlines() if line.startswith("  make ")} == make_targets()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_document_names_only_commands_and_files_that_exist(document):
    text = (ROOT / document).read_text(encoding="utf-8")
    assert set(re.findall(r"(?:`|^    )make ([a-z][a-z-]+)", text, re.MULTILINE)) <= make_targets()
    linked = re.findall(r"\]\(([^)#:]+)\)", text) + re.findall(r'\bsrc(?:set)?="([^":]+)"', text)
    assert [link for link in linked if not (ROOT / document).parent.joinpath(link).exists()] == []


def test_locks_hold_no_address():
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert not re.search(r"https?://|file:/|--(extra-)?index-url|--find-links", lock.read_text(encoding="utf-8"))


def test_bundles_of_plotly_are_of_the_version_that_the_locked_plotly_brings():
    lines = (ROOT / "requirements" / "plotly-bundles.txt").read_text(encoding="utf-8").splitlines()
    assert {line.split()[1] for line in lines} == {
        f"plotly.js-{bundle}-dist-min-{get_plotlyjs_version()}.tgz" for bundle in BUNDLES if bundle != "full"
    }
    assert set(TRACES) == set(BUNDLES) - {"full"}
