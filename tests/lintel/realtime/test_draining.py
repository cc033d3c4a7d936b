import asyncio

import pytest

from lintel.realtime import Draining

pytestmark = pytest.mark.anyio


async def test_ends_those_who_wait_and_those_who_come_later() -> None:
    draining = Draining()
    waiting = [asyncio.ensure_future(draining.wait()) for _ in range(3)]
    waiting[0].cancel()
    await asyncio.sleep(0)
    before = draining.has_begun
    for _ in range(2):
        draining.begin()
    await asyncio.gather(*waiting[1:])
    await draining.wait()
    assert [before, draining.has_begun] == [False, True]
    assert draining._waiting == set()
