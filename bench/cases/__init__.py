"""One file a topic. Each makes tables; the command line knows them by name."""

from bench.cases import reads, routes, sentiment, stack

CASES = (*stack.CASES, *routes.CASES, *reads.CASES, *sentiment.CASES)
"""In the order in which they run, and stand on the page."""
