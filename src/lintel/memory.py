"""How a server process keeps its memory. Both set process-wide state, so only a program calls them, never a library."""

import ctypes
import gc

COLLECT_AFTER = 50_000
"""New objects; Python's own 700 are a fraction of one page of a list."""
LARGE = 1_048_576
M_MMAP_THRESHOLD = -3
"""glibc's name for the size from which a block is the system's own (malloc.h)."""


def freeze_collector() -> None:
    """Spare the garbage collector what lives as long as the process; to be called once everything has been imported.

    It would walk through all modules and models again and again, in the middle of requests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


def return_large_blocks() -> None:
    """Have blocks of a megabyte and more given back to the system as soon as they are freed.

    glibc raises its threshold with the first large block it sees freed, and keeps all that follow: some 20 MB for each
    thread that ever made a password hash. Other C libraries have no such setting, and no need of it.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE)
