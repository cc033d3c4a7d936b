"""Signing in, and knowing who is asking."""

import structlog

from app.core.enums import UserStatus
from app.core.exceptions import InactiveUser, WrongCredentials
from app.core.permissions import ROLE_PERMISSIONS
from app.repositories.users import UserReader, UserRepository
from app.schemas.auth import LoginForm, Token
from lintel.context import add_to_log
from lintel.db import Database, Session
from lintel.errors import Unauthenticated
from lintel.security import InvalidToken, PasswordHasher, Principal, TokenSigner

_log = structlog.get_logger("app.auth")


class AuthService:
    """Exchanges passwords for tokens, and tokens for principals."""

    def __init__(self, database: Database, passwords: PasswordHasher, tokens: TokenSigner) -> None:
        self._database = database
        self._reader = UserReader(database)
        self._passwords = passwords
        self._tokens = tokens

    async def login(self, form: LoginForm) -> Token:
        """A token for the right address and password.

        Raises:
            WrongCredentials: They do not belong together; which is wrong is not told, nor shown by the time taken.
            InactiveUser: They do, but the account cannot be used.
        """
        user = await self._reader.sign_in(form.username)
        password = form.password.get_secret_value()
        right, better = await self._passwords.verify(password, user["hashed_password"] if user else None)
        if user is None or not right:
            _log.warning("sign-in failed", user_id=user["id"] if user else None)
            raise WrongCredentials
        if user["status"] is not UserStatus.ACTIVE:
            _log.warning("sign-in refused", user_id=user["id"], status=user["status"].value)
            raise InactiveUser
        if better is not None:
            await self._store_hash(user["id"], better)
        token = self._tokens.sign(str(user["id"]))
        _log.info("signed in", user_id=user["id"])
        return Token(access_token=token.value, expires_in=token.expires_in)

    async def authenticate(self, token: str | None) -> Principal:
        """Who a token stands for, as they are now.

        Raises:
            Unauthenticated: The token is missing or not valid, or its user is gone.
            InactiveUser: The account cannot be used.
        """
        user_id = self._subject(token)
        user = await self._reader.standing(user_id)
        if user is None:
            raise Unauthenticated
        if user["status"] is not UserStatus.ACTIVE:
            raise InactiveUser
        add_to_log(user_id=user_id)
        return Principal(user_id, ROLE_PERMISSIONS[user["role"]])

    def claimed_by(self, token: str) -> int | None:
        """Whom a valid token was signed for, without asking whether the account can still be used."""
        try:
            return self._subject(token)
        except Unauthenticated:
            return None

    def _subject(self, token: str | None) -> int:
        if token is None:
            raise Unauthenticated
        try:
            return int(self._tokens.verify(token)["sub"])
        except (InvalidToken, ValueError):
            raise Unauthenticated from None

    async def _store_hash(self, user_id: int, hashed: str) -> None:
        async def work(session: Session) -> None:
            users = UserRepository(session)
            user = await users.get(user_id)
            if user is not None:
                await users.update(user, {"hashed_password": hashed})

        await self._database.run(work)
