"""Connections to addresses that were looked up and judged by us, so that no second answer of a name server counts."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpcore2

from lintel.outgoing._addresses import Address, read_address
from lintel.outgoing._destinations import Destinations
from lintel.outgoing._errors import OutgoingUnavailable

Resolver = Callable[[str], Awaitable[Sequence[str]]]
"""Looks up the addresses of a host name. Raises `OSError` where there are none."""
LOOK_UPS = 8
"""Look-ups at a time. The loop's own threads are not used: slow name servers of others would block our database's."""
MAX_TRIED = 4
"""Addresses of one host that are tried, one after the other."""


class SystemResolver:
    """Asks as this system does, in threads of its own: one that is given up on ends when the system says so."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(LOOK_UPS, thread_name_prefix="outgoing-lookup")

    async def __call__(self, host: str) -> Sequence[str]:
        """The addresses of a host in the order in which they are to be tried."""
        found = await asyncio.get_running_loop().run_in_executor(self._threads, _look_up, host)
        return list(dict.fromkeys(found))


def _look_up(host: str) -> list[str]:
    # As bytes: text would be encoded once more, by older rules.
    found = socket.getaddrinfo(host.encode("ascii"), None, type=socket.SOCK_STREAM)
    return [str(place[0]) for *_, place in found]


class PinnedNetwork(httpcore2.AsyncNetworkBackend):
    """Opens connections to addresses that may be called; names are for TLS and `Host` only.

    Args:
        destinations: What may be called.
        resolver: Who knows addresses.
        network: What opens connections to addresses.
    """

    def __init__(
        self, destinations: Destinations, *, resolver: Resolver, network: httpcore2.AsyncNetworkBackend
    ) -> None:
        self._destinations = destinations
        self._resolver = resolver
        self._network = network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the interface's name
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """A connection to the first address that answers.

        Raises:
            OutgoingRefused: Any address of the host may not be called.
            OutgoingUnavailable: It has none.
            httpcore2.ConnectError: None answers.
            httpcore2.ConnectTimeout: None does in time, looking up included.
        """
        loop = asyncio.get_running_loop()
        deadline = None if timeout is None else loop.time() + timeout
        try:
            async with asyncio.timeout_at(deadline):
                addresses = await self._addresses(host)
        except TimeoutError:
            raise httpcore2.ConnectTimeout from None
        self._destinations.check_addresses(host, port, addresses)
        tried = addresses[:MAX_TRIED]
        for position, address in enumerate(tried):
            # Each gets its share of what is left, so that one that is silent does not use it up.
            left = None if deadline is None else (deadline - loop.time()) / (len(tried) - position)
            try:
                return await self._network.connect_tcp(str(address), port, left, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                if position == len(tried) - 1:
                    raise
        raise OutgoingUnavailable("no address")

    async def _addresses(self, host: str) -> list[Address]:
        literal = read_address(host)
        if literal is not None:
            return [literal]
        try:
            found = await self._resolver(host)
        except (OSError, UnicodeError):
            raise OutgoingUnavailable("unknown host") from None
        addresses = [read_address(text) for text in found]
        if None in addresses:
            raise OutgoingUnavailable("no address")
        return [address for address in addresses if address is not None]
