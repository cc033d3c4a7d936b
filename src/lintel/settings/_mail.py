"""How mails are sent."""

from typing import Annotated
from urllib.parse import urlsplit

from email_validator import EmailNotValidError, validate_email
from pydantic import Field, SecretStr, ValidationInfo, field_validator

from lintel.settings._base import BaseGroup, deployed
from lintel.settings._types import BlankIsUnset


class MailSettings(BaseGroup):
    """How mails are sent."""

    mail_url: Annotated[SecretStr | None, BlankIsUnset] = Field(
        default=None,
        validate_default=True,  # for services that cannot do without
        description="smtp://user:password@host:587?tls=starttls (or tls, none), file:///folder, or console:. "
        "Unset: shown on the screen in development, elsewhere kept as files in DATA_DIR.",
    )
    mail_from: str = Field(
        default="noreply@example.com", description="Who mails are from: an address, or Name <address>."
    )
    mail_timeout: float = Field(default=30.0, gt=0, le=300, description="Seconds that sending a mail may take.")

    @field_validator("mail_url")
    @classmethod
    def _a_way_that_is_known(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None:
            return None
        text = value.get_secret_value()
        if text == "console:" and deployed(info):
            raise ValueError("must not be console: in production: logs are no place for links to sign in with")
        try:
            parts = urlsplit(text)
        except ValueError:  # a bracket that does not close
            parts = urlsplit("")
        is_folder = parts.scheme == "file" and not parts.netloc and parts.path.startswith("/")
        if not (is_folder or text == "console:" or (parts.scheme in {"smtp", "smtps"} and parts.netloc)):
            # Its text holds a password.
            raise ValueError("must be smtp://user:password@host:port, smtps://…, file:///folder or console:")
        return value

    @field_validator("mail_from")
    @classmethod
    def _an_address(cls, value: str) -> str:
        try:
            validate_email(value, check_deliverability=False, allow_display_name=True)
        except EmailNotValidError:
            raise ValueError("must be an address, or Name <address>") from None
        return value
