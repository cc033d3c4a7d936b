"""One file a topic. Each makes tables; the command line knows them by name."""

from bench.cases import memory, reads, routes, sentiment, stack, startup

CASES = (*stack.CASES, *routes.CASES, *reads.CASES, *sentiment.CASES, *startup.CASES, *memory.CASES)
"""In the order in which they run, and stand on the page."""
