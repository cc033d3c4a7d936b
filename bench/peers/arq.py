"""arq, with the log of its command line."""

import asyncio
import logging.config

import uvloop
from arq import create_pool
from arq.connections import RedisSettings
from arq.logs import default_log_config
from arq.worker import Worker, func

from bench.peers import program


async def nothing(_: object) -> None:
    """Do nothing."""


async def mark(_: object) -> None:
    """Tell the bench."""
    program.mark()


def enqueue(url: str, names: list[str]) -> None:
    """One after the other, as arq does it."""

    async def run() -> None:
        pool = await create_pool(RedisSettings.from_dsn(url))
        await pool.flushall()
        for name in names:
            await pool.enqueue_job(name)
        await pool.aclose()

    uvloop.run(run())


def work(url: str) -> None:
    """Until terminated."""
    logging.config.dictConfig(default_log_config(verbose=False))
    functions = [func(nothing, name=program.NOTHING), func(mark, name=program.MARK)]
    asyncio.set_event_loop(uvloop.new_event_loop())
    Worker(functions, redis_settings=RedisSettings.from_dsn(url), max_jobs=program.PLACES).run()


def left(url: str) -> int:
    """What waits or runs."""

    async def run() -> int:
        pool = await create_pool(RedisSettings.from_dsn(url))
        queued = await pool.queued_jobs()
        await pool.aclose()
        return len(queued)

    return uvloop.run(run())


if __name__ == "__main__":
    program.main(enqueue, work, left)
