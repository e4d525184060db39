"""The client of a request, for the fair sharing of query slots and threads."""

from ipaddress import IPv4Address, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

IPV6_NETWORK_BITS = 64  # an IPv6 client has a whole network, as in the nginx gateway's map of $client


def client_of(environ: "WSGIEnvironment") -> str:
    """Return the client's address, or its network with IPv6; empty if unknown.

    Does not read headers, which a client can forge. Behind a trusted gateway, the server has set REMOTE_ADDR from
    X-Forwarded-For; behind any other gateway, all visitors are one client.
    """
    text: str = environ.get("REMOTE_ADDR", "")
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return text
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((address, IPV6_NETWORK_BITS), strict=False))
