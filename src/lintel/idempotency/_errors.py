"""What can be wrong with an idempotency key."""

from collections.abc import Sequence

from lintel.errors import BadRequest, Conflict, FieldError, InvalidInput

POINTER = "/header/Idempotency-Key"
WAIT_SECONDS = 1


class KeyMissing(BadRequest):
    """The operation is only done with a key."""

    code = "IDEMPOTENCY_KEY_MISSING"
    title = "Idempotency-Key is missing"
    meaning = "This operation is only done with an Idempotency-Key: a new one for each thing to be done."


class KeyReused(InvalidInput):
    """The key came before, with another request."""

    code = "IDEMPOTENCY_KEY_REUSED"
    title = "Idempotency-Key was used for another request"
    meaning = "The same Idempotency-Key came with another body or operation. Take a new key for each thing to be done."

    def __init__(self) -> None:
        super().__init__(errors=[FieldError(POINTER, "was used for another request", "idempotency_key_reused")])


class KeyInUse(Conflict):
    """The first request with the key is still being worked on."""

    code = "IDEMPOTENCY_KEY_IN_USE"
    title = "The first request with this Idempotency-Key is still being worked on"
    meaning = "Wait as long as Retry-After says, then send the same request again: you get the answer of the first."

    def __init__(
        self,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        retry_after: int | None = WAIT_SECONDS,
    ) -> None:
        super().__init__(detail, errors=errors, retry_after=retry_after)
