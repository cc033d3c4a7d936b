"""One file a topic. Each makes tables; the command line knows them by name."""

from bench.cases import batches, exports, jobs, logins, memory, pages, reads, routes, sentiment, stack, startup

CASES = (
    *stack.CASES,
    *routes.CASES,
    *reads.CASES,
    *pages.CASES,
    *exports.CASES,
    *sentiment.CASES,
    *jobs.CASES,
    *batches.CASES,
    *logins.CASES,
    *startup.CASES,
    *memory.CASES,
)
"""In the order in which they run, and stand on the page."""
