"""What of a request and of its answer may cross the hop between the gateway and a remote page."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from urllib.parse import quote
from wsgiref.types import WSGIEnvironment

import urllib3
from urllib3.exceptions import InvalidHeader
from urllib3.util import SKIP_HEADER
from werkzeug.wsgi import get_content_length

# They speak of one connection, not of the message: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# Who asked, as told by the one who asked: not to be believed, so it does not get further than here.
CLAIMS_OF_ORIGIN = frozenset({"forwarded", "x-real-ip"})
CLAIMS_OF_ORIGIN_PREFIX = "x-forwarded-"
# The server in front of us has already answered 100 Continue, and the body's length is set anew.
ANSWERED_HERE = frozenset({"content-length", "content-type", "expect"})
# The server in front of us writes these two itself, whatever the application says.
WRITTEN_BY_THE_SERVER = frozenset({"date", "server"})

ABSOLUTE_FORM = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#]*", re.IGNORECASE)
PRINTABLE_ASCII = "".join(map(chr, range(0x21, 0x7F)))
PATH_CHARACTERS = "/:@!$&'()*+,;=~"  # https://www.rfc-editor.org/rfc/rfc3986#section-3.3


def request_target(environ: WSGIEnvironment) -> str:
    """Return path and query byte for byte as the client sent them.

    PATH_INFO is decoded, and `%2F` and `/` are the same in it. gunicorn and werkzeug also hand on the
    raw request line; where a server does not, the path is encoded again, which is the best there is.
    """
    raw: str | None = environ.get("RAW_URI", environ.get("REQUEST_URI"))
    if raw is None:
        return _rebuilt_target(environ)
    origin_form = raw if raw.startswith("/") else ABSOLUTE_FORM.sub("", raw, count=1)
    if not origin_form or origin_form.startswith("?"):
        origin_form = f"/{origin_form}"
    # No byte outside ASCII is allowed in a request line; werkzeug's server lets one in, http.client none out.
    return quote(origin_form.encode("latin-1"), safe=PRINTABLE_ASCII)


def _rebuilt_target(environ: WSGIEnvironment) -> str:
    path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
    query = environ.get("QUERY_STRING", "")
    target = quote(path.encode("latin-1"), safe=PATH_CHARACTERS) or "/"
    return f"{target}?{query}" if query else target


def request_headers(environ: WSGIEnvironment) -> dict[str, str]:
    """Return the headers to send to the remote, by name in lower case.

    `X_Forwarded_For` would be the same key as `X-Forwarded-For` in a WSGI environ. Neither gunicorn (its
    `header_map` is "drop" unless changed) nor werkzeug's server lets a name with an underscore through.
    """
    received = {
        key.removeprefix("HTTP_").replace("_", "-").lower(): value
        for key, value in environ.items()
        if key.startswith("HTTP_")
    }
    dropped = HOP_BY_HOP | CLAIMS_OF_ORIGIN | ANSWERED_HERE | _named_by(received.get("connection", ""))
    passed_on = {
        name: value
        for name, value in received.items()
        if name not in dropped and not name.startswith(CLAIMS_OF_ORIGIN_PREFIX)
    }
    # Our own are not subject to what `Connection` names: `Connection: host, x-request-id` takes none away.
    return _not_invented() | passed_on | _own_headers(environ)


def _not_invented() -> dict[str, str]:
    """Keep urllib3 from adding headers that the client did not send."""
    return {"user-agent": SKIP_HEADER, "accept-encoding": SKIP_HEADER}


def _own_headers(environ: WSGIEnvironment) -> dict[str, str]:
    """Return what the gateway itself says of the request: from its connection, never from a claim."""
    host, length = environ.get("HTTP_HOST"), get_content_length(environ)
    own = {
        "host": host,
        "content-type": environ.get("CONTENT_TYPE"),
        "content-length": None if length is None else str(length),
        "transfer-encoding": "chunked" if has_chunked_body(environ) else None,
        "x-forwarded-for": environ.get("REMOTE_ADDR"),
        "x-forwarded-host": host,
        "x-forwarded-proto": environ["wsgi.url_scheme"],
        "x-request-id": environ.get("HTTP_X_REQUEST_ID"),
    }
    return {name: value for name, value in own.items() if value}


def has_chunked_body(environ: WSGIEnvironment) -> bool:
    """Whether the request's body comes in chunks, with no length in advance."""
    coding: str = environ.get("HTTP_TRANSFER_ENCODING", "")
    return coding.strip().lower() == "chunked"


def response_headers(response: urllib3.BaseHTTPResponse) -> list[tuple[str, str]]:
    """Return the headers to send to the client, each `Set-Cookie` apart."""
    dropped = HOP_BY_HOP | WRITTEN_BY_THE_SERVER | _named_by(response.headers.get("connection", ""))
    headers = [(name, value) for name, value in response.headers.iteritems() if name.lower() not in dropped]
    return list(_with_one_length(headers))


def _with_one_length(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    """Drop a repeated `Content-Length`; `check_framing` has seen that they agree."""
    seen = False
    for name, value in headers:
        is_length = name.lower() == "content-length"
        if not (is_length and seen):
            yield name, value
        seen = seen or is_length


def check_framing(response: urllib3.BaseHTTPResponse) -> None:
    """Refuse an answer whose end the client and the gateway could see at different places.

    Raises:
        InvalidHeader: no such answer may be passed on (https://www.rfc-editor.org/rfc/rfc9112#section-6.3).
    """
    coding, lengths = response.headers.get("transfer-encoding"), response.headers.getlist("content-length")
    if response.status < HTTPStatus.OK:
        raise InvalidHeader(f"status {response.status} to a request that asked for no upgrade")
    if coding is not None and (coding.strip().lower() != "chunked" or lengths):
        raise InvalidHeader(f"Transfer-Encoding {coding!r} with Content-Length {lengths}")
    if len(set(lengths)) > 1 or not all(length.isascii() and length.isdigit() for length in lengths):
        raise InvalidHeader(f"Content-Length {lengths}")


def _named_by(connection: str) -> frozenset[str]:
    """Return the header names that a `Connection` header declares to be for this hop only."""
    return frozenset(name.strip().lower() for name in connection.split(","))
