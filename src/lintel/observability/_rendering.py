"""How a record becomes a line: whatever is in it, the call that logs never fails and the line stays one line."""

import json
import sys
from typing import Any, TextIO

import structlog
from pydantic_core import to_json
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

# Control characters, C1 included, and what Unicode counts as the end of a line.
_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {0x2028: "\\u2028", 0x2029: "\\u2029"}
_CONTROLS_BUT_LAYOUT = {code: shown for code, shown in _CONTROLS.items() if chr(code) not in "\n\t"}


def json_renderer() -> list[Processor]:
    """One JSON object a record."""
    return [_to_json]


def text_renderer() -> list[Processor]:
    """One line a record, for people; only a stack takes more."""
    return [
        _escape_values,
        structlog.dev.ConsoleRenderer(
            colors=sys.stdout.isatty(), exception_formatter=_escaped_traceback, pad_event_to=0
        ),
    ]


def _to_json(logger: WrappedLogger, method: str, event_dict: EventDict) -> str:
    if "exc_info" in event_dict:
        event_dict = structlog.processors.format_exc_info(logger, method, event_dict)
    event_dict["message"] = event_dict.pop("event", None)
    try:
        return to_json(event_dict, fallback=str, inf_nan_mode="strings").decode()
    except (TypeError, ValueError):
        # A key that JSON does not have, a circle, a lone surrogate: shown as Python shows it rather than not at all.
        shown = {str(key): value if isinstance(value, str) else repr(value) for key, value in event_dict.items()}
        return json.dumps(shown, ensure_ascii=False)


def _escape_values(_: WrappedLogger, __: str, event_dict: EventDict) -> EventDict:
    """A line break or a terminal code in a value must not look like a record of its own."""
    return {key: value if key == "exc_info" else _escaped(value) for key, value in event_dict.items()}


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.translate(_CONTROLS)
    text = str(value)
    # The renderer will show other objects by str or repr, whatever these contain.
    return value if f"{text}{value!r}".isprintable() else text.translate(_CONTROLS)


def _escaped_traceback(output: TextIO, exc_info: ExcInfo) -> None:
    text = structlog.processors.format_exc_info(None, "", {"exc_info": exc_info})["exception"]
    output.write(f"\n{text.translate(_CONTROLS_BUT_LAYOUT)}")
