"""From where a request came."""

from dataclasses import dataclass
from typing import Final

from starlette.types import Scope

MAX_USER_AGENT: Final = 256


@dataclass(frozen=True, slots=True)
class Client:
    """What the connection and the request tell about their sender; nothing is believed because of it.

    Attributes:
        address: IP address; that of the proxy's client where the proxy is trusted.
        user_agent: What it calls itself; at most 256 characters, all of which can be printed.
    """

    address: str | None = None
    user_agent: str | None = None

    @classmethod
    def of(cls, address: str | None, user_agent: str | None) -> "Client":
        """A client, with what cannot be shown or stored left out."""
        shown = "".join(filter(str.isprintable, user_agent or ""))[:MAX_USER_AGENT].strip()
        return cls(address, shown or None)

    @classmethod
    def of_scope(cls, scope: Scope) -> "Client":
        """The sender of the request that this is the scope of."""
        named = next((value for name, value in scope["headers"] if name == b"user-agent"), b"")
        address = scope.get("client")
        return cls.of(address[0] if address else None, named.decode("latin-1"))


NOBODY: Final = Client()
"""Of whom nothing is known."""
