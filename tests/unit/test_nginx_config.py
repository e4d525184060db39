"""The nginx gateway's configuration and files, as they are made from the registry."""

import gzip
import re
from pathlib import Path

import brotli
import pytest

from gateway.nginx.__main__ import EXIT_CONFIG, EXIT_USAGE, main
from gateway.nginx.render import PAGE_STATUSES, SITE_STATUSES, error_files, milliseconds, nginx_config, write_gateway
from portico.assets import SharedAssets
from portico.assets.assets import own_package
from portico.assets.build import write_compressed
from portico.config.page_paths import is_of_home
from portico.config.registry import Registry, parse_registry
from portico.page.cache_control import KEPT_CODING
from portico.page.identity import IDENTITY_HEADERS
from portico.page.response_headers import SECURITY_HEADERS
from tests.processes import ROOT

ASSETS = SharedAssets.of_site(ROOT)
ODD_TITLE = """<script>"'$host ${PORT} {{ 1 }} ; }</script>"""


def registry_of(*pages: dict) -> Registry:
    return parse_registry({"site": {"title": ODD_TITLE}, "page": list(pages)})


def config_of(*pages: dict) -> str:
    return nginx_config(registry_of(*pages))


def block(config: str, head: str) -> str:
    """The text between the braces that follow a head, such as `location = /`."""
    start = config.index(f"{head} {{") + len(head) + 2
    depth, end = 1, start
    while depth:
        depth += {"{": 1, "}": -1}.get(config[end], 0)
        end += 1
    return config[start : end - 1]


HOME = {"name": "home", "path": "/"}
SALES = {"name": "sales", "path": "/team/sales/", "title": ODD_TITLE, "timeout": 2.5, "body_limit": 4096}
PURE = {"name": "pure", "pure": True}
UPLOADS = {"name": "uploads", "body_limit": 50 * 1024**2}
GATEWAY_VARIABLES = {
    "GATEWAY_WORKERS",
    "GATEWAY_WORKER_CONNECTIONS",
    "GATEWAY_LOG_LEVEL",
    "GATEWAY_CLIENT_LIMITS",
    "GATEWAY_CLIENT_REQUESTS",
    "GATEWAY_CLIENT_BURST",
    "GATEWAY_CLIENT_CONNECTIONS",
    "GATEWAY_TRUSTED_PROXY",
}


@pytest.fixture
def config() -> str:
    return config_of(HOME, SALES, PURE, UPLOADS)


@pytest.mark.parametrize("name", ["home", "sales", "pure", "uploads"])
def test_page_has_an_upstream_that_follows_dns(config: str, name: str):
    upstream = block(config, f"upstream {name}")
    assert f"zone page_{name} " in upstream  # a page may be called as one of nginx's own zones
    assert f"server {name}${{PORTICO_DNS_SUFFIX}}:8000 resolve max_fails=" in upstream
    assert "keepalive_timeout 1s;" in upstream


@pytest.mark.parametrize(
    ("location", "name"),
    [("^~ /team/sales/", "sales"), ("^~ /pure/", "pure"), ("= /", "home"), ("^~ /_", "home"), ("^~ /assets/", "home")],
)
def test_path_goes_to_its_page_as_it_is(config: str, location: str, name: str):
    assert f"proxy_pass http://{name};" in block(config, f"location {location}")


def test_home_gets_what_is_of_home_and_nothing_else(config: str):
    heads = re.findall(r"(location .*\S) \{", config)
    of_home = {
        head.split()[-1] for head in heads if re.search(r"proxy_pass http://home(_again)?;", block(config, head))
    }
    assert of_home == {"/", "/_", "/assets/", "/_shared_of/home/", "@home_again", "@home_misdirected"}
    assert all(is_of_home(path) for path in of_home if path.startswith("/"))
    assert "return 404;" in block(config, "location /")


def test_without_a_page_at_the_root_nothing_is_passed_on_there():
    config = config_of(SALES)
    assert "location = / {" not in config
    assert "location ^~ /_ {" not in config


def test_page_without_its_slash_redirects_with_the_query(config: str):
    assert "return 308 /team/sales/$is_args$args;" in block(config, "location = /team/sales")
    assert "absolute_redirect off;" in config


