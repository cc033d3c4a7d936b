from typing import Annotated

from fastapi import Form

from app.api.deps import AuthServiceDep, UserServiceDep
from app.core.exceptions import InactiveUser, RegistrationClosed, WrongCredentials
from app.schemas.auth import LoginForm, Token
from app.schemas.users import UserRead, UserRegister
from lintel.api import LocatorDep
from lintel.errors import AlreadyExists, problems
from lintel.routing import Router

router = Router(prefix="/auth", tags=["auth"])


@router.post(
    "/register",
    status_code=201,
    summary="Make yourself an account",
    responses=problems(RegistrationClosed, AlreadyExists),
)
async def register(new: UserRegister, users: UserServiceDep, locate: LocatorDep) -> UserRead:
    """Make an account with your e-mail address and a password; you can sign in at once."""
    return locate.created("read_me", await users.register(new))


@router.post("/login", summary="Sign in", responses=problems(WrongCredentials, InactiveUser))
async def login(form: Annotated[LoginForm, Form()], auth: AuthServiceDep) -> Token:
    """Exchange your e-mail address (as `username`) and password for an access token."""
    return await auth.login(form)
