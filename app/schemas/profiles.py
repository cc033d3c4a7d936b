"""What people say of themselves, and how they want things."""

from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Any, Self
from zoneinfo import available_timezones

from pydantic import AfterValidator, ConfigDict, Field, computed_field, model_validator

from app.core.enums import UserStatus, VideoQuality
from app.schemas.users import UserRead, UserSort
from lintel.api import Day, JsonObject, ListQuery, PatchModel, RequestModel, ResponseModel, Text, left_out

OLDEST = 150
MAX_PREFERENCES = 8_192
LANGUAGE = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"


def today() -> date:
    """This day, UTC."""
    return datetime.now(UTC).date()


def age_on(day: date, birth_date: date) -> int:
    """Whole years. Who was born on 29 February is a year older on 1 March where there is no such day."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def _plausible(birth_date: date) -> date:
    if not 0 <= age_on(today(), birth_date) <= OLDEST:
        raise ValueError(f"must be in the past, and at most {OLDEST} years ago")
    return birth_date


@cache
def _timezones() -> frozenset[str]:
    return frozenset(available_timezones())


def _known(timezone: str) -> str:
    if timezone not in _timezones():
        raise ValueError("must be a time zone of the IANA database, such as Europe/Zurich")
    return timezone


Line = Annotated[str, Text(max_length=100)]


class Address(RequestModel):
    """Where somebody lives."""

    model_config = ConfigDict(from_attributes=True)

    street: Annotated[Line, Field(description="Street and number.")]
    city: Annotated[Line, Field(description="City.")]
    state: Annotated[Line, Field(description="State, canton, province or the like.")]
    zip_code: Annotated[str, Text(max_length=20), Field(description="Postal code.")]
    country: Annotated[Line, Field(description="Country.")]


EXAMPLE: dict[str, Any] = {
    "bio": "Writes programs for machines that are not built yet.",
    "birth_date": "1815-12-10",
    "address": {
        "street": "12 St James's Square",
        "city": "London",
        "state": "England",
        "zip_code": "SW1Y 4JH",
        "country": "United Kingdom",
    },
    "preferences": {"theme": "dark"},
}


class ProfileReplace(RequestModel):
    """A whole profile: what is left out is empty afterwards."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**EXAMPLE, "birth_date": "1990-12-10"}]})

    bio: Annotated[
        Annotated[str, Text(max_length=500, lines=True)] | None, Field(description="A few words about yourself.")
    ] = None
    birth_date: Annotated[
        Annotated[Day, AfterValidator(_plausible)] | None, Field(description="Date of birth; the age follows from it.")
    ] = None
    age: Annotated[
        Annotated[int, Field(ge=0, le=OLDEST)] | None,
        Field(description="Only checked against birth_date, within a year; never kept."),
    ] = None
    address: Annotated[Address | None, Field(description="Where you live.")] = None
    preferences: Annotated[
        dict[str, Any],
        JsonObject(max_bytes=MAX_PREFERENCES, max_depth=8),
        Field(
            default_factory=dict,
            description="Anything that your applications want to remember: at most 8192 bytes of JSON.",
        ),
    ]

    @model_validator(mode="after")
    def _age_agrees(self) -> Self:
        if self.age is not None:
            if self.birth_date is None:
                raise ValueError("age follows from birth_date: give that")
            if abs(age_on(today(), self.birth_date) - self.age) > 1:
                raise ValueError("age and birth_date do not agree")
        return self


class UserProfile(ResponseModel):
    """A profile, with whose it is."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **EXAMPLE,
                    "birth_date": "1990-12-10",
                    "age": 35,
                    "avatar_url": "/api/v1/files/avatars/7/3f1c2ab84d5e4f60a7b8c9d0e1f2a3b4.webp?expires=1795268400",
                    "user": UserRead.model_config["json_schema_extra"]["examples"][0],  # type: ignore[index]
                }
            ]
        }
    )

    user: Annotated[UserRead, Field(description="The account.")]
    bio: Annotated[str | None, Field(description="A few words about themselves.")] = None
    birth_date: Annotated[date | None, Field(description="Date of birth.")] = None
    address: Annotated[Address | None, Field(description="Where they live.")] = None
    preferences: Annotated[dict[str, Any], Field(default_factory=dict, description="What their applications remember.")]
    avatar_url: Annotated[
        str | None, Field(description="Where their picture can be seen for an hour, without signing in.")
    ] = None

    @computed_field(description="Whole years since birth_date; null without it.")  # type: ignore[prop-decorator]  # pydantic's own order
    @property
    def age(self) -> int | None:
        """Whole years since birth_date."""
        return None if self.birth_date is None else age_on(today(), self.birth_date)


class ProfileQuery(ListQuery):
    """The query of the list of active users with their profiles."""

    sort_by: Annotated[UserSort, Field(description="What to sort by.")] = UserSort.CREATED_AT

    @property
    def filters(self) -> dict[str, Any]:
        """What the list of users is narrowed to."""
        return {"status": UserStatus.ACTIVE}


class UserSettings(ResponseModel):
    """How somebody wants things."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "language": "en",
                    "timezone": "Europe/Zurich",
                    "email_notifications": True,
                    "default_video_quality": "hd",
                }
            ]
        }
    )

    language: Annotated[str, Field(description="Tag of a language (BCP 47).")] = "en"
    timezone: Annotated[str, Field(description="Name of a time zone (IANA).")] = "UTC"
    email_notifications: Annotated[bool, Field(description="Whether mails that are not necessary are wanted.")] = True
    default_video_quality: Annotated[VideoQuality, Field(description="Of videos, unless asked otherwise.")] = (
        VideoQuality.HD
    )


class UserSettingsUpdate(PatchModel):
    """What to change of your settings."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"timezone": "Europe/Zurich"}]})

    language: Annotated[str, Field(pattern=LANGUAGE, max_length=35, description="Tag of a language.")] = left_out()
    timezone: Annotated[
        str, Field(max_length=64, description="Name of a time zone (IANA)."), AfterValidator(_known)
    ] = left_out()
    email_notifications: Annotated[bool, Field(description="Whether mails that are not necessary are wanted.")] = (
        left_out()
    )
    default_video_quality: Annotated[VideoQuality, Field(description="Of videos, unless asked otherwise.")] = left_out()
