"""The arithmetic of a sliding window, the same for every adapter."""


def standing(*, before: int, now: int, left: float, window: int) -> tuple[int, float]:
    """How many requests count at this moment, and the seconds until it is one less.

    Args:
        before: Counted in the window before this one.
        now: Counted in this one.
        left: Seconds until this one ends.
        window: Its length in seconds.
    """
    carried = before * left / window
    # What is carried over melts away one by one; what is of this window begins to when it ends.
    return now + int(carried), carried % 1 * window / before if carried >= 1 else left
