"""Scheme, host and client of a request from a trusted proxy's headers (`PORTICO_TRUSTED_PROXY`).

Not for a socket that visitors reach directly: a client that connects from a trusted address can forge all of them.
"""

from collections.abc import Iterable
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Networks = tuple[IPv4Network | IPv6Network, ...]
BELOW_A_PATH = "This site cannot be served below a path of another domain: X-Forwarded-Prefix must be empty. Give it a (sub)domain."


def with_trusted_proxy(app: "WSGIApplication", trusted: Networks) -> "WSGIApplication":
    """Trust X-Forwarded-For, -Host and -Proto from these addresses only."""
    if not trusted:
        return app
    fixed = ProxyFix(app, x_for=1, x_proto=1, x_host=1)
    refused = Response(f"{BELOW_A_PATH}\n", HTTPStatus.NOT_IMPLEMENTED, content_type="text/plain; charset=utf-8")

    def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if not _is_trusted(environ.get("REMOTE_ADDR", ""), trusted):
            return app(environ, start_response)
        if environ.get("HTTP_X_FORWARDED_PREFIX", "").strip("/ "):
            return refused(environ, start_response)
        return fixed(environ, start_response)

    return application


def _is_trusted(address: str, trusted: Networks) -> bool:
    try:
        client = ip_address(address)
    except ValueError:
        return False
    return any(client in network for network in trusted)
