"""Guards against hanging: what a promise allows, ten times over."""

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cpu_guard(seconds: float) -> Iterator[None]:
    """What happens within takes less CPU than that, in all threads of this process.

    The collector waits: a long run of tests leaves millions of objects that have nothing to do with what is measured,
    and one look through them takes longer than most of these guards allow.
    """
    gc.disable()
    started = time.process_time()
    try:
        yield
        spent = time.process_time() - started
    finally:
        gc.enable()
    assert spent < seconds, f"{spent:.2f} s of CPU"
