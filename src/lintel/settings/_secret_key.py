"""The signing key: configured, or made once for a developer's machine."""

import os
import secrets
from pathlib import Path

from lintel.settings._groups import MIN_SECRET_LENGTH, SecuritySettings
from lintel.settings._load import SettingsError

FILE_NAME = "secret_key"


def resolve_secret_key(settings: SecuritySettings) -> str:
    """The configured key, or in development the one kept in `DATA_DIR` (made on first use, mode 0600).

    Tokens thus stay valid over restarts without any configuration. Elsewhere a missing key has already been
    refused when the settings were read.

    Raises:
        SettingsError: The file cannot be read or written, or holds no key.
    """
    if settings.secret_key is not None:
        return settings.secret_key.get_secret_value()
    path = settings.data_dir / FILE_NAME
    if not path.exists():
        try:
            return _create(path)
        except FileExistsError:
            pass  # another process was quicker
        except OSError as error:
            raise SettingsError({"DATA_DIR": f"{settings.data_dir} cannot be written to ({error.strerror})"}) from None
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
