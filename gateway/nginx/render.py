"""From the registry to nginx: its configuration, its error pages and the shared assets that it has itself."""

import shutil
from http import HTTPStatus
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from portico.assets import FOR_EVER, SHARED_OF_PREFIX, SHARED_PREFIX, TYPES, SharedAssets
from portico.assets.assets import CODINGS, FOLDER
from portico.config.registry import Page, Registry
from portico.page.app import CALLBACK
from portico.page.cache_control import KEPT_CODING, VERSION_ASKED
from portico.page.csp import HEADER as CONTENT_POLICY
from portico.page.errors import MAX_ADDRESS_LENGTH, MISDIRECTED, RETRY_AFTER_S, WITH_RETRY_AFTER
from portico.page.identity import identity_headers
from portico.page.response_headers import SECURITY_HEADERS
from portico.page.shell import Frame
from portico.serving.forwarded import BELOW_A_PATH

# What nginx can answer by itself; a page's own errors pass as they are.
SITE_STATUSES = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.NOT_IMPLEMENTED,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
    HTTPStatus.HTTP_VERSION_NOT_SUPPORTED,
)
PAGE_STATUSES = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.NOT_IMPLEMENTED,
    HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE,
    HTTPStatus.GATEWAY_TIMEOUT,
)
# The request was not read to its end, so what the client accepts may not be known: a reader comes first.
UNREAD_STATUSES = (
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.HTTP_VERSION_NOT_SUPPORTED,
)
SERVICE_PORT = 8000
GATEWAY_PORT = 8080
LONGEST_RETRY_S = 2.0  # after that a request is not given to another replica
ERRORS = ".errors"  # no page's path begins with a dot
STATUS_PATHS = "status-paths"  # read by health.sh
PLAIN = "identity"  # the coding of a file as it is: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3


def write_gateway(registry: Registry, assets: SharedAssets, folder: Path) -> None:
    """Write a gateway into a folder: `templates/` for nginx's entrypoint, `files/` for nginx to serve."""
    _write(folder / "templates" / "nginx.conf.template", nginx_config(registry))
    for path, text in error_files(registry, assets).items():
        _write(folder / "files" / ERRORS / path, text)
    _write(folder / "files" / STATUS_PATHS, "".join(f"{page.status_path}\n" for page in registry))
    _write_shared(assets, folder / "files" / FOLDER)


def _write_shared(assets: SharedAssets, folder: Path) -> None:
    """Write the shared files as they are, and as they were compressed when the image's earlier layers were built."""
    for package in assets:
        for file in package.files:
            _write(folder / PLAIN / package.url(file).removeprefix("/"), package.read(file))
    for coding in CODINGS:
        if (assets.folder / coding).is_dir():
            shutil.copytree(assets.folder / coding, folder / coding)


def nginx_config(registry: Registry) -> str:
    """Render nginx's configuration, in which the entrypoint fills in what only the running container knows."""
    return _template("nginx.conf.jinja").render(
        pages=tuple(registry),
        shares=any(page.fresh_s for page in registry),
        home=next((page for page in registry if page.path == "/"), None),
        callback=CALLBACK,
        misdirected=MISDIRECTED,
        kept_coding=KEPT_CODING,
        version_asked=VERSION_ASKED,
        shared_folder=FOLDER,
        plain=PLAIN,
        shared_prefix=SHARED_PREFIX,
        shared_of_prefix=SHARED_OF_PREFIX,
        below_a_path=BELOW_A_PATH,
        identity_variables="".join(map(_variable_of, identity_headers(registry))),
        asset_types=_suffixes_by_type(),
        for_ever=FOR_EVER,
        security_headers=SECURITY_HEADERS,
        policy_header=CONTENT_POLICY,
        retry_after_s=RETRY_AFTER_S,
        too_many=HTTPStatus.TOO_MANY_REQUESTS.value,
        retried=[status.value for status in sorted(WITH_RETRY_AFTER)],
        site_statuses=[status.value for status in SITE_STATUSES],
        page_statuses=[status.value for status in PAGE_STATUSES],
        unread_statuses=[status.value for status in UNREAD_STATUSES],
        service_port=SERVICE_PORT,
        gateway_port=GATEWAY_PORT,
        longest_retry_s=LONGEST_RETRY_S,
        longest_address=MAX_ADDRESS_LENGTH,
    )


def _variable_of(header: str) -> str:
    """Return the name of nginx's variable for a request header."""
    return f"$http_{header.lower().replace('-', '_')}"


def _suffixes_by_type() -> dict[str, str]:
    """The types of shared files as nginx has them: each with all its suffixes."""
    bare = {suffix.removeprefix("."): media_type.partition(";")[0] for suffix, media_type in TYPES.items()}
    return {each: " ".join(suffix for suffix, known in bare.items() if known == each) for each in bare.values()}


def error_files(registry: Registry, assets: SharedAssets) -> dict[str, str]:
    """Render every error that nginx can answer, by path: the site's as `404.html`, a page's as `barchart/503.html`."""
    frame = Frame(registry, assets)
    files = {}
    for page in (None, *registry):
        for status in PAGE_STATUSES if page else SITE_STATUSES:
            files[_error_path(status, page, "html")] = frame.error(status, page)
            files[_error_path(status, page, "txt")] = f"{status.phrase}\n"
    return files


def _error_path(status: HTTPStatus, page: Page | None, suffix: str) -> str:
    return f"{page.name}/{status.value}.{suffix}" if page else f"{status.value}.{suffix}"


def milliseconds(seconds: float) -> str:
    """Write a duration as nginx reads it; never 0, which would be no limit at all."""
    return f"{max(1, round(seconds * 1000))}ms"


def _template(name: str) -> Template:
    environment = Environment(
        loader=PackageLoader("gateway.nginx", "templates"),
        autoescape=False,  # noqa: S701 - not HTML; only names, paths and numbers that the registry has checked
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["milliseconds"] = milliseconds
    return environment.get_template(name)


def _write(file: Path, content: str | bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
