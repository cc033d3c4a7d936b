"""Passwords as they are sent: those that are chosen, those that are given to be compared, and how they are replaced."""

from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from app.core.passwords import MAX_LENGTH, MIN_LENGTH, check_password_classes, check_password_uncommon
from lintel.api import EmailAddress, RequestModel, ResponseModel, composed

MAX_DECOMPOSED = 4
"""Most characters that one composed character stands for."""


def _in_one_form(value: Any) -> Any:
    # What is too long in any form is left to the constraint that says so.
    if isinstance(value, str) and len(value) <= MAX_LENGTH * MAX_DECOMPOSED:
        return composed(value)
    return value


def _acceptable(value: SecretStr) -> SecretStr:
    check_password_classes(value.get_secret_value())
    check_password_uncommon(value.get_secret_value())
    return value


Password = Annotated[
    SecretStr,
    BeforeValidator(_in_one_form),
    AfterValidator(_acceptable),
    Field(
        min_length=MIN_LENGTH,
        max_length=MAX_LENGTH,
        description="8 to 128 characters, at least one upper-case letter, one lower-case letter and one digit, and not "
        "one that many people have.",
        examples=["Bernoulli1843"],
    ),
]
"""A password that somebody chooses; composed (NFC) before its length is counted."""

GivenPassword = Annotated[SecretStr, BeforeValidator(_in_one_form), Field(max_length=MAX_LENGTH)]
"""A password to be compared with one that was chosen."""

Confirmation = Annotated[GivenPassword | None, Field(description="The password again, if you like.")]
"""What may be sent beside a password, so that a slip is noticed."""


def check_confirmed(password: SecretStr, confirmation: SecretStr | None) -> None:
    """Refuse a confirmation that is another password.

    Raises:
        ValueError: It is.
    """
    if confirmation is not None and confirmation != password:
        raise ValueError("Passwords do not match")


class ForgotPassword(RequestModel):
    """Whose password is forgotten."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "ada@example.com"}]})

    email: Annotated[EmailAddress, Field(description="E-mail address of the account.")]


class MailPromised(ResponseModel):
    """That a mail is sent, if there is somebody to send it to. The same for every address."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"detail": "If there is such an account, a mail is on its way."}]}
    )

    detail: Annotated[str, Field(description="In words.")] = "If there is such an account, a mail is on its way."


class ResetPassword(RequestModel):
    """A token from a mail, and the password to have from now on."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"token": "sM2pdfbBvX3cEX0RnvTIUSzTqWk1kXrhgHvWKm4fZsE", "password": "Bernoulli1843"}]
        }
    )

    token: Annotated[SecretStr, Field(max_length=200, description="As it stands in the mail; good once.")]
    password: Password
    confirm_password: Confirmation = None

    @model_validator(mode="after")
    def _passwords_match(self) -> Self:
        check_confirmed(self.password, self.confirm_password)
        return self


class ChangePassword(RequestModel):
    """The password one has, and the one to have from now on."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"current_password": "Lovelace1815", "password": "Bernoulli1843"}]}
    )

    current_password: Annotated[GivenPassword, Field(description="The password that you have.")]
    password: Password
    confirm_password: Confirmation = None

    @model_validator(mode="after")
    def _passwords_match(self) -> Self:
        check_confirmed(self.password, self.confirm_password)
        return self
