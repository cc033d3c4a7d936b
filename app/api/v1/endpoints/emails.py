from app.api.callers import SignedIn
from app.api.deps import EmailServiceDep
from app.core.exceptions import OneTimeTokenInvalid, WrongPassword
from app.core.limits import AUTH
from app.schemas.emails import ChangeEmail, ConfirmEmail
from app.schemas.passwords import MailPromised
from lintel.api import ClientDep
from lintel.errors import AlreadyExists, TooManyRequests, problems
from lintel.ratelimit import costs
from lintel.routing import Router

router = Router(prefix="/auth/email", tags=["auth"])


@router.post(
    "/change", status_code=202, summary="Ask for another address", responses=problems(WrongPassword, TooManyRequests)
)
@costs(of=AUTH)
async def change_email(request: ChangeEmail, me: SignedIn, emails: EmailServiceDep, client: ClientDep) -> MailPromised:
    """Have a token sent to the address that your account is to have. The address that it has is told."""
    return await emails.ask(me, request, client.address)


@router.post(
    "/confirm",
    status_code=204,
    summary="Confirm your new address",
    responses=problems(OneTimeTokenInvalid, AlreadyExists),
)
@costs(of=AUTH)
async def confirm_email(request: ConfirmEmail, me: SignedIn, emails: EmailServiceDep) -> None:
    """Take the address that the token was sent to. You are signed out everywhere but here."""
    await emails.confirm(me, request)
