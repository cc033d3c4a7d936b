"""How the address of an account becomes another one."""

from typing import Annotated

from pydantic import ConfigDict, Field, SecretStr

from app.schemas.passwords import GivenPassword
from lintel.api import EmailAddress, RequestModel


class ChangeEmail(RequestModel):
    """The address to have, and the password that shows who asks."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"current_password": "Lovelace1815", "email": "ada.king@example.com"}]}
    )

    current_password: Annotated[GivenPassword, Field(description="The password that you have.")]
    email: Annotated[EmailAddress, Field(description="The new address; it is told what to send.")]


class ConfirmEmail(RequestModel):
    """A token from the mail to the new address."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"token": "sM2pdfbBvX3cEX0RnvTIUSzTqWk1kXrhgHvWKm4fZsE"}]}
    )

    token: Annotated[SecretStr, Field(max_length=200, description="As it stands in the mail; good once.")]
