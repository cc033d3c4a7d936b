from typing import Any

from fastapi import Response

from app.api.deps import RegistrationServiceDep
from app.core.exceptions import InvitationInvalid, InvitationNeeded, OneTimeTokenInvalid, RegistrationClosed
from app.core.limits import AUTH
from app.schemas.passwords import MailPromised
from app.schemas.registration import ResendVerification, VerifyEmail
from app.schemas.users import UserRead, UserRegister
from lintel.api import ClientDep, LocatorDep, accepted
from lintel.errors import AlreadyExists, TooManyRequests, problems
from lintel.ratelimit import costs
from lintel.routing import Router

Answers = dict[int | str, dict[str, Any]]

router = Router(prefix="/auth", tags=["auth"])

REFUSALS = (RegistrationClosed, InvitationNeeded, InvitationInvalid, AlreadyExists, TooManyRequests)
BY_MAIL: Answers = {202: {"model": MailPromised, "description": "A mail tells the rest, whoever has the address."}}


@router.post(
    "/register",
    status_code=201,
    summary="Make yourself an account",
    response_model=UserRead,
    responses={**BY_MAIL, **problems(*REFUSALS)},
)
@costs(of=AUTH)
async def register(
    new: UserRegister, registration: RegistrationServiceDep, locate: LocatorDep, client: ClientDep
) -> UserRead | Response:
    """Make an account with your e-mail address and a password. A mail brings a token to verify the address with.

    201: you can sign in at once. 202: once you have verified the address; the answer is the same whoever has it.
    With an `invitation` the address needs no verifying, and you have the role that was given with it.
    """
    made = await registration.register(new, client.address)
    return locate.created("read_me", made) if isinstance(made, UserRead) else accepted(made)


@router.post("/verify", status_code=204, summary="Verify your address", responses=problems(OneTimeTokenInvalid))
@costs(of=AUTH)
async def verify_email(request: VerifyEmail, registration: RegistrationServiceDep) -> None:
    """Show that the address of your account is yours, with the token from the mail. You can sign in from then on."""
    await registration.verify(request)


@router.post(
    "/verify/resend", status_code=202, summary="Ask for another mail to verify", responses=problems(TooManyRequests)
)
@costs(of=AUTH)
async def resend_verification(
    request: ResendVerification, registration: RegistrationServiceDep, client: ClientDep
) -> MailPromised:
    """Get another mail with a token to verify your address with. The answer is the same whoever has the address."""
    return await registration.resend(request, client.address)
