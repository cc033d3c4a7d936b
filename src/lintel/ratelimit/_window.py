"""The arithmetic of a sliding window, the same for every adapter.

Everywhere here `before` is what was counted in the window before this one, `now` what was counted in this one, and
`left` the seconds until this one ends. Plain numbers, as this is done for each request.
"""

from lintel.ratelimit._port import Decision, Policy


def used_of(before: int, now: int, left: float, window: int) -> int:
    """How many requests count at this moment: what is carried over melts away one by one."""
    return now + int(before * left / window) if before else now


def decided(policy: Policy, cost: int, before: int, now: int, left: float, *, allowed: bool) -> Decision:
    """What a caller is told about a request of this cost, which is counted already if it was allowed."""
    limit, window = policy.limit, policy.window
    used = used_of(before, now, left, window)
    if allowed and not before and now:
        wait = left  # as for most: what is of this window begins to melt when it ends
    else:
        wait = _wait(before, now, left, max(0, used - 1 if allowed else limit - cost), window)
    return Decision(allowed, limit, max(0, limit - used), wait)


def _wait(before: int, now: int, left: float, most: int, window: int) -> float:
    """Seconds until no more than so many count."""
    if now <= most:  # while this window lasts, what is carried over melts
        return max(0.0, left - _left_when(before, most - now, window))
    return left + window - _left_when(now, most, window)


def _left_when(before: int, most: int, window: int) -> float:
    """Seconds that are left of a window when no more than so many are carried over into it."""
    return min(window, (most + 1) * window / before) if before else window
