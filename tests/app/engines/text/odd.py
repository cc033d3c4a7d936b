"""Readers that fail in their ways, for children to import."""

import os
import signal
import time
from collections.abc import Sequence

from app.core.enums import AnalysisType
from app.engines.text.reading import Reading, read_texts


def read_oddly(analysis_type: AnalysisType, texts: Sequence[str]) -> list[Reading]:
    """Refuses a text of "refuse", is killed by one of "die", never ends with one of "hang"."""
    if "die" in texts:
        os.kill(os.getpid(), signal.SIGKILL)
    if "hang" in texts:
        time.sleep(3_600)
    return [Reading.failed("Odd") if text == "refuse" else read_texts(analysis_type, [text])[0] for text in texts]


def read_slowly(analysis_type: AnalysisType, texts: Sequence[str]) -> list[Reading]:
    """Takes its time for each text."""
    time.sleep(0.02 * len(texts))
    return read_texts(analysis_type, texts)
