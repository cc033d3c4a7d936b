"""What tests of mails share: doing the jobs there are, and reading what was sent."""

import asyncio
import re
from collections.abc import Iterable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from sqlalchemy import text

from app.services.container import Services
from app.workers.worker import create_worker
from tests.conftest import RunningService

TOKEN = re.compile(r'"token": "([A-Za-z0-9_-]{43})"')
UNFINISHED = text("SELECT count(*) FROM jobs WHERE status IN ('pending', 'processing')")


async def jobs_done(services: Services) -> None:
    """Wait until no job waits or runs; somebody does them."""
    async with asyncio.timeout(30):
        while await unfinished(services):  # noqa: ASYNC110 - the table tells nobody
            await asyncio.sleep(0.02)


async def do_jobs(service: RunningService) -> None:
    """Do all jobs that wait."""
    worker = create_worker(service.app.state.settings, service.services, None, grace=1)
    async with worker.running():
        await jobs_done(service.services)


async def unfinished(services: Services) -> int:
    """How many jobs wait or run."""
    async with services.database.read() as connection:
        number: int = (await connection.execute(UNFINISHED)).scalar_one()
    return number


def mails_of(folder: Path) -> list[EmailMessage]:
    """The mails that were kept in a data folder, the eldest first."""
    parse = policy.default
    return [message_from_bytes(path.read_bytes(), policy=parse) for path in sorted(folder.glob("mail/*.eml"))]


def text_of(mail: EmailMessage) -> str:
    """What its reader reads."""
    body = mail.get_body(("plain",))
    assert body is not None
    content: str = body.get_content()
    return content


def subjects(mails: Iterable[EmailMessage]) -> list[tuple[str, str]]:
    """To whom they went, and what they are about."""
    return [(mail["To"], mail["Subject"]) for mail in mails]


def token_in(mail: EmailMessage) -> str:
    """The token that its reader is to send."""
    [token] = TOKEN.findall(text_of(mail))
    return str(token)
