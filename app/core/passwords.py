"""What every password must have."""

MIN_LENGTH = 8
MAX_LENGTH = 128

_CLASSES = {
    "one upper-case letter": str.isupper,
    "one lower-case letter": str.islower,
    "one digit": str.isdigit,
}


def check_password_classes(password: str) -> None:
    """Refuse a password without an upper-case letter, a lower-case letter and a digit.

    Raises:
        ValueError: Names what is missing.
    """
    missing = [name for name, is_member in _CLASSES.items() if not any(map(is_member, password))]
    if missing:
        raise ValueError(f"needs at least {' and '.join(missing)}")
