"""Log records: one JSON object a line for machines, or plain text for people."""

import logging
import logging.config
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from lintel.settings import LoggingSettings

_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}


def configure_logging(settings: LoggingSettings) -> None:
    """Send the records of this process to standard output, ours and those of libraries, in one form.

    Sets process-wide state, so a program calls it once when it starts; calling it again replaces the first call.
    uvicorn's access log is turned off: the access middleware writes that record.
    """
    level = logging.getLevelNamesMapping()[settings.log_level]
    renderer = _json_renderer() if settings.log_as_json else _text_renderer()
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_NamedLogger,
        cache_logger_on_first_use=True,
    )
    foreign: list[Processor] = [*shared, structlog.stdlib.ExtraAdder(), _drop_colour]
    logging.config.dictConfig(_stdlib_config(settings.log_level, foreign, renderer))


class _NamedLogger(structlog.WriteLogger):
    """Writes to standard output and knows its name, as the loggers of the standard library do."""

    def __init__(self, name: str = "lintel") -> None:
        super().__init__(sys.stdout)
        self.name = name


def _json_renderer() -> list[Processor]:
    return [
        structlog.processors.format_exc_info,
        structlog.processors.EventRenamer("message"),
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        _only_valid_unicode,
    ]


def _text_renderer() -> list[Processor]:
    return [
        _escape_controls,
        structlog.dev.ConsoleRenderer(
            colors=sys.stdout.isatty(), exception_formatter=structlog.dev.plain_traceback, pad_event_to=0
        ),
        _only_valid_unicode,
    ]


def _escape_controls(_: WrappedLogger, __: str, event_dict: EventDict) -> EventDict:
    """A line break or a terminal code in a value must not look like a record of its own."""
    return {key: value.translate(_CONTROLS) if isinstance(value, str) else value for key, value in event_dict.items()}


def _drop_colour(_: WrappedLogger, __: str, event_dict: EventDict) -> EventDict:
    """Uvicorn adds its message once more, with terminal codes."""
    event_dict.pop("color_message", None)
    return event_dict


def _only_valid_unicode(_: WrappedLogger, __: str, line: Any) -> Any:
    """A lone surrogate would make the write fail, and the record with it."""
    return line.encode("utf-8", "backslashreplace").decode("utf-8") if isinstance(line, str) else line


def _stdlib_config(level: str, foreign: list[Processor], renderer: list[Processor]) -> dict[str, Any]:
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": foreign,
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lintel": formatter},
        "handlers": {"stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "lintel"}},
        "root": {"level": level, "handlers": ["stdout"]},
        "loggers": {
            "uvicorn": {"level": level, "handlers": [], "propagate": True},
            "uvicorn.error": {"level": level, "handlers": [], "propagate": True},
            "uvicorn.access": {"level": level, "handlers": [], "propagate": False},
            # INFO here is a line for every request of a client or step of a migration.
            "httpx2": {"level": "WARNING"},
            "aiosqlite": {"level": "WARNING"},
            "alembic": {"level": "WARNING"},
        },
    }
