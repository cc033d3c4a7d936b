"""Who is calling, before any dependency has been asked."""

from collections.abc import Callable

from starlette.types import Scope

from app.services.api_keys import ApiKeyService
from app.services.auth import AuthService

SCHEME = b"bearer "


def identifier(auth: AuthService, keys: ApiKeyService) -> Callable[[Scope], str | None]:
    """A function that names the user whose valid token a request carries: `user_<id>`; None for everybody else.

    A key is its owner's once it was let in, and until it is not: before that anybody could make one up and, if its form
    were enough, a share with each.
    """

    def identify(scope: Scope) -> str | None:
        for name, value in scope["headers"]:
            if name == b"authorization":
                if value[: len(SCHEME)].lower() != SCHEME:
                    return None
                return _named(auth.claimed_by(value[len(SCHEME) :].strip().decode("latin-1")))
            if name == b"x-api-key":
                return _named(keys.holder_of(value.decode("latin-1")))
        return None

    return identify


def _named(user_id: int | None) -> str | None:
    return None if user_id is None else f"user_{user_id}"
