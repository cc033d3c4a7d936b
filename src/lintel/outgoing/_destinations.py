"""Where calls may go."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx2

from lintel.outgoing._addresses import Address, is_public, may_be_listed, read_address
from lintel.outgoing._allowed import WEB_PORTS, AllowedHost
from lintel.outgoing._errors import OutgoingRefused

DEFAULT_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[a-z0-9_.-]+", re.ASCII)
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*", re.ASCII)
"""A last label that makes the whole host a number, as libraries of C read it: 2130706433, 0x7f.1, 0177.0.0.1."""


class Destinations:
    """The rule of all calls: public addresses at 80 and 443, and the inner hosts that an operator listed.

    Args:
        allowed: Those hosts; see `AllowedHost.of`.

    Raises:
        ValueError: A line is none.
    """

    def __init__(self, allowed: Sequence[str] = ()) -> None:
        self._allowed = [AllowedHost.of(line) for line in allowed]

    def check_url(self, url: str | httpx2.URL) -> httpx2.URL:
        """The address, if it may be called as far as its text tells; its host's addresses are checked with each call.

        For an address that somebody wants to have called later, too.

        Raises:
            OutgoingRefused: It may not.
        """
        try:
            parsed = httpx2.URL(url)
            port = parsed.port
        except (httpx2.InvalidURL, TypeError, ValueError):
            raise OutgoingRefused("not a URL") from None
        if parsed.scheme not in DEFAULT_PORTS:
            raise OutgoingRefused("scheme")
        # An empty user name disappears when the URL is read.
        if parsed.userinfo or (isinstance(url, str) and "@" in urlsplit(url).netloc):
            raise OutgoingRefused("user name")
        host = host_of(parsed)
        if not host:
            raise OutgoingRefused("no host")
        self._check_place(host, DEFAULT_PORTS[parsed.scheme] if port is None else port)
        return parsed

    def check_addresses(self, host: str, port: int, addresses: Sequence[Address]) -> None:
        """Refuse a host of which any address may not be called.

        Raises:
            OutgoingRefused: One may not.
        """
        host = host.lower().rstrip(".")
        if not all(self._permits(host, address, port) for address in addresses):
            raise OutgoingRefused("address" if port in WEB_PORTS else "address or port")

    def _check_place(self, host: str, port: int) -> None:
        address = read_address(host)
        if address is not None:
            self.check_addresses(host, port, [address])
        elif not _NAME.fullmatch(host):
            raise OutgoingRefused("not a host")
        elif _NUMBER.fullmatch(host.rpartition(".")[2]):
            raise OutgoingRefused("number for a host")
        elif port not in WEB_PORTS and all(allowed.port != port for allowed in self._allowed):
            raise OutgoingRefused("port")

    def _permits(self, host: str, address: Address, port: int) -> bool:
        if port in WEB_PORTS and is_public(address):
            return True
        return may_be_listed(address) and any(allowed.has(host, address, port) for allowed in self._allowed)


def host_of(url: httpx2.URL) -> str:
    """The host as it is looked up and compared."""
    return url.raw_host.decode("ascii").lower().rstrip(".")
