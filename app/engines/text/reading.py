"""Many texts at once, each for itself."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from app.core.enums import AnalysisType
from app.engines.text.sentiment import Sentiment, analyse_sentiment

ENGINES: Mapping[AnalysisType, Callable[[str], Sentiment]] = {AnalysisType.SENTIMENT: analyse_sentiment}


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading one text.

    Attributes:
        score: From -1 to 1; None where there is no result.
        result: What was found, as JSON holds it; None where reading failed.
        milliseconds: How long it took.
        fault: The kind of exception that reading ended with, for logs; None where there is a result.
    """

    score: float | None
    result: dict[str, Any] | None
    milliseconds: float
    fault: str | None = None

    @classmethod
    def failed(cls, fault: str, milliseconds: float = 0.0) -> Self:
        """A text that could not be read."""
        return cls(score=None, result=None, milliseconds=milliseconds, fault=fault)


def read_texts(analysis_type: AnalysisType, texts: Sequence[str]) -> list[Reading]:
    """A reading of each text, in their order. One that fails in any way leaves the others alone."""
    return [_read(analysis_type, text) for text in texts]


def _read(analysis_type: AnalysisType, text: str) -> Reading:
    started = time.perf_counter()
    try:
        found = ENGINES[analysis_type](text)
    except Exception as error:  # noqa: BLE001 - whatever an engine raises is the end of this text, and of no other
        return Reading.failed(type(error).__name__, _since(started))
    return Reading(score=found.score, result=found.to_dict(), milliseconds=_since(started))


def _since(started: float) -> float:
    return round((time.perf_counter() - started) * 1_000, 3)
