"""English abbreviations by what a full stop behind them means. Lower case, without the last stop."""

from typing import Final

_NEVER_ENDING = """
dr mr mrs ms mx messrs prof rev hon gen sen rep gov capt cpt cmdr lt col maj sgt pres supt det insp st mt ft
e.g eg i.e ie cf viz vs v approx est dept univ assn
"""
_BEFORE_NUMBER = "no nos nr fig figs vol pp p ch sec art para eq jan feb mar apr jun jul aug sep sept oct nov dec"
_ENDING = "etc inc ltd co corp llc bros jr sr ph.d m.d b.a m.a a.m p.m a.d b.c al ave blvd rd"
_STARTERS = """
A An The This That These Those There Here I I'm I've I'd I'll It It's He He's She She's We We're They They're You Your
My His Her Its Our Their But And So Or If When While After Before Because Although However Then Now Yet What Who Why
How Where Not No Yes
"""

NEVER_ENDING: Final = frozenset(_NEVER_ENDING.split())
"""Always followed by what they belong to."""

BEFORE_NUMBER: Final = frozenset(_BEFORE_NUMBER.split())
"""Abbreviations only before a number: "No. 5", but "No. I hate it"."""

ENDING: Final = frozenset(_ENDING.split())
"""May end a sentence: they do when a capital follows."""

STARTERS: Final = frozenset(_STARTERS.split())
"""Words that start a sentence after an initialism: "in the U.S. They", but "the U.S. Senate"."""
