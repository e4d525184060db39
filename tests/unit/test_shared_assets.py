"""Files that all pages share: their addresses, their compression, and how long each may be kept."""

import gzip
import os

import brotli
import pytest
from flask import Flask
from plotly.offline import get_plotlyjs_version

from portico.assets import FOR_EVER, SharedAssets, SharedPackage, shared_blueprint
from portico.assets.assets import own_package
from portico.assets.build import write_compressed
from portico.assets.joining import COMPILE_HINT, Joined
from portico.assets.libraries import CORE, POLYFILL, core_files, dash_package, installed_libraries
from portico.assets.plotly_bundles import WHOLE, plotly_package
from portico.assets.polyfill import RUNTIME, generator_runtime
from tests.processes import ROOT

FILES = {"a.js": b"let a;" * 100, "b.css": b"b {}", "c.svg": b"<svg/>", "d.map": b"{}"}
THING = SharedPackage("thing", FILES)
UNPACK = {"": bytes, "br": brotli.decompress, "gzip": gzip.decompress}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    assets = SharedAssets([THING], tmp_path_factory.mktemp("compressed"))
    write_compressed(assets, assets.folder)
    server = Flask("x", static_folder=None)
    server.register_blueprint(shared_blueprint(assets))
    return server.test_client()


@pytest.mark.parametrize(
    ("file", "media_type"), [("a.js", "text/javascript"), ("b.css", "text/css"), ("c.svg", "image/svg+xml")]
)
def test_file_has_its_type_and_is_kept_for_ever(client, file, media_type):
    answer = client.get(THING.url(file))
    assert answer.data == FILES[file]
    assert answer.mimetype == media_type
    assert answer.headers["Cache-Control"] == FOR_EVER


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, deflate", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("BR", "br"),
        ("identity", ""),
        ("*", ""),
        ("brown, gzipped", ""),
        (";;q=,,br;q=x", ""),
        ("gzip;q=0, br;q=0.0", ""),
        (", ".join(f"x{number}" for number in range(500)), ""),
    ],
)
def test_coding_is_the_best_that_the_client_names(client, accepted, coding):
    answer = client.get(THING.url("a.js"), headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding", "") == coding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert UNPACK[coding](answer.data) == FILES["a.js"]


def test_each_coding_has_a_tag_of_its_own(client):
    codings = ("br", "gzip", "identity")
    tags = {client.get(THING.url("a.js"), headers={"Accept-Encoding": each}).headers["ETag"] for each in codings}
    assert len(tags) == 3


def test_file_that_was_not_compressed_is_sent_as_it_is(client):
    answer = client.get(THING.url("d.map"), headers={"Accept-Encoding": "br"})
    assert (answer.data, "Content-Encoding" in answer.headers) == (FILES["d.map"], False)


@pytest.mark.parametrize(
    "address",
    [
        THING.url("a.js").replace(THING.digest, "0" * 16),
        f"{THING.prefix}e.js",
        THING.url("a.js").replace("thing", "other"),
        f"{THING.prefix}../a.js",
        f"{THING.prefix}..%2fa.js",
        f"{THING.prefix}%00a.js",
        THING.prefix,
    ],
)
def test_another_digest_or_file_is_not_there(client, address):
    assert client.get(address).status_code == 404


def test_unchanged_file_is_not_sent_again(client):
    tag = client.get(THING.url("a.js")).headers["ETag"]
    again = client.get(THING.url("a.js"), headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")


def test_digest_changes_with_a_files_name_and_content():
    digests = {SharedPackage("x", files).digest for files in ({"a.js": b"1"}, {"a.js": b"2"}, {"b.js": b"2"})}
    assert len(digests) == 3


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A distribution with a script, whose RECORD says a hash that no content has; returns the script."""
    script, information = tmp_path / "widgets" / "a.js", tmp_path / "widgets-1.dist-info"
    script.parent.mkdir()
    information.mkdir()
    script.write_text("let a;")
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: widgets\nVersion: 1\n")
    (information / "RECORD").write_text(f"widgets/a.js,sha256={'A' * 43},6\nwidgets-1.dist-info/RECORD,,\n")
    monkeypatch.syspath_prepend(tmp_path)
    return script


def digest_of(script, name="widgets"):
    return SharedPackage(name, {"a.js": script, "all.js": Joined((script,))}).digest


def test_what_an_installer_wrote_down_of_a_file_is_believed(installed):
    assert digest_of(installed) != digest_of(installed, "somebody else's")


def test_file_is_read_if_it_was_written_after_it_was_installed(installed):
    record = installed.parents[1] / "widgets-1.dist-info" / "RECORD"
    installed.write_text("let b;")
    os.utime(record, ns=(0, 0))
    edited = digest_of(installed)
    installed.write_text("let c;")
    assert len({edited, digest_of(installed)}) == 2
    assert digest_of(installed) == digest_of(installed, "somebody else's")


def test_file_is_read_if_it_has_another_size_than_when_it_was_installed(installed):
    installed.write_text("let longer;")
    os.utime(installed, ns=(0, 0))
    assert digest_of(installed) == digest_of(installed, "somebody else's")


def test_digest_is_the_same_whether_hashes_are_recorded_or_made_by_reading():
    for package in installed_libraries():
        contents = {file: package.read(file) for file in package.files if file != CORE}
        joined = {file: content for file, content in package.files.items() if file == CORE}
        assert SharedPackage(package.name, contents | joined).digest == package.digest


def test_digest_of_joined_scripts_changes_with_each_part_and_their_order():
    parts = [(b"a", b"b"), (b"b", b"a"), (b"a", b"c"), (b"a",)]
    assert len({SharedPackage("x", {"all.js": Joined(each)}).digest for each in parts}) == len(parts)


def test_address_of_a_file_that_is_not_there_is_a_key_error():
    with pytest.raises(KeyError):
        THING.url("d.js")


def test_own_scripts_are_one_file_with_all_of_them():
    script = own_package().read("portico.js")
    for part in (ROOT / "portico" / "static").glob("*.js"):
        assert part.read_bytes() in script


def test_core_of_dash_holds_each_of_its_files_in_the_order_in_which_they_run():
    package = dash_package()
    core = package.read(CORE)
    polyfill, *whole = core_files()
    assert polyfill.startswith(POLYFILL)
    heads = [core.find(RUNTIME), *(core.find(package.read(file)[:2000].rstrip()) for file in whole)]
    assert -1 not in heads
    assert heads == sorted(heads)
    assert b"\n//# sourceMappingURL" not in core  # it would be of the last file alone


def test_of_the_polyfill_only_the_runtime_of_generators_is_run():
    polyfill = dash_package().files[core_files()[0]]
    runtime = generator_runtime(polyfill)
    assert runtime.count(RUNTIME) == 1
    assert len(runtime) < polyfill.stat().st_size / 10
    assert b"__core-js_shared__" in polyfill.read_bytes()
    assert b"__core-js_shared__" not in dash_package().read(CORE)


@pytest.mark.parametrize(
    "text", ["", "}],{},[1]);", "try{regeneratorRuntime=e}", "{1:[function(t,n,r){try{regeneratorRuntime="]
)
def test_polyfill_that_is_made_otherwise_is_run_as_a_whole(tmp_path, text):
    other = tmp_path / "polyfill.js"
    other.write_text(text)
    assert generator_runtime(other) == other


def test_scripts_that_every_page_runs_are_compiled_while_they_arrive(tmp_path):
    (tmp_path / "plotly-basic.min.js").write_text(f"/** plotly.js (basic - minified) v{get_plotlyjs_version()} */")
    bundles, own = plotly_package(tmp_path), own_package()
    scripts = [bundles.read("plotly-basic.min.js"), dash_package().read(CORE), own.read("portico.js")]
    assert [each.startswith(COMPILE_HINT) for each in scripts] == [True] * 3
    assert not bundles.read(WHOLE).startswith(COMPILE_HINT)  # a page runs little of it


def test_nothing_that_only_developers_need_is_shared():
    files = dash_package().files
    assert not [
        file for file in files if ".dev." in file or "proptypes" in file or file.endswith("react-dom@18.3.1.js")
    ]


def test_every_installed_library_of_components_is_found():
    names = [library.name for library in installed_libraries()]
    assert names[0] == "dash"
    assert {"dash_ag_grid", "dash_mantine_components"} <= set(names)


def test_bundle_that_is_not_there_is_stood_in_for_by_the_whole(tmp_path):
    assets = SharedAssets([plotly_package(tmp_path)], tmp_path)
    assert assets.plotly("basic").endswith(f"/{WHOLE}")


def test_bundle_of_another_version_is_refused(tmp_path):
    (tmp_path / "plotly-basic.min.js").write_text("/** plotly.js (basic - minified) v1.0.0 */")
    with pytest.raises(ValueError, match=r"plotly-basic.min.js is of 'v1.0.0', the installed plotly brings"):
        plotly_package(tmp_path)
