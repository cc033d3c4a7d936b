"""Sentiment against the original: CPU per text, the two taking turns in one process, best of several rounds.

Writes bench/results/sentiment.json. Ratios carry over to other machines; microseconds do not.
"""

import json
import platform
import random
import time
from collections.abc import Callable
from pathlib import Path

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from app.engines.text import analyse_sentiment, explain, polarity

RESULT = Path(__file__).resolve().parent / "results" / "sentiment.json"
ROUNDS = 7
SECONDS_A_ROUND = 0.2
WORDS = [
    "the",
    "room",
    "was",
    "not",
    "very",
    "good",
    "but",
    "lovely",
    "staff",
    "made",
    "it",
    "great",
    "and",
    "quiet",
    "except",
    "for",
    "an",
    "awful",
    "noisy",
    "lift",
    "which",
    "is",
    "kind",
    "of",
    "sad",
    "although",
    "breakfast",
    "surprised",
    "us",
    "with",
    "wonderful",
    "bread",
    "cheap",
    "coffee",
    "and",
    "really",
    "friendly",
    "waiters",
]


def text_of(length: int) -> str:
    """Prose-like text of about this many characters, the same on every run."""
    pick = random.Random(length)  # noqa: S311 - a benchmark, not a secret
    sentences = []
    while sum(map(len, sentences)) < length:
        sentences.append(" ".join(pick.choices(WORDS, k=12)).capitalize() + ". ")
    return "".join(sentences)[:length].strip()


def cpu_of(function: Callable[[str], object], text: str) -> float:
    """Seconds of CPU a call takes, averaged over one round."""
    calls, started = 0, time.process_time()
    while (spent := time.process_time() - started) < SECONDS_A_ROUND:
        function(text)
        calls += 1
    return spent / calls


def compare(text: str, functions: dict[str, Callable[[str], object]]) -> dict[str, float]:
    """Best microseconds of CPU of each function; every round runs all of them."""
    rounds = [{name: cpu_of(function, text) for name, function in functions.items()} for _ in range(ROUNDS)]
    return {name: round(min(found[name] for found in rounds) * 1e6, 1) for name in functions}


def main() -> None:
    """Measure, print a table and write the figures."""
    functions: dict[str, Callable[[str], object]] = {
        "vaderSentiment": SentimentIntensityAnalyzer().polarity_scores,
        "polarity": polarity,
        "explain": explain,
        "analyse_sentiment": analyse_sentiment,
    }
    results = {}
    for length in (100, 800, 6_000):
        found = compare(text_of(length), functions)
        results[f"{length} characters"] = found
        base = found["vaderSentiment"]
        print(f"{length} characters: " + ", ".join(f"{n} {us} µs ({base / us:.1f}x)" for n, us in found.items()))
    hostile = {name: compare(text, {"analyse_sentiment": analyse_sentiment}) for name, text in HOSTILE.items()}
    for name, found in hostile.items():
        print(f"{name}: {found['analyse_sentiment'] / 1e3:.1f} ms")
    environment = {"python": platform.python_version(), "machine": platform.machine()}
    RESULT.parent.mkdir(exist_ok=True)
    figures = {"unit": "microseconds of CPU", "environment": environment, "results": {**results, **hostile}}
    RESULT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


HOSTILE = {
    "10,000 emoji": "😀" * 10_000,
    "10,000 exclamation marks": "!" * 10_000,
    "10,000 characters of but": ("but " * 2_500)[:10_000],
    "one word of 10,000 characters": "x" * 10_000,
}


if __name__ == "__main__":
    main()
