import time
from collections.abc import Callable

SECONDS = 60.0


def wait_until(is_true: Callable[[], object], what: str) -> None:
    """Ask again and again; a guard against waiting for ever, not a measurement.

    Raises:
        AssertionError: It was not true in a minute. The message says what was waited for.
    """
    deadline = time.monotonic() + SECONDS
    while not is_true():
        assert time.monotonic() < deadline, f"not within {SECONDS:g} s: {what}"
        time.sleep(0.05)