@pytest.mark.parametrize(
    ("said", "host"),
    [
        ("1dash.example", "dash.example"),
        ("1dash.example:8443", "dash.example:8443"),
        ("1[2001:db8::1]:8443", "[2001:db8::1]:8443"),
        ("0dash.example", None),
        ("1a.example, b.example", None),
        ("1a.example/path", None),
        ("1", None),
    ],
)
def test_host_is_taken_from_a_trusted_proxy_that_says_one(config: str, said: str, host: str | None):
    [pattern] = re.findall(r'"~(\S+)" \$forwarded_host;', config)
    found = re.search(pattern.replace("?<", "?P<"), said)
    assert (found and found["forwarded_host"]) == host


def test_limits_are_the_pages_own(config: str):
    location = block(config, "location ^~ /team/sales/")
    assert "proxy_read_timeout 2500ms;" in location
    assert "proxy_send_timeout 2500ms;" in location
    assert "client_max_body_size 4096;" in location


def test_what_a_page_works_on_is_counted_and_what_nginx_has_is_not(config: str):
    heads = re.findall(r"(location .*\S) \{", config)
    counted = {head for head in heads if "limit_req zone=requests" in block(config, head)}
    assert counted == {head for head in heads if "limit_conn connections" in block(config, head)}
    assert counted == {head for head in heads if "proxy_pass" in block(config, head) and "/.version/" not in head}
    assert not [head for head in counted if "healthz" in head or head == "location ^~ /_shared/"]


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2:"),
        ("2600:3c00::f03c:91ff:fe12:3456", "2600:3c00::"),
        ("2600:3c00::1", "2600:3c00::"),
        ("2600:3c00:0:1::1", "2600:3c00:0:1:"),
        ("fe80::1", "fe80::"),
        ("::ffff:192.0.2.1", None),
        ("192.0.2.1", None),
        ("::1", None),
    ],
)
def test_client_of_ipv6_is_its_network(config: str, address: str, network: str | None):
    [pattern] = re.findall(r'"~(\S+)" \$network;', config)
    found = re.search(pattern.replace("?<", "?P<"), address)
    assert (found and found["network"]) == network


def test_what_took_too_long_is_not_given_to_another_replica():
    config = config_of({**SALES, "timeout": 1.5}, PURE)
    assert "proxy_next_upstream_timeout 1500ms;" in block(config, "location ^~ /team/sales/")
    assert "proxy_next_upstream_timeout 2000ms;" in block(config, "location ^~ /pure/")


@pytest.mark.parametrize(("page", "replayed"), [("pure", True), ("sales", False), ("home", False)])
def test_only_pure_pages_have_their_callbacks_sent_again(config: str, page: str, replayed: bool):
    """Only on connections of which each counts as a try, and three times at most."""
    path = {"sales": "^~ /team/sales/", "pure": "^~ /pure/", "home": "= /"}[page]
    again = block(config, f"location @{page}_again")
    assert "proxy_next_upstream error timeout;" in block(config, f"location {path}")
    assert ("proxy_next_upstream error timeout non_idempotent;" in again) == replayed
    assert ("proxy_next_upstream_tries 2;" in again) == replayed
    assert ("$died_at_once" in block(config, f"location @{page}_unanswered")) == replayed


@pytest.mark.parametrize(
    ("states", "again"),
    [
        ("502|0.000|0.003", True),
        ("504, 502|-, 0.000|0.150, 0.003", True),  # the first did not take it
        ("502, 502|0.000, -|0.003, 0.000", False),  # $not_taken knows of that
        ("502, 502|0.000, 0.000|0.010, 0.003", False),  # two replicas had it
        ("502|0.000|2.100", False),  # it worked on it
        ("502|-|0.000", False),
        ("504|0.000|0.003", False),
        ("502 : 502|0.000 : 0.000|0.003 : 0.002", False),  # the second time
        ("502, 502 : 502|0.000, - : 0.000|0.003, 0.000 : 0.002", False),
    ],
)
def test_callback_of_which_a_replica_died_at_once_is_sent_once_more(config: str, states: str, again: bool):
    known = block(config, 'map "$upstream_status|$upstream_connect_time|$upstream_response_time" $died_at_once')
    [pattern] = re.findall(r'"~(\S.*)" 1;', known)
    assert bool(re.search(pattern, states)) == again


