"""Who is calling, before any dependency has been asked."""

from collections.abc import Callable

from starlette.types import Scope

from app.core.limits import KEY, STAFF, USER
from app.services.api_keys import ApiKeyService
from app.services.auth import AuthService
from lintel.ratelimit import Caller

SCHEME = b"bearer "


def identifier(auth: AuthService, keys: ApiKeyService) -> Callable[[Scope], Caller | None]:
    """A function that names the user whose valid token a request carries: `user_<id>`; None for everybody else.

    A key is its owner's once it was let in, and until it is not: before that anybody could make one up and, if its form
    were enough, a share with each. For the same reason nobody is one of the staff until they were let in as that.
    """

    def identify(scope: Scope) -> Caller | None:
        for name, value in scope["headers"]:
            if name == b"authorization":
                if value[: len(SCHEME)].lower() != SCHEME:
                    return None
                user_id = auth.claimed_by(value[len(SCHEME) :].strip().decode("latin-1"))
                return _caller(user_id, STAFF if auth.was_staff(user_id) else USER)
            if name == b"x-api-key":
                return _caller(keys.holder_of(value.decode("latin-1")), KEY)
        return None

    return identify


def _caller(user_id: int | None, tier: str) -> Caller | None:
    return None if user_id is None else Caller(f"user_{user_id}", tier)
