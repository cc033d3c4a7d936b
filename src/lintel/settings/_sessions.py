"""The group of settings about sessions."""

from pydantic import Field

from lintel.settings._base import BaseGroup


class SessionSettings(BaseGroup):
    """How long somebody stays signed in."""

    access_token_expire_minutes: int = Field(default=15, ge=1, le=1_440, description="Life of an access token.")
    refresh_token_expire_days: int = Field(
        default=14, ge=1, le=365, description="A session ends when it was not refreshed for so long."
    )
    session_max_days: int = Field(
        default=90, ge=1, le=3_650, description="A session ends after so long, however often it was refreshed."
    )
    refresh_grace_seconds: int = Field(
        default=10,
        ge=0,
        le=60,
        description="How long a refresh token that was used just now is answered with the same successor again, for "
        "tabs that refresh at once. 0: never.",
    )
    max_sessions_per_user: int = Field(
        default=50, ge=1, le=1_000, description="Beyond this many, signing in ends the session unused for longest."
    )
