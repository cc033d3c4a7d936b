"""Breaks that are meant, each with its reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of a comparison.

    Attributes:
        unmeant: Breaks that nobody gave a reason for.
        meant: Those with a reason.
        idle: Reasons for what is no break, or none any more, or that are blank.
    """

    unmeant: tuple[str, ...]
    meant: tuple[str, ...]
    idle: tuple[str, ...]

    @property
    def is_fine(self) -> bool:
        """Whether every break has a reason, and every reason a break."""
        return not self.unmeant and not self.idle


def judge(breaks: Iterable[str], reasons: Mapping[str, str]) -> Verdict:
    """Tell breaks that are meant from others.

    Args:
        breaks: From `breaking_changes`.
        reasons: Why it is meant, by the sentence of the break.
    """
    found = tuple(breaks)
    given = {sentence for sentence, reason in reasons.items() if reason.strip()}
    return Verdict(
        unmeant=tuple(sentence for sentence in found if sentence not in given),
        meant=tuple(sentence for sentence in found if sentence in given),
        idle=tuple(sentence for sentence in reasons if sentence not in found or sentence not in given),
    )
