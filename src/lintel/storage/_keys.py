"""What files are called in a storage."""

import re

MAX_KEY = 512
MAX_PARTS = 16
_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}", re.ASCII)


class InvalidKey(ValueError):
    """Not a key. Does not repeat it: it may come from outside."""


def key_parts(key: str) -> tuple[str, ...]:
    """The parts of a key.

    A key is made by the service, never of a name that somebody sent: 1 to 512 letters, digits, `.`, `_` and `-` of
    ASCII, in up to 16 parts between slashes, none of which begins with a dot. So no adapter has anything to escape, a
    key is the same in a folder, in a bucket and in an address, and none leads out of the storage.

    Raises:
        InvalidKey: It is none.
    """
    parts = tuple(key.split("/"))
    if len(key) > MAX_KEY or len(parts) > MAX_PARTS or not all(map(_PART.fullmatch, parts)):
        raise InvalidKey("not a key of a storage: letters, digits, '.', '_' and '-' of ASCII, between slashes")
    return parts


def prefix_parts(prefix: str) -> tuple[str, ...]:
    """The parts of what keys begin with: whole parts only, with or without a slash at the end; `""` for all keys.

    Raises:
        InvalidKey: No key can begin like this.
    """
    return key_parts(prefix.removesuffix("/")) if prefix else ()


def is_key(text: str) -> bool:
    """Whether a name found in a storage is a key; what else lies there is somebody else's, or a draft."""
    try:
        key_parts(text)
    except InvalidKey:
        return False
    return True
