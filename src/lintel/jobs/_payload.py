"""What a job is about, in types."""

import re
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

NAME = re.compile(r"[a-z][a-z0-9_.-]{0,63}", re.ASCII)
MAX_PRIORITY = 1_000
MAX_SECONDS = 7 * 24 * 3_600


class JobPayload(BaseModel):
    """What a handler needs to know. It is kept as JSON in the job's row: ids rather than texts, and never a secret.

    Attributes:
        kind: Names the handler, such as `reports.render`. Part of the data: renaming it strands the jobs that wait.
        queue: Workers may be told to serve some queues only.
        max_attempts: How often it is begun before it is given up, the times that its worker died included.
        timeout: Seconds that one attempt may take.
        priority: The higher, the earlier; jobs of one priority come in the order in which they became due.
        concurrency: How many with the same concurrency key may run at once, in all workers together.
    """

    # A newer version may have put something more into the row than the worker that reads it knows.
    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: ClassVar[str]
    queue: ClassVar[str] = "default"
    max_attempts: ClassVar[int] = 3
    timeout: ClassVar[float] = 300
    priority: ClassVar[int] = 0
    concurrency: ClassVar[int] = 1

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Refuse what no worker could keep to.

        Raises:
            TypeError: A name or a number out of its bounds.
        """
        kind = getattr(cls, "kind", None)
        if kind is not None and not (NAME.fullmatch(kind) and NAME.fullmatch(cls.queue)):
            raise TypeError(f"{cls.__name__}: kind and queue are 1 to 64 of a-z, 0-9, dot, dash and underscore")
        if cls.max_attempts < 1 or cls.concurrency < 1 or not 0 < cls.timeout <= MAX_SECONDS:
            raise TypeError(f"{cls.__name__}: max_attempts, timeout and concurrency must be more than 0")
        if abs(cls.priority) > MAX_PRIORITY:
            raise TypeError(f"{cls.__name__}: priority must be within {MAX_PRIORITY} of 0")
