"""Generations: what a value depended on when it was loaded."""

import secrets
import time

GENERATION_TTL = 7 * 86_400.0
"""Seconds; what depends on a forgotten generation is loaded anew."""

RANDOM_BYTES = 8
MILLISECONDS = 1_000


def new_generation() -> str:
    """A word that was never used before and says when it was made.

    Not a number counted up: a store that has forgotten one would begin anew, and reach the number of an old value.
    """
    return f"g{round(time.time() * MILLISECONDS):x}-{secrets.token_hex(RANDOM_BYTES)}"


def age_of(generation: str) -> float:
    """Seconds since it was made; 0 for what is none."""
    try:
        made = int(generation[1:].partition("-")[0], 16) / MILLISECONDS
    except ValueError:
        return 0.0
    return time.time() - made
