"""Who a request is from, as far as turns and threads are shared by client."""

from ipaddress import IPv4Address, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

IPV6_NETWORK_BITS = 64  # a client of IPv6 has a network of addresses, as in the nginx gateway's map of $client


def client_of(environ: "WSGIEnvironment") -> str:
    """Return the client's address, or its network with IPv6; empty if the server does not say.

    Not for a header: a client may write anything there. Behind a gateway, REMOTE_ADDR is what the server has taken from
    the gateway's X-Forwarded-For, if the server trusts that gateway; otherwise all its visitors are one client.
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