@pytest.mark.parametrize(
    ("states", "again"),
    [
        ("- : -, -|10.0.0.1:8000 : 10.0.0.1:8000, pure_again", True),
        ("0.000 : -, -|10.0.0.1:8000 : 10.0.0.1:8000, pure_again", True),
        ("0.000, - : -|10.0.0.1:8000, pure : pure_again", True),
        ("- : 0.000, -|10.0.0.1:8000 : 10.0.0.1:8000, pure_again", False),  # one took it
        ("- : -|10.0.0.1:8000 : 10.0.0.2:8000", False),  # all were tried
        ("-, -|10.0.0.1:8000, pure", False),  # the first time
        ("- : - : -|10.0.0.1:8000 : pure_again : pure_again", False),  # the third
    ],
)
def test_second_time_that_a_change_of_the_list_stopped_is_followed_by_a_third(config: str, states: str, again: bool):
    known = block(config, 'map "$upstream_connect_time|$upstream_addr" $stopped_again')
    [pattern] = re.findall(r'"~(\S.*)" 1;', known)
    assert bool(re.search(pattern, states)) == again
    assert "if ($stopped_again) { return 421; }" in block(config, "location @sales_unanswered")


def test_large_bodies_are_passed_on_as_they_arrive_and_only_once(config: str):
    assert "proxy_request_buffering off;" in block(config, "location ^~ /uploads/")
    assert "proxy_request_buffering" not in block(config, "location ^~ /pure/")
    assert "location @uploads_again {" not in config
    assert "location @pure_again {" in config


def test_second_time_is_on_new_connections(config: str):
    """A kept one may be of the process that died under the first time."""
    assert "proxy_pass http://pure_again;" in block(config, "location @pure_again")
    upstream = block(config, "upstream pure_again")
    assert "server pure${PORTICO_DNS_SUFFIX}:8000 resolve max_fails=" in upstream
    assert "keepalive 0;" in upstream
    assert "upstream uploads_again " not in config


def test_whether_a_replica_took_the_request_is_asked_anew_after_the_second_time(config: str):
    assert "volatile;" in block(config, "map $upstream_connect_time $not_taken")


@pytest.mark.parametrize(
    ("connect_times", "again"),
    [("-", True), ("0.001, -", True), ("-, -", True), ("0.001", False), ("-, 0.001", False), ("- : -", False)],
)
def test_what_no_replica_took_is_passed_on_once_more(config: str, connect_times: str, again: bool):
    [pattern] = re.findall(r'"~(\S.*)" 1;', block(config, "map $upstream_connect_time $not_taken"))
    assert bool(re.search(pattern, connect_times)) == again


@pytest.mark.parametrize(
    ("request_line", "method"),
    [
        ("POST /a HTTP/1.1", "POST"),
        ("M-SEARCH /a HTTP/1.1", "M-SEARCH"),
        ("VERSION_X /a", "VERSION_X"),
        ("post /a HTTP/1.1", None),
        (f"{'A' * 33} /a HTTP/1.1", None),
        ('GE"T /a HTTP/1.1', None),
    ],
)
def test_log_has_the_method_that_was_sent(config: str, request_line: str, method: str | None):
    [pattern] = re.findall(r'"~(\S.*)" \$verb;', block(config, "map $request $logged_method"))
    found = re.search(pattern.replace("?<", "?P<"), request_line)
    assert (found and found["verb"]) == method


def test_gateway_without_shared_answers_names_nothing_of_theirs():
    """nginx does not start with a variable that it does not know."""
    assert "$asks_version" in config_of(HOME, {**PURE, "fresh": 5})
    assert "$asks_version" not in config_of(HOME, PURE)


@pytest.mark.parametrize("name", ["home", "sales", "pure", "uploads"])
def test_shared_file_of_another_build_is_asked_of_one_page_and_kept_for_it_alone(config: str, name: str):
    location = block(config, f"location ^~ /_shared_of/{name}/")
    assert re.findall(r"proxy_pass (\S+);", location) == [f"http://{name}"]
    assert f"proxy_cache_key {name}|" in location
    assert "http_404" in location
    assert "proxy_pass" not in block(config, "location @shared_elsewhere")


