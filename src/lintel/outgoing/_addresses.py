"""Which IP addresses are everybody's, and which only somebody inside may reach."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

GLOBAL_UNICAST = ip_network("2000::/3")
"""All of IPv6 that is given out for use between networks; what is outside of it is nobody's to call."""
NAT64 = ip_network("64:ff9b::/96")
THIS_NETWORK = ip_network("0.0.0.0/8")
_NOT_PUBLIC = [
    THIS_NETWORK,
    *map(
        ip_network,
        (
            "192.0.0.0/24",  # protocol assignments, of which older Pythons know a few only
            "192.88.99.0/24",  # relays to 6to4
            "168.63.129.16/32",  # public by its number, but what every machine of one cloud asks for its configuration
            "3fff::/20",  # documentation, unknown to older Pythons
        ),
    ),
]


def read_address(text: str) -> Address | None:
    """The address that a text is, in its one plain form; None for a name."""
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether an address, and the IPv4 address within it if there is one, can be reached by anybody."""
    address = carried(address)
    if address.is_multicast or not address.is_global or any(address in network for network in _NOT_PUBLIC):
        return False
    return isinstance(address, IPv4Address) or address in GLOBAL_UNICAST


def may_be_listed(address: Address) -> bool:
    """Whether an address can belong to a host that an operator lists.

    Link-local ones cannot: behind them are a cloud's credentials, and a name can be made to lead there.
    """
    address = carried(address)
    if address.is_loopback:
        return True
    return not (
        address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or address.is_reserved
        or address in THIS_NETWORK
        or (isinstance(address, IPv6Address) and address.is_site_local)
    )


def carried(address: Address) -> Address:
    """The IPv4 address to which one of IPv6 leads (mapped, 6to4, NAT64), else the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address
