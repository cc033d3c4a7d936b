"""The signing key of a developer's machine, made once."""

import os
import secrets
from pathlib import Path

from lintel.settings._load import SettingsError

FILE_NAME = "secret_key"
MIN_SECRET_LENGTH = 32


def kept_secret_key(folder: Path) -> str:
    """The key kept in a folder, made on first use (mode 0600).

    Raises:
        SettingsError: The file cannot be read or written, or holds no key.
    """
    path = folder / FILE_NAME
    if not path.exists():
        try:
            return _create(path)
        except FileExistsError:
            pass  # another process was quicker
        except OSError as error:
            raise SettingsError({"DATA_DIR": f"{folder} cannot be written to ({error.strerror})"}) from None
    return _read(path)


def _read(path: Path) -> str:
    try:
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        key = ""
    if len(key) < MIN_SECRET_LENGTH:
        raise SettingsError({"SECRET_KEY": f"is unset, and {path} holds no key; remove it and a new one is made"})
    return key


def _create(path: Path) -> str:
    key = secrets.token_urlsafe(48)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Written beside and linked into place, so that two that start at once agree on one whole key.
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key)
    try:
        os.link(draft, path)
    finally:
        draft.unlink()
    return key
