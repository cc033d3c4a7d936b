"""E-mail addresses in the one form in which they are compared and stored."""

import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, EmailStr, Field, TypeAdapter, ValidationError

from lintel.api._text import has_unseen

MAX_EMAIL = 254
"""RFC 5321 with its errata: the longest address that can be written into an envelope."""
_VARIANTS = frozenset(map(chr, (*range(0xFE00, 0xFE10), 0x200C, 0x200D, *range(0xE0100, 0xE01F0))))
"""What picks another shape of the letter before it, or joins it, and cannot be seen alone."""


def _only_an_address(value: Any) -> Any:
    # "Ada <ada@example.com>" is a way to write a mail's header, not an address.
    if isinstance(value, str) and "<" in value:
        raise ValueError("must be the address alone")
    return value


def _lower(value: str) -> str:
    # Nobody's mail server tells upper from lower case, though it may (RFC 5321, 2.4).
    return unicodedata.normalize("NFC", value.lower())


def _plain(value: str) -> str:
    local = value.rpartition("@")[0]
    if local.isascii():
        return value
    if unicodedata.normalize("NFKC", local) != local or has_unseen(local) or not _VARIANTS.isdisjoint(local):
        raise ValueError("must not contain characters that look like others")
    return value


EmailAddress = Annotated[
    EmailStr,
    BeforeValidator(_only_an_address),
    AfterValidator(_lower),
    AfterValidator(_plain),
    Field(max_length=MAX_EMAIL, examples=["ada@example.com"]),
]
"""An address in one form: domain in Unicode and lower case, the part before the @ composed (NFC) and in lower case.

Letters in another dress (full-width, ligatures) and such as cannot be seen are refused, so that no two accounts differ
by them alone. Look-alikes of different scripts, a Latin and a Cyrillic a, are different addresses, as they are for mail
servers: what protects from those is a mail that must be answered.
"""

_address: TypeAdapter[str] = TypeAdapter(EmailAddress)


def normalized_email(typed: str) -> str:
    """What somebody typed, in the form in which an `EmailAddress` is stored; anything else as it was typed."""
    try:
        return _address.validate_python(typed)
    except ValidationError:
        return typed
