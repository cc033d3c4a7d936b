"""SAQ, which logs errors only unless told otherwise."""

import uvloop
from saq import Queue, Worker

from bench.peers import program


async def nothing(_: object) -> None:
    """Do nothing."""


async def mark(_: object) -> None:
    """Tell the bench."""
    program.mark()


def enqueue(url: str, names: list[str]) -> None:
    """One after the other, as SAQ does it."""

    async def run() -> None:
        queue = Queue.from_url(url)
        await queue.connect()
        await queue.redis.flushall()
        for name in names:
            await queue.enqueue(name)
        await queue.disconnect()

    uvloop.run(run())


def work(url: str) -> None:
    """Until terminated."""

    async def run() -> None:
        queue = Queue.from_url(url)
        await queue.connect()
        functions = [(program.NOTHING, nothing), (program.MARK, mark)]
        await Worker(queue, functions, concurrency=program.PLACES).start()
        await queue.disconnect()

    uvloop.run(run())


def left(url: str) -> int:
    """What waits or runs."""

    async def run() -> int:
        queue = Queue.from_url(url)
        await queue.connect()
        incomplete = await queue.count("incomplete")
        await queue.disconnect()
        return int(incomplete)

    return uvloop.run(run())


if __name__ == "__main__":
    program.main(enqueue, work, left)