@pytest.mark.parametrize(
    ("referer", "page"),
    [
        ("http://site/", "home"),
        ("https://site:8443/?x=1", "home"),
        ("https://site/team/sales/?view=/pure/", "sales"),
        ("https://site/pure/", "pure"),
        ("https://site/pure", None),
        ("https://site/_shared/portico/0/portico.css", None),
        ("https://site/nowhere/", None),
        ("https://site", None),
        ("javascript:1", None),
        ("", None),
    ],
)
def test_page_that_names_a_shared_file_is_known_by_the_referer(config: str, referer: str, page: str | None):
    rules = re.findall(r'"~(\S+)" (\w+);', block(config, "map $http_referer $naming_page"))
    assert next((name for pattern, name in rules if re.search(pattern, referer)), None) == page


def test_request_that_names_its_reader_has_an_answer_of_its_own():
    registry = parse_registry(
        {"site": {"title": "T", "identity_headers": ["X-Company-User"]}, "page": [{**PURE, "fresh": 60}]}
    )
    [variables] = re.findall(r'map "(\S+)" \$is_known', nginx_config(registry))
    named = [each.replace("_", "-") for each in variables.split("$http_")[1:]]
    assert named == [each.lower() for each in (*IDENTITY_HEADERS, "X-Company-User")]


def test_answers_are_kept_where_a_page_says_for_how_long_and_nowhere_else():
    fresh = {"name": "fresh", "pure": True, "fresh": 60}
    config = config_of(HOME, PURE, fresh)
    location = block(config, "location = /fresh/_dash-update-component")
    assert "proxy_cache answers;" in location
    assert f"proxy_set_header Accept-Encoding {KEPT_CODING};" in location
    assert config.count("proxy_cache answers;") == 1
    assert "keys_zone=answers" not in config_of(HOME, PURE)
    assert "$page_version" not in config_of(HOME, PURE)  # nothing sets it, and nginx would not start


@pytest.mark.parametrize(
    "head", ["location = /fresh/_dash-update-component", "location = /.version/fresh", "location @unknown_version"]
)
def test_kept_answer_leaves_in_one_piece(head: str):
    """nginx has `sendfile` by connection: the location of a question that an answer waits for sets it for that answer too."""
    assert "sendfile off;" in block(config_of(HOME, {"name": "fresh", "pure": True, "fresh": 60}), head)


def test_no_service_route_has_a_location(config: str):
    locations = set(re.findall(r"location (?:= |\^~ )?(/\S*) \{", config))
    assert not [path for path in locations if re.search(r"readyz|metrics|.+/healthz", path)]


def test_request_that_met_another_page_is_given_to_the_other_addresses(config: str):
    again = block(config, "location @pure_misdirected")
    assert "proxy_pass http://pure_again;" in again
    assert "proxy_next_upstream error timeout http_404 non_idempotent;" in again
    assert "proxy_next_upstream http_404 non_idempotent;" in block(config, "location @sales_misdirected")
    assert "error_page 404 =503 /.errors/pure/503.$error_format;" in again
    assert "proxy_ignore_headers X-Accel-Redirect;" in again


def test_body_that_was_passed_on_while_it_arrived_is_not_given_to_another_address(config: str):
    again = block(config, "location @uploads_misdirected")
    assert "proxy_pass" not in again
    assert "return 503;" in again


@pytest.mark.parametrize("name", SECURITY_HEADERS)
def test_security_header_is_set_always_and_only_here(config: str, name: str):
    policy = name == "Content-Security-Policy"  # which a page may have of its own
    assert f'add_header {name} "{"$content_policy" if policy else SECURITY_HEADERS[name]}" always;' in config
    assert not policy or f'"" "{SECURITY_HEADERS[name]}";' in config
    assert f"proxy_hide_header {name};" in config


def test_nothing_of_a_title_reaches_the_configuration(config: str):
    assert "script>" not in config


def test_braces_are_balanced(config: str):
    code = re.sub(r"#.*", "", config)
    assert code.count("{") == code.count("}")


