"""Signing in."""

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, SecretStr

from app.schemas.passwords import GivenPassword
from lintel.api import FormModel, NoNul, RequestModel, ResponseModel, normalized_email


class LoginForm(FormModel):
    """The OAuth2 password form (RFC 6749, 4.3.2), as the documentation's Authorize button sends it."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"username": "ada@example.com", "password": "Lovelace1815"}]}
    )

    username: Annotated[
        str, NoNul, Field(max_length=254, description="The e-mail address."), AfterValidator(normalized_email)
    ]
    password: Annotated[GivenPassword, Field(description="The password.")]
    grant_type: Annotated[Literal["password"], Field(description="Always password.")] = "password"
    scope: Annotated[str, Field(max_length=1_000, description="Read and ignored.")] = ""
    client_id: Annotated[str, Field(max_length=254, description="Read and ignored.")] = ""
    client_secret: Annotated[SecretStr | None, Field(max_length=254, description="Read and ignored.")] = None


class Token(ResponseModel):
    """What to send with further requests."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "access_token": "eyJhbGciOiJIUzI1NiIs…",
                    "token_type": "bearer",
                    "expires_in": 900,
                    "refresh_token": "AaH-fOSucN-HNen3FDfoIQAAAAA...",
                }
            ]
        }
    )

    access_token: Annotated[str, Field(description="For `Authorization: Bearer <access_token>`.")]
    token_type: Annotated[Literal["bearer"], Field(description="Always bearer.")] = "bearer"  # noqa: S105 - a word of OAuth2
    expires_in: Annotated[int, Field(description="Seconds until the access token ends.")]
    refresh_token: Annotated[str, Field(description="For `POST /api/v1/auth/refresh`, once. Keep it secret.")]


class RefreshRequest(RequestModel):
    """A refresh token, to be exchanged for new tokens."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"refresh_token": "AaH-fOSucN-HNen3FDfoIQAAAAA..."}]})

    refresh_token: Annotated[SecretStr, Field(max_length=4_096, description="The last one that you were given.")]
