import re
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from app.core.enums import TokenPurpose, UserStatus
from app.core.exceptions import MailUnavailable, MailUndeliverable
from app.services.container import Services
from app.services.mails import MailService
from app.services.one_time_tokens import OneTimeTokens
from lintel.mail import Mail, MailDelayed, MailRefused
from lintel.mail._files import FilesMailer
from tests.app.conftest import ServicesFactory, add_user
from tests.app.mailing import mails_of, text_of, token_in
from tests.conftest import PASSWORD

pytestmark = pytest.mark.anyio

PURPOSE = TokenPurpose.PASSWORD_RESET


class Failing(FilesMailer):
    """Cannot send."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def send(self, mail: Mail) -> str:
        raise self._error


def failing(services: Services, error: Exception) -> MailService:
    tokens = OneTimeTokens(services.database, {PURPOSE: timedelta(minutes=30)})
    return MailService(services.database, Failing(error), tokens, service="Lintel", api="/api/v1")


class TestSendToUser:
    async def test_tells_who_they_are_and_no_password(self, services: Services, tmp_path: Path) -> None:
        user = await add_user(services, full_name="Ada <b>Lovelace</b>")
        mail_id = str(uuid4())
        assert await services.mails.send_to_user(user.id, "account_made", mail_id=mail_id)
        [message] = mails_of(tmp_path / "data")
        text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
        assert text is not None
        assert html is not None
        assert (message["To"], message["Subject"]) == ("ada@example.com", "Your account at Lintel")
        assert message["Message-ID"].startswith(f"<{mail_id}@")
        assert "Hello Ada <b>Lovelace</b>," in text.get_content()
        assert "Ada &lt;b&gt;Lovelace&lt;/b&gt;" in html.get_content()
        assert not re.search(PASSWORD, message.as_string())

    async def test_nobody_is_told_who_has_left(self, services: Services, tmp_path: Path) -> None:
        assert not await services.mails.send_to_user(999, "account_made", mail_id=str(uuid4()))
        assert mails_of(tmp_path / "data") == []

    @pytest.mark.parametrize(("error", "kind"), [(MailDelayed(), MailUnavailable), (MailRefused(), MailUndeliverable)])
    async def test_says_whether_it_is_worth_another_try(
        self, services: Services, error: Exception, kind: type[Exception]
    ) -> None:
        user = await add_user(services)
        mails = failing(services, error)
        with pytest.raises(kind):
            await mails.send_to_user(user.id, "account_made", mail_id=str(uuid4()))


class TestSendToken:
    async def test_says_how_long_it_is_good_and_where_it_goes(
        self, make_services: ServicesFactory, tmp_path: Path
    ) -> None:
        services = await make_services(public_url="https://api.lintel.dev/", password_reset_minutes=45)
        user = await add_user(services, full_name="Ada Lovelace")
        assert await services.mails.send_token(user.id, PURPOSE)
        [message] = mails_of(tmp_path / "data")
        assert (message["To"], message["Subject"]) == ("ada@example.com", "Your password at Lintel")
        assert "within 45 minutes" in text_of(message)
        assert "curl https://api.lintel.dev/api/v1/auth/password/reset -H" in text_of(message)
        owner = await services.passwords._tokens.owner(token_in(message), PURPOSE)
        assert owner["id"] == user.id

    async def test_is_not_sent_again_at_once_unless_it_may_have_been_lost(
        self, services: Services, tmp_path: Path
    ) -> None:
        user = await add_user(services)
        sent = [await services.mails.send_token(user.id, PURPOSE, again=again) for again in (False, False, True)]
        assert sent == [True, False, True]
        first, second = mails_of(tmp_path / "data")
        assert token_in(first) != token_in(second)
        assert first["Message-ID"] != second["Message-ID"]

    @pytest.mark.parametrize("status", [UserStatus.INACTIVE, UserStatus.SUSPENDED])
    async def test_goes_to_nobody_who_could_not_use_it(
        self, services: Services, tmp_path: Path, status: UserStatus
    ) -> None:
        user = await add_user(services, status=status)
        assert [await services.mails.send_token(user_id, PURPOSE) for user_id in (user.id, 999, None)] == [False] * 3
        assert mails_of(tmp_path / "data") == []

    @pytest.mark.parametrize(("error", "kind"), [(MailDelayed(), MailUnavailable), (MailRefused(), MailUndeliverable)])
    async def test_says_whether_it_is_worth_another_try(
        self, services: Services, error: Exception, kind: type[Exception]
    ) -> None:
        user = await add_user(services)
        with pytest.raises(kind):
            await failing(services, error).send_token(user.id, PURPOSE)
