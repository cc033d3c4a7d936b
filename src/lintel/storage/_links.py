"""Links to files that carry their own permission."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from lintel.errors import PermissionDenied
from lintel.storage._disposition import safe_content_type, safe_filename
from lintel.storage._keys import key_parts
from lintel.storage._port import Disposition

PURPOSE = b"lintel.storage: links to files, 1"
"""No other use of the same secret has the same key."""
LONGEST = timedelta(days=7)


class LinkRefused(PermissionDenied):
    """Not a link of ours, changed on its way, or no longer valid."""

    code = "LINK_REFUSED"
    title = "The link is not valid"
    meaning = "The link was not made here, was changed, or is no longer valid. Ask for a new one."


@dataclass(frozen=True, slots=True)
class FileLink:
    """What a link permits.

    Attributes:
        key: Which file is read.
        expires: Until when, in seconds since 1970.
        filename: Under which name it is saved.
        content_type: What it is sent as.
        disposition: Whether it may be shown.
    """

    key: str
    expires: int
    filename: str
    content_type: str
    disposition: Disposition


class LinkSigner:
    """Makes links and knows its own.

    Args:
        secrets: The first signs; all are accepted, so that a secret can be replaced while links made with it live.
        path: Of the route that answers them (`lintel.files`).
        clock: Seconds since 1970.
    """

    def __init__(self, *secrets: str, path: str, clock: Callable[[], float] = time.time) -> None:
        self._keys = [hmac.digest(secret.encode(), PURPOSE, hashlib.sha256) for secret in secrets]
        self._path = path
        self._clock = clock

    def url(
        self, key: str, *, expires_in: timedelta, filename: str, content_type: str, disposition: Disposition
    ) -> str:
        """A link, as a path on this service; see `Storage.signed_url`."""
        key_parts(key)
        expires = int(self._clock()) + check_lifetime(expires_in)
        link = FileLink(key, expires, safe_filename(filename), safe_content_type(content_type), disposition)
        query = {
            "expires": expires,
            "filename": link.filename,
            "content_type": link.content_type,
            "disposition": disposition,
            "signature": _signature(self._keys[0], link),
        }
        return f"{self._path}/{key}?{urlencode(query)}"

    def verify(self, link: FileLink, signature: str) -> None:
        """Refuse a link that was not made with one of the secrets, or is out of date.

        Raises:
            LinkRefused: It is one.
        """
        given = signature.encode("utf-8", "replace")
        if not any(hmac.compare_digest(_signature(key, link).encode(), given) for key in self._keys):
            raise LinkRefused
        if link.expires < self._clock():
            raise LinkRefused("The link has expired.")


def check_lifetime(expires_in: timedelta) -> int:
    """The life of a link in whole seconds.

    Raises:
        ValueError: It is below a second or above seven days, the longest that S3 accepts.
    """
    seconds = int(expires_in.total_seconds())
    if not 1 <= seconds <= LONGEST.total_seconds():
        raise ValueError("a link lives 1 second to 7 days")
    return seconds


def _signature(key: bytes, link: FileLink) -> str:
    # JSON keeps the parts apart, whatever is in them.
    signed = json.dumps([link.key, link.expires, link.filename, link.content_type, link.disposition])
    return base64.urlsafe_b64encode(hmac.digest(key, signed.encode(), hashlib.sha256)).decode().rstrip("=")
