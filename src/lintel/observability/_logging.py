"""Log records: one JSON object a line for machines, or plain text for people."""

import io
import logging
import logging.config
import sys
import time
from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from lintel.context import current_context
from lintel.observability._output import BatchedOutput
from lintel.observability._rendering import json_renderer, text_renderer
from lintel.settings import LoggingSettings

LEVELS = {"warn": "warning", "exception": "error"}
"""Methods that are not named after the level they write."""
NOT_OURS = ("Unsupported upgrade request.", '%s - "WebSocket %s"')
"""What uvicorn writes whenever anybody asks for another protocol (the request itself is answered), and about each
WebSocket, with its query string, which may hold a ticket; the access middleware writes that record without it."""


def configure_logging(settings: LoggingSettings) -> None:
    """Send the records of this process to standard output, ours and those of libraries, in one form.

    Sets process-wide state, so a program calls it once when it starts. Calling it again adds nothing twice, but loggers
    that were used already keep their form. uvicorn's access log is off: the access middleware writes that record.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A character that the terminal does not have, or a lone surrogate, would make the call that logs fail.
        sys.stdout.reconfigure(errors="backslashreplace")
    level = logging.getLevelNamesMapping()[settings.log_level]
    renderer = json_renderer() if settings.log_as_json else text_renderer()
    output = BatchedOutput(sys.stdout)
    shared: list[Processor] = [_describe]
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=partial(_NamedLogger, output),
        cache_logger_on_first_use=True,
    )
    foreign: list[Processor] = [*shared, structlog.stdlib.ExtraAdder(), _drop_colour]
    logging.config.dictConfig(_stdlib_config(settings.log_level, output, foreign, renderer))


class _NamedLogger:
    """Hands lines to the output and knows its name, as the loggers of the standard library do."""

    def __init__(self, output: BatchedOutput, name: str = "lintel") -> None:
        self.name = name
        self._output = output

    def debug(self, line: str) -> None:
        self._output.write(f"{line}\n")

    def error(self, line: str) -> None:
        """Written at once: what follows an error may be the end of the process."""
        self._output.write(f"{line}\n")
        self._output.flush()

    info = warning = warn = msg = debug
    critical = fatal = exception = error


def _describe(logger: Any, method: str, event_dict: EventDict) -> EventDict:
    """When, how important, by whom, and in which request: what structlog does in four steps, in one."""
    record = event_dict.get("_record")
    return {
        "timestamp": _now(),
        "level": LEVELS.get(method, method),
        "logger": logger.name if record is None else record.name,
        **current_context(),
        **event_dict,
    }


def _now() -> str:
    now = time.time()
    second = int(now)
    return f"{_to_the_second(second)}.{int((now - second) * 1_000_000):06}Z"


@lru_cache(maxsize=2)
def _to_the_second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _drop_colour(_: WrappedLogger, __: str, event_dict: EventDict) -> EventDict:
    """Uvicorn adds its message once more, with terminal codes."""
    event_dict.pop("color_message", None)
    return event_dict


def _is_wanted(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(NOT_OURS)


def _stdlib_config(
    level: str, output: BatchedOutput, foreign: list[Processor], renderer: list[Processor]
) -> dict[str, Any]:
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": foreign,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lintel": formatter},
        "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": output, "formatter": "lintel"}},
        "root": {"level": level, "handlers": ["stdout"]},
        "loggers": {
            "uvicorn": {"level": level, "handlers": [], "propagate": True},
            "uvicorn.error": {
                # DEBUG here is the headers and frames of every WebSocket, with tokens in them.
                "level": "INFO" if level == "DEBUG" else level,
                "handlers": [],
                "propagate": True,
                "filters": [_is_wanted],
            },
            "uvicorn.access": {"level": level, "handlers": [], "propagate": False},
            # INFO here is a line for every request of a client or step of a migration.
            "httpx2": {"level": "WARNING"},
            # DEBUG here is the headers of every call to others, with credentials in them.
            "httpcore2": {"level": "WARNING"},
            "websockets": {"level": "WARNING"},
            "aiosqlite": {"level": "WARNING"},
            # Their errors are an outage as each attempt to connect sees it; `lintel.jobs` tells it once, in one line.
            "aiormq": {"level": "CRITICAL"},
            "aio_pika": {"level": "CRITICAL"},
            "alembic": {"level": "WARNING"},
        },
    }
