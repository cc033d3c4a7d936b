"""Who is calling, before any dependency has been asked."""

from collections.abc import Callable

from starlette.types import Scope

from app.services.auth import AuthService

SCHEME = b"bearer "


def identifier(auth: AuthService) -> Callable[[Scope], str | None]:
    """A function that names the user whose valid token a request carries: `user_<id>`; None for everybody else."""

    def identify(scope: Scope) -> str | None:
        for name, value in scope["headers"]:
            if name == b"authorization":
                if value[: len(SCHEME)].lower() != SCHEME:
                    return None
                user_id = auth.claimed_by(value[len(SCHEME) :].strip().decode("latin-1"))
                return None if user_id is None else f"user_{user_id}"
        return None

    return identify
