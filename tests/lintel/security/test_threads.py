import asyncio
import os
import sys
import threading

import pytest

from lintel.errors import Unavailable
from lintel.security._threads import STEPS_BACK, BackgroundThreads

pytestmark = pytest.mark.anyio


@pytest.fixture
def threads() -> BackgroundThreads:
    """One at work, one waiting."""
    return BackgroundThreads(1, max_waiting=1, refusal="Not now.")


class TestRun:
    async def test_answers_with_the_result_or_raises_what_was_raised(self, threads: BackgroundThreads) -> None:
        assert await threads.run(divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            await threads.run(divmod, 7, 0)

    async def test_refuses_more_than_may_wait_until_there_is_room(self, threads: BackgroundThreads) -> None:
        go_on = threading.Event()
        asked = [asyncio.create_task(threads.run(go_on.wait, 60)) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="Not now"):
            await threads.run(int)
        go_on.set()
        assert await asyncio.gather(*asked) == [True, True]
        assert await threads.run(int) == 0

    async def test_who_gives_up_leaves_the_queue(self, threads: BackgroundThreads) -> None:
        go_on, ran = threading.Event(), threading.Event()
        working = asyncio.create_task(threads.run(go_on.wait, 60))
        waiting = asyncio.create_task(threads.run(ran.set))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        go_on.set()
        await working
        await threads.run(int)
        assert not ran.is_set()

    @pytest.mark.skipif(sys.platform != "linux", reason="only Linux has priorities of threads")
    async def test_steps_back_for_the_loop_and_for_nobody_else(self, threads: BackgroundThreads) -> None:
        def niceness() -> int:
            return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

        ours = niceness()
        assert await threads.run(niceness) == min(ours + STEPS_BACK, 19)
        assert niceness() == ours
