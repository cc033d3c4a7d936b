from app.api.callers import SignedIn
from app.api.deps import PasswordServiceDep
from app.core.exceptions import OneTimeTokenInvalid, WrongPassword
from app.core.limits import AUTH
from app.schemas.passwords import ChangePassword, ForgotPassword, MailPromised, ResetPassword
from lintel.api import ClientDep
from lintel.errors import TooManyRequests, problems
from lintel.ratelimit import costs
from lintel.routing import Router

router = Router(prefix="/auth/password", tags=["auth"])


@router.post("/forgot", status_code=202, summary="Ask for a new password", responses=problems(TooManyRequests))
@costs(of=AUTH)
async def forgot_password(request: ForgotPassword, passwords: PasswordServiceDep, client: ClientDep) -> MailPromised:
    """Get a mail with a token for a new password. The answer is the same whether or not anybody has the address."""
    return await passwords.forgot(request, client.address)


@router.post("/reset", status_code=204, summary="Choose a new password", responses=problems(OneTimeTokenInvalid))
@costs(of=AUTH)
async def reset_password(request: ResetPassword, passwords: PasswordServiceDep) -> None:
    """Replace a password that you forgot, with the token from the mail. You are signed out everywhere."""
    await passwords.reset(request)


@router.post(
    "/change", status_code=204, summary="Change your password", responses=problems(WrongPassword, TooManyRequests)
)
@costs(of=AUTH)
async def change_password(request: ChangePassword, me: SignedIn, passwords: PasswordServiceDep) -> None:
    """Replace the password that you have. You are signed out everywhere but here."""
    await passwords.change(me, request)
