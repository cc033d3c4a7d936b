"""How a call can fail. What the other side said is in none of it."""

from lintel.errors import InvalidInput, Unavailable


class OutgoingRefused(InvalidInput):
    """An address that is not called, now or later.

    Attributes:
        reason: Which rule it breaks, for the log.
    """

    code = "OUTGOING_REFUSED"
    title = "The address may not be called"
    meaning = "This service calls public addresses over http and https only, without user names in them."

    def __init__(self, reason: str = "") -> None:
        # The detail is the same whatever the reason: it would tell which inner names there are.
        super().__init__()
        self.reason = reason


class OutgoingUnavailable(Unavailable):
    """The other side cannot be reached, or does not speak HTTP. Another try may work.

    Attributes:
        reason: What went wrong, for the log.
    """

    code = "OUTGOING_UNAVAILABLE"
    title = "Another service does not answer"
    meaning = (
        "A service that this one had to call could not be reached, or did not answer as it should. Try again later."
    )

    def __init__(self, reason: str = "") -> None:
        super().__init__()
        self.reason = reason


class OutgoingTimeout(OutgoingUnavailable):
    """The other side takes too long."""

    code = "OUTGOING_TIMEOUT"
    title = "Another service takes too long"
    meaning = "A service that this one had to call did not answer in time. Try again later."


class OutgoingTooLarge(OutgoingUnavailable):
    """The answer is longer than wanted."""

    code = "OUTGOING_TOO_LARGE"
    title = "Another service says too much"
    meaning = "A service that this one had to call answered with more than is read."
