"""How people show that an address is theirs."""

from typing import Annotated

from pydantic import ConfigDict, Field, SecretStr

from lintel.api import EmailAddress, RequestModel


class VerifyEmail(RequestModel):
    """A token from the mail to an address."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"token": "sM2pdfbBvX3cEX0RnvTIUSzTqWk1kXrhgHvWKm4fZsE"}]}
    )

    token: Annotated[SecretStr, Field(max_length=200, description="As it stands in the mail; good once.")]


class ResendVerification(RequestModel):
    """Which address is to be verified."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "ada@example.com"}]})

    email: Annotated[EmailAddress, Field(description="E-mail address of the account.")]
