"""Who is asking, as far as an address tells."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.types import Scope

UNKNOWN = "unknown"
IPV6_PREFIX = 64
"""The smallest network that is given to anybody: whoever has one address of it has all of them."""


def client_key(scope: Scope) -> str:
    """`ip_<address>` of the peer, or `unknown` for all without one.

    The peer is whom the server says it is: behind a proxy that `FORWARDED_ALLOW_IPS` names, the address which that
    proxy saw. No header is read here.
    """
    client = scope.get("client")
    return network_of(client[0] if client else None)


def network_of(address: str | None) -> str:
    """The same for an address that was kept; `unknown` for what is none."""
    return _address_key(address) if address else UNKNOWN


@lru_cache(maxsize=4_096)
def _address_key(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return UNKNOWN
    if not isinstance(address, IPv6Address):
        return f"ip_{address}"
    if address.ipv4_mapped is not None:
        return f"ip_{address.ipv4_mapped}"
    network = ip_network((int(address), IPV6_PREFIX), strict=False)
    return f"ip_{network}"
