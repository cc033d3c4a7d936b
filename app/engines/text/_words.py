"""VADER's closed word lists and constants, restated from vaderSentiment 3.3.2 (MIT; notice in `data/`)."""

from typing import Final

BOOST: Final = 0.293
CAPS: Final = 0.733
NEGATED: Final = -0.74
EMPHASISED: Final = 1.25
FADE: Final = (1.0, 0.95, 0.9)
"""What is left of a booster one, two and three words before the scored word."""

_STRONGER = """
absolutely amazingly awfully completely considerable considerably decidedly deeply effing enormous enormously entirely
especially exceptional exceptionally extreme extremely fabulously flippin flipping frackin fracking frickin fricking
friggin frigging fuckin fucking fuggin fugging fully greatly hella highly hugely incredible incredibly intensely major
majorly more most particularly purely quite really remarkably so substantially thoroughly total totally tremendous
tremendously uber unbelievably unusually utter utterly very
"""
_WEAKER = """
almost barely hardly kind-of kinda kindof less little marginal marginally occasional occasionally partly scarce
scarcely slight slightly somewhat sort-of sorta sortof
"""
_WEAKER_PAIRS = ("just enough", "kind of", "sort of")
_NEGATIONS = """
ain't aint aren't arent can't cannot cant couldn't couldnt daren't darent despite didn't didnt doesn't doesnt don't
dont hadn't hadnt hasn't hasnt haven't havent isn't isnt mightn't mightnt mustn't mustnt needn't neednt neither
never none nope nor not nothing nowhere oughtn't oughtnt rarely seldom shan't shant shouldn't shouldnt uh-uh uhuh
wasn't wasnt weren't werent without won't wont wouldn't wouldnt
"""
_PHRASE_MARKERS = "ass beating bus kiss bomb shit die yeah enough kind sort"

BOOSTERS: Final[dict[str, float]] = {
    **dict.fromkeys(_STRONGER.split(), BOOST),
    **dict.fromkeys((*_WEAKER.split(), *_WEAKER_PAIRS), -BOOST),
}
BOOSTER_PAIRS: Final[dict[str, float]] = dict.fromkeys(_WEAKER_PAIRS, -BOOST)

NEGATIONS: Final = frozenset(_NEGATIONS.split())

IDIOMS: Final = {
    "bad ass": 1.5,
    "beating heart": 3.5,
    "bus stop": 0.0,
    "kiss of death": -1.5,
    "the bomb": 3.0,
    "the shit": 3.0,
    "to die for": 3.0,
    "yeah right": -2.0,
}
PHRASE_MARKERS: Final = frozenset(_PHRASE_MARKERS.split())
"""One telling word of every idiom and every booster of two words: without them there is no phrase to look for."""

CONTEXT_MARKERS: Final = PHRASE_MARKERS | NEGATIONS | BOOSTERS.keys() | {"no", "this", "least"}
"""A text without these words, and without "n't", leaves every word at the value of the lexicon."""
