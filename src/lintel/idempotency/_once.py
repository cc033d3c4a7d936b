"""How a service runs a unit of work that may be asked for again."""

from typing import Any, Protocol, TypeVar

from lintel.db import Database, Work

ResultT = TypeVar("ResultT")


class Once(Protocol[ResultT]):
    """Runs a unit of work, or finds that it was done before.

    A service takes one as an argument (`once: Once[Read] = EVERY_TIME`) and runs its unit by it.
    """

    async def run(self, database: Database, work: Work[ResultT]) -> ResultT:
        """What the unit returns, after its commit.

        Raises:
            AnsweredBefore: It was done before; nothing was done now.
            KeyInUse: It is being done at this moment.
            KeyReused: Something else was done with this key.
        """
        ...


class _EveryTime:
    async def run(self, database: Database, work: Work[Any]) -> Any:
        return await database.run(work)


EVERY_TIME: Once[Any] = _EveryTime()
"""For callers without a key: each call does its work."""
