"""What an image holds, as it is written down."""

from deploy.sbom import BUNDLES, bill

LISTING = """\
deb\tlibc6\t2.41-12+deb13u1\tamd64
deb\tapt\t3.0.4\tamd64
pypi\t/venv/lib/python3.13/site-packages/typing_extensions-4.16.0.dist-info
pypi\t/venv/lib/python3.13/site-packages/setuptools/_vendor/typing_extensions-4.16.0.dist-info
python\t3.13.5
bundle\t/site/shared/bundles/plotly-basic.min.js
bundle\t/site/shared/bundles/plotly-unheard.min.js
"""


def test_each_part_has_its_name_version_and_address():
    parts = bill("site-barchart", "sha256:1", LISTING)["components"]
    assert [part["purl"] for part in parts[:-2]] == [
        "pkg:deb/debian/apt@3.0.4?arch=amd64",
        "pkg:deb/debian/libc6@2.41-12%2Bdeb13u1?arch=amd64",
        "pkg:generic/python@3.13.5",
    ]
    versions = {part["name"]: part["version"] for part in parts}
    assert (versions["typing-extensions"], versions["libc6"]) == ("4.16.0", "2.41-12+deb13u1")


def test_what_is_there_twice_is_one_part():
    parts = bill("site-barchart", "sha256:1", LISTING)["components"]
    assert [part["name"] for part in parts].count("typing-extensions") == 1


def test_bundle_has_the_version_and_the_checksum_that_are_locked():
    (part,) = [each for each in bill("x", "sha256:1", LISTING)["components"] if each["purl"].startswith("pkg:npm/")]
    locked = next(line.split() for line in BUNDLES.read_text().splitlines() if "basic" in line)
    assert locked == [part["hashes"][0]["content"], f"{part['name']}-{part['version']}.tgz"]


def test_same_image_gives_the_same_text_and_another_another():
    assert bill("x", "sha256:1", LISTING) == bill("x", "sha256:1", LISTING)
    assert bill("x", "sha256:1", LISTING)["serialNumber"] != bill("x", "sha256:2", LISTING)["serialNumber"]