def test_patterns_match_in_bounded_time(config: str):
    """A header is a client's: each repetition that has no bound may cost its length times itself."""
    patterns = re.findall(r'"~\*?(\S.*)" [$\w.]+;', config)
    assert len(patterns) > 10
    for pattern in patterns:
        bare = re.sub(r"\\.|\[\^?[^]]*\]", "x", pattern)  # without what is escaped and what a set holds
        assert not re.search(r"[*+]|\{\d+,\}", bare), pattern


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("br", "br"),
        ("gzip, deflate, br, zstd", "br"),
        ("gzip;q=0.5,br;q=0", "gzip"),
        ("br;q=0.001", "br"),
        ("br; q=1.000", "br"),
        ("br;q=0.000, gzip;q=1", "gzip"),
        ("gzip;q=0", ""),
        ("xbr", ""),
        ("*", ""),
    ],
)
def test_shared_file_has_the_best_coding_that_the_client_accepts(config: str, accepted: str, coding: str):
    patterns = re.findall(r'"~\*(\S.*)" (\w+);', block(config, "map $short_accept_encoding $shared_coding"))
    assert [name for _, name in patterns] == ["br", "gzip"]
    assert next((name for pattern, name in patterns if re.search(pattern, accepted)), "") == coding


def test_only_these_variables_are_left_to_the_entrypoint(config: str):
    names = set(re.findall(r"\$\{([A-Z_]+)\}", config))
    assert names == {"PORTICO_DNS_SUFFIX", *GATEWAY_VARIABLES}
    [wanted] = re.findall(r"NGINX_ENVSUBST_FILTER=(\S+)", (ROOT / "Dockerfile").read_text())
    assert all(re.search(wanted, name) for name in names)


def test_every_error_page_that_is_named_is_there():
    registry = registry_of(HOME, SALES, PURE, UPLOADS)
    files = error_files(registry, ASSETS)
    named = re.findall(r" /\.errors/(\S+);", nginx_config(registry))
    wanted = {name.replace("$error_format", suffix) for name in named for suffix in ("html", "txt")}
    assert wanted <= set(files)
    assert len(files) == 2 * (len(SITE_STATUSES) + len(PAGE_STATUSES) * len(registry.pages))


def test_page_that_is_down_is_named_with_its_title_escaped():
    html = error_files(registry_of(HOME, SALES), ASSETS)["sales/503.html"]
    assert "is not available right now" in html
    assert "&lt;script&gt;" in html
    assert ODD_TITLE not in html
    assert 'data-retry="/team/sales/_status"' in html


@pytest.mark.parametrize(("seconds", "written"), [(30, "30000ms"), (0.25, "250ms"), (0.0001, "1ms")])
def test_duration_is_never_none(seconds: float, written: str):
    assert milliseconds(seconds) == written


def test_gateway_is_written_as_the_image_takes_it(tmp_path: Path):
    assets = SharedAssets([own_package()], tmp_path / "compressed")
    write_compressed(assets, assets.folder)
    write_gateway(registry_of(HOME), assets, tmp_path / "gateway")
    shared, style = tmp_path / "gateway" / "files" / "shared", assets.own("portico.css").removeprefix("/")
    plain = (shared / "identity" / style).read_bytes()
    assert gzip.decompress((shared / "gzip" / style).read_bytes()) == plain
    assert brotli.decompress((shared / "br" / style).read_bytes()) == plain
    assert (tmp_path / "gateway" / "templates" / "nginx.conf.template").is_file()
    assert (tmp_path / "gateway" / "files" / ".errors" / "home" / "503.html").is_file()


def test_same_registry_gives_the_same_files(tmp_path: Path):
    for name in ("one", "other"):
        write_gateway(registry_of(HOME), ASSETS, tmp_path / name)
    contents = [
        {
            file.relative_to(tmp_path / name): file.read_bytes()
            for file in (tmp_path / name).rglob("*")
            if file.is_file()
        }
        for name in ("one", "other")
    ]
    assert contents[0] == contents[1]


def test_command_writes_the_gateway_of_this_site(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("PORTICO_SITE", str(ROOT))
    assert main([str(tmp_path)]) == 0
    assert "upstream barchart {" in (tmp_path / "templates" / "nginx.conf.template").read_text()


def test_command_says_what_is_wrong_in_one_line(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setenv("PORTICO_SITE", str(tmp_path))
    assert main([str(tmp_path)]) == EXIT_CONFIG
    assert capsys.readouterr().err.startswith("gateway.nginx: pages.toml: ")
    assert main([]) == EXIT_USAGE
