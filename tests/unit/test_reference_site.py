"""What the user adds to the site is not in the site that tests run."""

from portico.config.registry import read_registry
from portico.scaffold.new_page import write_page
from tests.reference_site import PAGES, compose_text, registry_text, write_reference_site

BY_HAND = """
  sales:
    <<: *page
    build:
      context: .
      args:
        PAGE: sales

    volumes: ["sales:/site/state"]
"""


def test_pages_and_limits_of_the_user_are_left_out(tmp_path):
    write_reference_site(tmp_path)
    registry, compose = tmp_path / "pages.toml", tmp_path / "docker-compose.yml"
    before = registry.read_text(encoding="utf-8"), compose.read_text(encoding="utf-8")
    write_page(tmp_path, "scatter")
    page = '\n[[page]]\nname = "sales"\ntitle = "Sales"  # of this year\n'
    registry.write_text(f"{registry.read_text(encoding='utf-8')}{page}\n[data]\nseconds = 1\n", encoding="utf-8")
    written = compose.read_text(encoding="utf-8")
    compose.write_text(written.replace("\n  # Only with --profile", f"{BY_HAND}\n  # Only with --profile"))
    assert read_registry(tmp_path).names() == (*PAGES, "scatter", "sales")
    assert registry_text(registry.read_text(encoding="utf-8")).split() == before[0].split()
    assert compose_text(compose.read_text(encoding="utf-8")).split() == before[1].split()


def test_reference_site_has_its_pages_and_no_data(tmp_path):
    write_reference_site(tmp_path)
    assert read_registry(tmp_path).names() == PAGES
    assert {each.name for each in tmp_path.iterdir()} == {"pages.toml", "docker-compose.yml", "services"}
