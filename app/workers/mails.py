"""Jobs that send mails."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from app.core.exceptions import MailUndeliverable
from app.jobs import SendInvitation, SendMail, SendToken
from app.services.container import Services
from lintel.jobs import Handlers, JobFailed, RunningJob


def bind(handlers: Handlers, services: Services) -> None:
    """Add the handlers of this module."""

    async def send(wanted: SendMail, job: RunningJob) -> Mapping[str, bool]:
        with _given_up():
            sent = await services.mails.send_to_user(
                wanted.user_id, wanted.template, mail_id=str(job.id), address=wanted.address
            )
            return {"sent": sent}

    async def send_token(wanted: SendToken, job: RunningJob) -> Mapping[str, bool]:
        with _given_up():
            sent = await services.mails.send_token(
                wanted.user_id, wanted.purpose, again=job.attempt > 1, address=wanted.address
            )
            return {"sent": sent}

    async def send_invitation(wanted: SendInvitation, _: RunningJob) -> Mapping[str, bool]:
        with _given_up():
            return {"sent": await services.mails.send_invitation(wanted.invitation_id)}

    handlers.bind(SendMail, send)
    handlers.bind(SendInvitation, send_invitation)
    handlers.bind(SendToken, send_token)


@contextmanager
def _given_up() -> Iterator[None]:
    """Try no mail again that will never be sent."""
    try:
        yield
    except MailUndeliverable as error:
        raise JobFailed(error.code, error.detail) from None
