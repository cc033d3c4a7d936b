"""What lets somebody in for longer than one request."""

from dataclasses import dataclass

from lintel.security._principal import Principal


@dataclass(frozen=True, slots=True)
class Access:
    """Somebody we know, and until when what they showed us is good.

    Attributes:
        principal: Who.
        expires_at: Seconds since 1970.
    """

    principal: Principal
    expires_at: float
