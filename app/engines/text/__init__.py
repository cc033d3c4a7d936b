"""Analysis of English text: sentences and sentiment, with the words the numbers come from."""

from app.engines.text.sentences import Span, split_sentences
from app.engines.text.sentiment import (
    Distribution,
    EngineInfo,
    SentenceSentiment,
    Sentiment,
    analyse_sentiment,
)
from app.engines.text.vader import Evidence, Polarity, explain, polarity

__all__ = [
    "Distribution",
    "EngineInfo",
    "Evidence",
    "Polarity",
    "SentenceSentiment",
    "Sentiment",
    "Span",
    "analyse_sentiment",
    "explain",
    "polarity",
    "split_sentences",
]
