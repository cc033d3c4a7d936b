"""The declaration that a route will go."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any, TypeVar

EndpointT = TypeVar("EndpointT", bound=Callable[..., Any])

DEPRECATIONS_PATH = "/deprecations"
"""Where the page about all of them is."""
DECLARED = "__lintel_deprecation__"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deprecation:
    """That a route will go. It answers as before until the release that takes it out.

    Attributes:
        since: The day from which on nobody should begin to use it, at 0:00 UTC.
        sunset: The day before which it does not go, at 0:00 UTC; None where none is set.
        successor: Name of the route to use instead; `{name}` stands for the name of the deprecated one. None if there
            is none.
        guidance: What whoever uses it has to change, in sentences.

    Raises:
        ValueError: It would go before it is deprecated (RFC 9745, 4).
    """

    since: date
    guidance: str
    sunset: date | None = None
    successor: str | None = None

    def __post_init__(self) -> None:
        """Refuse dates in the wrong order."""
        if self.sunset is not None and self.sunset < self.since:
            raise ValueError(f"sunset {self.sunset} is before the deprecation {self.since}")

    def dates(self) -> dict[str, str]:
        """The header fields that tell when."""
        fields = {"Deprecation": f"@{int(_begin_of(self.since).timestamp())}"}
        if self.sunset is not None:
            fields["Sunset"] = format_datetime(_begin_of(self.sunset), usegmt=True)
        return fields

    def successor_of(self, name: str) -> str | None:
        """Name of the route to use instead of the named one."""
        return None if self.successor is None else self.successor.format(name=name)


def deprecated(declaration: Deprecation) -> Callable[[EndpointT], EndpointT]:
    """Declare that an endpoint will go; stands below the line that makes a route of it."""

    def mark(endpoint: EndpointT) -> EndpointT:
        setattr(endpoint, DECLARED, declaration)
        return endpoint

    return mark


def deprecation_of(endpoint: Callable[..., Any]) -> Deprecation | None:
    """What was declared of an endpoint."""
    declared: Deprecation | None = getattr(endpoint, DECLARED, None)
    return declared


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time(tzinfo=UTC))
