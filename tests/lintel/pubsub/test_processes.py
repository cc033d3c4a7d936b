import asyncio
import sys
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.engine import make_url

from lintel.pubsub import PostgresPubSub, PubSub, RedisPubSub
from lintel.testing.conformance._pubsub import heard_data

pytestmark = [pytest.mark.anyio, pytest.mark.services]

ANOTHER = """
import asyncio, sys
from sqlalchemy.engine import make_url
from lintel.pubsub import PostgresPubSub, RedisPubSub

async def main(url):
    of_redis = url.startswith("redis")
    pubsub = RedisPubSub(url, prefix="processes") if of_redis else PostgresPubSub(make_url(url), channel="processes")
    async with pubsub.opened(), pubsub.subscribe("ping") as subscription:
        print("ready", flush=True)
        message = await anext(subscription)
        await pubsub.publish("pong", message.data)

asyncio.run(main(sys.argv[1]))
"""


@pytest.fixture(params=["redis_url", "postgres_url"])
async def url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(request.param)
    return url


@pytest.fixture
async def pubsub(url: str) -> AsyncIterator[PubSub]:
    of_redis = url.startswith("redis")
    pubsub = RedisPubSub(url, prefix="processes") if of_redis else PostgresPubSub(make_url(url), channel="processes")
    async with pubsub.opened():
        yield pubsub


async def test_another_process_hears_and_answers(pubsub: PubSub, url: str) -> None:
    another = await asyncio.create_subprocess_exec(sys.executable, "-c", ANOTHER, url, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(30), pubsub.subscribe("pong") as subscription:
        assert another.stdout is not None
        assert await another.stdout.readline() == b"ready\n"
        await pubsub.publish("ping", {"from": "here"})
        assert await heard_data(subscription, 1) == [{"from": "here"}]
        assert await another.wait() == 0
