"""Lines of the list of inner hosts."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Self

from lintel.outgoing._addresses import Address, carried

WEB_PORTS = frozenset({80, 443})
MAX_PORT = 65_535
_NAME = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?", re.ASCII)
_LINE = re.compile(r"(\[(?P<six>[^\]]+)\]|(?P<host>[^:\[\]]+)|(?P<bare>[0-9A-Fa-f:.]+(/\d+)?))(:(?P<port>\d{1,5}))?")


@dataclass(frozen=True, slots=True)
class AllowedHost:
    """One host, or several, that may be called although they are inside.

    Attributes:
        name: In lower case; with a dot in front for everything below; empty where there is a network.
        network: The addresses.
        port: The only one; None for 80 and 443.
    """

    name: str = ""
    network: IPv4Network | IPv6Network | None = None
    port: int | None = None

    @classmethod
    def of(cls, line: str) -> Self:
        """What a line says: `name`, `*.name`, `10.0.0.5`, `10.0.0.0/8`, `[::1]`, each also with `:port`.

        Raises:
            ValueError: It says none of that, or would allow everything.
        """
        parts = _LINE.fullmatch(line.strip().lower())
        port = int(parts["port"]) if parts and parts["port"] else None
        if parts is None or (port is not None and not 1 <= port <= MAX_PORT):
            raise ValueError(f"{line!r} is no host, network or host:port")
        try:
            network = ip_network(parts["six"] or parts["host"] or parts["bare"])
        except ValueError:
            return cls(name=_name(parts["host"] or "", line), port=port)
        if network.prefixlen == 0:
            raise ValueError(f"{line!r} would allow every address")
        return cls(network=network, port=port)

    def has(self, host: str, address: Address, port: int) -> bool:
        """Whether a host, at one of its addresses, is meant."""
        if (port not in WEB_PORTS) if self.port is None else (port != self.port):
            return False
        if self.network is not None:
            return carried(address) in self.network or address in self.network
        return self._is_named(host)

    def _is_named(self, host: str) -> bool:
        return host.endswith(self.name) if self.name.startswith(".") else host == self.name


def _name(host: str, line: str) -> str:
    last = host.rpartition(".")[2]
    if not _NAME.fullmatch(host) or last.isdigit():
        raise ValueError(f"{line!r} is no host, network or host:port")
    return host.removeprefix("*")
