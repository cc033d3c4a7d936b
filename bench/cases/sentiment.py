"""Sentiment against vaderSentiment, the original, in one process: CPU per text."""

import random
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from app.engines.text import analyse_sentiment, explain, polarity
from bench.harness.case import Case
from bench.harness.figures import Figure, Gate, Row, Table, figure, ratio
from bench.harness.measure import Plan, Sample, stable_rounds

SECONDS_A_SAMPLE = 0.2
VADER, BASIC, EXPLAINED, WHOLE = "vaderSentiment", "the numbers", "with evidence", "by sentence, with evidence"
GATES = {100: Gate(bound=2.5, aim=3, at_least=True), 800: None, 6_000: Gate(bound=10, aim=15, at_least=True)}
"""By length of the text."""
PROSE = (
    "the room was not very good but lovely staff made it great and quiet except for an awful noisy lift which is "
    "kind of sad although breakfast surprised us with wonderful bread cheap coffee and really friendly waiters"
)
HOSTILE = {
    "emoji": "😀" * 10_000,
    "exclamation marks": "!" * 10_000,
    "`but`": "but " * 2_500,
    "one word": "x" * 10_000,
    "brackets": "(" * 10_000,
    "one word that carries sentiment": "good " * 2_000,
    "capitals": "GOOD BAD " * 1_111 + "x",
    "full stops": "." * 10_000,
    "line breaks": "a\n" * 5_000,
}
"""10,000 characters each, of what has made such engines slow."""

Engine = Callable[[str], object]


def run(plan: Plan) -> Sequence[Table]:
    """Prose of three lengths, and texts made to be slow."""
    original: Any = SentimentIntensityAnalyzer()
    engines: dict[str, tuple[Engine, str]] = {
        VADER: (original.polarity_scores, "vaderSentiment 3.3.2"),
        BASIC: (polarity, "the same four numbers"),
        EXPLAINED: (explain, "and the words they come from"),
        WHOLE: (analyse_sentiment, "what the service answers"),
    }
    return [*(_prose(length, engines, plan) for length in GATES), _hostile(plan)]


def text_of(length: int) -> str:
    """Prose-like text of about this many characters, the same on every run."""
    pick = random.Random(length)  # noqa: S311 - a benchmark, not a secret
    sentences: list[str] = []
    while sum(map(len, sentences)) < length:
        sentences.append(" ".join(pick.choices(PROSE.split(), k=12)).capitalize() + ". ")
    return "".join(sentences)[:length].strip()


def _prose(length: int, engines: Mapping[str, tuple[Engine, str]], plan: Plan) -> Table:
    text = text_of(length)
    found = stable_rounds(list(engines), lambda name: Sample(_cpu(engines[name][0], text, plan)), plan, base=VADER)
    samples = {name: [sample.server for sample in taken] for name, taken in found.items()}
    rows = [Row(name=name, on=engines[name][1], samples=[round(cost, 1) for cost in samples[name]]) for name in engines]
    what = f"sentiment of {length:,} characters, vaderSentiment over ours"
    figures = [
        figure(f"{what}: {name}", samples, ratio(VADER, name), gate=GATES[length] if name == BASIC else None)
        for name in (BASIC, WHOLE)
    ]
    return Table(title=f"Prose of {length:,} characters", unit="µs", rows=rows, base=VADER, figures=figures)


def _hostile(plan: Plan) -> Table:
    costs = {
        name: [_cpu(analyse_sentiment, text, plan) / 1_000 for _ in range(plan.rounds)]
        for name, text in HOSTILE.items()
    }
    rows = [Row(name=name, on="10,000 characters", samples=[round(ms, 2) for ms in of]) for name, of in costs.items()]
    slowest = max(costs.values(), key=median)
    worst = Figure(
        name="the slowest 10,000 characters tried, whole answer",
        value=median(slowest),
        low=min(slowest),
        high=max(slowest),
        unit="ms",
        gate=Gate(bound=60),
    )
    return Table(title="Texts made to be slow", unit="ms", rows=rows, figures=[worst])


def _cpu(engine: Engine, text: str, plan: Plan) -> float:
    """Microseconds of CPU a call takes, averaged over a sample."""
    calls, spent, started = 0, 0.0, time.process_time()
    while not calls or spent < SECONDS_A_SAMPLE * plan.share:
        engine(text)
        calls += 1
        spent = time.process_time() - started
    return spent / calls * 1e6


CASES = (Case(name="sentiment", title="Sentiment", run=run),)
