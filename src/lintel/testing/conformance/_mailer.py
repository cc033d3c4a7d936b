"""What every mailer that delivers to somewhere must do."""

from collections.abc import Callable
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from lintel.mail import InvalidMail, Mail, Mailer

Delivered = Callable[[], list[EmailMessage]]
USUAL: dict[str, Any] = {"to": "ada@example.com", "subject": "Welcome", "text": "Hello\n"}


class MailerConformance:
    """Subclass it with a fixture `mailer` that sends from `Words <noreply@words.example.com>`, and one `delivered`.

    `delivered()` are the mails that arrived, in their order, parsed with `email.policy.default`.
    """

    pytestmark = pytest.mark.anyio

    async def test_a_mail_arrives_as_it_was_written(self, mailer: Mailer, delivered: Delivered) -> None:
        text, html = "Grüße\nund ein sehr langer Satz " + "x" * 2_000 + "\n.\n..", "<p>Grüße</p>"
        mail = Mail(to="ada@example.com", subject="Größe: 1 < 2", text=text, html=html, reply_to="help@example.com")
        message_id = await mailer.send(mail)
        [message] = delivered()
        assert (message["Subject"], message["Message-ID"]) == ("Größe: 1 < 2", message_id)
        assert message["From"].addresses == (Address("Words", "noreply", "words.example.com"),)
        assert (message["To"], message["Reply-To"]) == ("ada@example.com", "help@example.com")
        assert (_body(message, "plain"), _body(message, "html")) == (text, html)
        assert message["Auto-Submitted"] == "auto-generated"
        assert parsedate_to_datetime(message["Date"]).utcoffset() is not None

    async def test_text_alone_is_a_mail(self, mailer: Mailer, delivered: Delivered) -> None:
        await mailer.send(Mail(**USUAL, headers={"List-Unsubscribe": "<https://example.com/u>"}))
        [message] = delivered()
        assert (message.get_content_type(), message["List-Unsubscribe"]) == ("text/plain", "<https://example.com/u>")

    async def test_a_mail_sent_again_is_known_by_its_id(self, mailer: Mailer, delivered: Delivered) -> None:
        again = Mail(**USUAL, id="019aa2c4-5d8e-7cc2")
        ids = [await mailer.send(mail) for mail in (again, again, Mail(**USUAL), Mail(**USUAL))]
        assert ids[0] == ids[1] == "<019aa2c4-5d8e-7cc2@words.example.com>"
        assert len(set(ids)) == 3
        assert [message["Message-ID"] for message in delivered()] == ids

    async def test_domains_of_any_script_are_written_in_ascii(self, mailer: Mailer, delivered: Delivered) -> None:
        await mailer.send(Mail(**{**USUAL, "to": "ada@bücher.example"}))
        assert delivered()[0]["To"] == "ada@xn--bcher-kva.example"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"to": "ada"},
            {"to": ""},
            {"to": "ada@example.com, bob@example.com"},
            {"to": "Ada <ada@example.com>"},
            {"to": "ada@example.com\r\nBcc: bob@example.com"},
            {"reply_to": "bob@example.com\nBcc: eve@example.com"},
            {"subject": "Welcome\r\nBcc: bob@example.com"},
            {"subject": "Welcome\u2028Bcc: bob@example.com"},
            {"subject": "Welcome\x00"},
            {"subject": " "},
            {"subject": "x" * 201},
            {"text": "x" * 1_000_001},
            {"headers": {"X-Note": "a\nBcc: bob@example.com"}},
            {"headers": {"X-Note\nBcc": "bob@example.com"}},
            {"headers": {"Bcc": "bob@example.com"}},
            {"headers": {"content-type": "text/html"}},
            {"id": "a b c d e f"},
            {"id": "x@evil.example>"},
        ],
    )
    async def test_what_would_reach_somebody_else_is_no_mail(
        self, mailer: Mailer, delivered: Delivered, wrong: dict[str, object]
    ) -> None:
        with pytest.raises(InvalidMail):
            await mailer.send(Mail(**{**USUAL, **wrong}))
        assert delivered() == []

    async def test_it_says_that_it_is_well(self, mailer: Mailer, delivered: Delivered) -> None:
        await mailer.check()
        assert delivered() == []


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert isinstance(part, EmailMessage)
    text: str = part.get_content()
    # What is sent ends with a line's end, whatever was given.
    return text.replace("\r\n", "\n").removesuffix("\n")
