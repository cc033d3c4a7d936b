import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

PREAMBLE = """
import logging
import structlog
from lintel.context import bind_request_id, unbind_request_id
from lintel.observability import configure_logging
from lintel.settings import LoggingSettings

def configure(**values):
    configure_logging(LoggingSettings(_env_file=None, **values))

ours, theirs = structlog.get_logger("house"), logging.getLogger("library")
"""
RECORDS = """
class Hostile:
    def __str__(self):
        return "shown"

def fail():
    raise ValueError("it broke")

ours.info("plain", number=7, words="two words", nothing=None, several=[1, "x"])
ours.info("unicode: Grüße 🌍")
ours.info("breaks: a\\r\\nFORGED", value="b\\nFORGED", nested={"k": "c\\nFORGED"})
ours.info("codes: \\x1b[31mred \\x9b31m \\x07", value="\\x1b]0;title\\x07")
ours.info("surrogates: \\ud800", value="\\udcff")
ours.info("object", value=Hostile())
ours.debug("too quiet")
try:
    fail()
except ValueError:
    ours.exception("ours failed")
    theirs.exception("theirs failed")
token = bind_request_id("id-of-the-request")
ours.warning("ours within")
theirs.warning("theirs within")
unbind_request_id(token)
ours.error("ours after")
theirs.error("theirs: %s", "formatted", extra={"number": 7})
theirs.info("breaks of theirs: %s", "a\\r\\nFORGED \\x1b[31m")
theirs.info("surrogates of theirs: \\ud800")
theirs.debug("too quiet of theirs")
logging.getLogger("uvicorn.error").info("Started %s", "x", extra={"color_message": "\\x1b[36mStarted\\x1b[0m"})
logging.getLogger("uvicorn.access").info("GET /")
for chatty in ("httpx2", "aiosqlite", "alembic"):
    logging.getLogger(f"{chatty}.inner").info("chatter")
    logging.getLogger(f"{chatty}.inner").warning("worth a line")
for told_by_us in ("aiormq", "aio_pika"):
    logging.getLogger(f"{told_by_us}.inner").error("chatter", exc_info=OSError("gone"))
"""
OURS = ("LOG_", "ENVIRONMENT", "DATA_DIR", "PYTHONIOENCODING", "PYTHONUTF8")

Written = Callable[..., list[str]]
Records = dict[str, dict[str, Any]]


def written(code: str, **environment: str) -> list[str]:
    """The lines that a program writes; logging is set up in a process of its own, since it is that process's."""
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(OURS)}
    done = subprocess.run(
        [sys.executable, "-c", PREAMBLE + code],
        env=inherited | environment,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.stderr.decode() == ""
    return done.stdout.decode("utf-8").removesuffix("\n").split("\n")


def strictly(line: str) -> dict[str, Any]:
    def refuse(name: str) -> None:
        raise ValueError(name)

    record: dict[str, Any] = json.loads(line, parse_constant=refuse)
    return record


@pytest.fixture(scope="module")
def json_lines() -> list[str]:
    return written(f"configure(log_format='json')\n{RECORDS}")


@pytest.fixture(scope="module")
def records(json_lines: list[str]) -> Records:
    return {record["message"]: record for record in map(strictly, json_lines)}


@pytest.fixture(scope="module")
def text_lines() -> list[str]:
    return written(f"configure(log_format='text')\n{RECORDS}")


def line_with(lines: list[str], text: str) -> str:
    [line] = [line for line in lines if text in line]
    return line


class TestJson:
    def test_every_line_is_one_object_with_the_same_members(self, json_lines: list[str]) -> None:
        assert len(json_lines) == 18
        for line in json_lines:
            assert {"timestamp", "level", "logger", "message"} <= set(strictly(line))

    def test_a_record_says_when_where_and_how_important(self, records: Records) -> None:
        record = records["plain"]
        timestamp = record.pop("timestamp")
        assert record == {
            "level": "info",
            "logger": "house",
            "message": "plain",
            "number": 7,
            "words": "two words",
            "nothing": None,
            "several": [1, "x"],
        }
        assert timestamp.endswith("Z")
        assert abs(datetime.now(UTC) - datetime.fromisoformat(timestamp)) < timedelta(minutes=5)

    def test_those_of_libraries_have_the_same_form(self, records: Records) -> None:
        record = records["theirs: formatted"]
        assert set(record) == {"timestamp", "level", "logger", "message", "number"}
        assert (record["level"], record["logger"], record["number"]) == ("error", "library", 7)

    @pytest.mark.parametrize("whose", ["ours", "theirs"])
    def test_carries_the_request_while_it_lasts(self, records: Records, whose: str) -> None:
        assert records[f"{whose} within"]["request_id"] == "id-of-the-request"
        assert "request_id" not in records["ours after"]

    @pytest.mark.parametrize("whose", ["ours", "theirs"])
    def test_an_exception_is_one_member_with_its_stack(self, records: Records, whose: str) -> None:
        record = records[f"{whose} failed"]
        assert record["exception"].startswith("Traceback (most recent call last):\n")
        assert record["exception"].endswith("ValueError: it broke")
        assert "exc_info" not in record

    def test_breaks_and_codes_stay_within_their_value(self, records: Records) -> None:
        assert records["breaks: a\r\nFORGED"]["value"] == "b\nFORGED"
        assert records["codes: \x1b[31mred \x9b31m \x07"]["value"] == "\x1b]0;title\x07"

    def test_text_is_written_as_it_is_read(self, json_lines: list[str]) -> None:
        assert line_with(json_lines, "Grüße 🌍")

    def test_lone_surrogates_do_not_break_it(self, records: Records) -> None:
        assert records["surrogates: \ud800"]["value"] == "\udcff"
        assert "surrogates of theirs: \ud800" in records

    def test_any_object_is_shown_as_its_text(self, records: Records) -> None:
        assert records["object"]["value"] == "shown"

    def test_what_is_below_the_level_is_left_out(self, json_lines: list[str]) -> None:
        assert [line for line in json_lines if "too quiet" in line] == []

    def test_uvicorn_speaks_once_and_without_colour_and_not_of_requests(
        self, records: Records, json_lines: list[str]
    ) -> None:
        assert "color_message" not in records["Started x"]
        assert [line for line in json_lines if "GET /" in line or "36m" in line] == []

    def test_uvicorn_does_not_speak_of_upgrades_and_handshakes(self) -> None:
        lines = written(
            "configure(log_format='json', log_level='DEBUG')\nuvicorn = logging.getLogger('uvicorn.error')\n"
            "uvicorn.warning('Unsupported upgrade request.')\n"
            "uvicorn.info('%s - \"WebSocket %s\" [accepted]', 'client', '/ws?ticket=secret')\n"
            "uvicorn.debug('< Authorization: Bearer secret')\n"
            "uvicorn.warning('Something else.')"
        )
        assert [strictly(line)["message"] for line in lines] == ["Something else."]

    def test_chatty_libraries_speak_of_warnings_only(self, json_lines: list[str]) -> None:
        loggers = [record["logger"] for record in map(strictly, json_lines) if record["message"] == "worth a line"]
        assert loggers == ["httpx2.inner", "aiosqlite.inner", "alembic.inner"]
        assert [line for line in json_lines if "chatter" in line] == []

    def test_a_number_that_json_does_not_have_is_no_bare_word(self) -> None:
        [line] = written("configure(log_format='json')\nours.info('x', score=float('nan'), most=float('inf'))")
        assert strictly(line)["message"] == "x"

    @pytest.mark.parametrize("value", ["{(1, 2): 3}", "circle"], ids=["key", "circle"])
    def test_a_value_that_json_cannot_hold_does_not_fail_the_caller(self, value: str) -> None:
        circle = "circle = []\ncircle.append(circle)"
        [line] = written(f"configure(log_format='json')\n{circle}\nours.info('x', value={value})")
        assert strictly(line)["message"] == "x"


class TestText:
    def test_is_a_line_a_record_with_stacks_below(self, text_lines: list[str]) -> None:
        stamped = [line for line in text_lines if line.startswith("20")]
        below = [line for line in text_lines if not line.startswith("20")]
        assert len(stamped) == 18
        assert {line[0] for line in below} <= {" ", "T", "V"}
        assert below.count("ValueError: it broke") == 2

    @pytest.mark.parametrize(
        ("text", "parts"),
        [
            ("plain", ["[info", "[house]", "number=7", "words='two words'", "several=[1, 'x']"]),
            ("theirs: formatted", ["[error", "[library]", "number=7"]),
            ("ours within", ["[warning", "request_id=id-of-the-request"]),
            ("theirs within", ["[warning", "request_id=id-of-the-request"]),
        ],
    )
    def test_a_record_says_where_and_how_important(self, text_lines: list[str], text: str, parts: list[str]) -> None:
        line = line_with(text_lines, text)
        assert [part for part in parts if part not in line] == []

    def test_breaks_are_escaped_whoever_wrote_them(self, text_lines: list[str]) -> None:
        assert r"a\x0d\x0aFORGED" in line_with(text_lines, "breaks: ")
        assert r"a\x0d\x0aFORGED \x1b[31m" in line_with(text_lines, "breaks of theirs")
        assert [line for line in text_lines if line.startswith("FORGED")] == []

    def test_terminal_codes_are_escaped(self, text_lines: list[str]) -> None:
        assert r"\x1b[31mred \x9b31m \x07" in line_with(text_lines, "codes: ")
        assert [line for line in text_lines if set(line) & {"\x1b", "\x9b", "\x07", "\r"}] == []

    def test_lone_surrogates_do_not_break_it(self, text_lines: list[str]) -> None:
        assert r"\ud800" in line_with(text_lines, "surrogates: ")
        assert r"\udcff" in line_with(text_lines, "surrogates: ")
        assert r"\ud800" in line_with(text_lines, "surrogates of theirs")

    @pytest.mark.parametrize(
        "record",
        [
            "ours.info(ValueError('a\\nFORGED \\x1b[31m'))",
            "ours.info('x', value=type('Hostile', (), {'__repr__': lambda _: 'a\\nFORGED \\x1b[31m'})())",
            "ours.info('x', exc_info=ValueError('a \\x1b[31m'))",
        ],
        ids=["event", "value", "exception"],
    )
    def test_what_becomes_text_later_is_escaped_too(self, record: str) -> None:
        lines = written(f"configure(log_format='text')\n{record}")
        assert [line for line in lines if line.startswith("FORGED") or "\x1b" in line] == []


class TestConfigureLogging:
    @pytest.mark.parametrize(
        ("level", "expected"),
        [
            ("DEBUG", ["debug", "info", "warning", "error", "critical"]),
            ("WARNING", ["warning", "error", "critical"]),
            ("CRITICAL", ["critical"]),
        ],
    )
    def test_writes_from_its_level_on(self, level: str, expected: list[str]) -> None:
        each = "\n".join(
            f"{logger}.{name}('{logger}')"
            for logger in ("ours", "theirs")
            for name in ("debug", "info", "warning", "error", "critical")
        )
        lines = written(f"configure(log_format='json', log_level='{level}')\n{each}")
        found = [(record["message"], record["level"]) for record in map(strictly, lines)]
        assert found == [(logger, name) for logger in ("ours", "theirs") for name in expected]

    def test_called_twice_writes_each_record_once_in_the_last_form(self) -> None:
        lines = written(
            "configure(log_format='text')\nconfigure(log_format='json')\nours.info('ours')\ntheirs.info('theirs')"
        )
        assert [strictly(line)["message"] for line in lines] == ["ours", "theirs"]

    def test_loggers_made_before_it_write_in_its_form(self) -> None:
        lines = written("theirs.warning\nconfigure(log_format='json')\nours.info('a')\ntheirs.info('b')")
        assert [strictly(line)["message"] for line in lines] == ["a", "b"]

    def test_a_logger_without_a_name_is_the_houses(self) -> None:
        [line] = written("configure(log_format='json')\nstructlog.get_logger().info('x')")
        assert strictly(line)["logger"] == "lintel"

    @pytest.mark.parametrize("log_format", ["json", "text"])
    def test_an_output_that_is_not_utf8_does_not_fail_the_caller(self, log_format: str) -> None:
        code = f"configure(log_format='{log_format}')\nours.info('Grüße')\nours.info('after')"
        assert len(written(code, PYTHONIOENCODING="ascii")) == 2


def test_an_error_is_written_before_the_process_can_die_of_it() -> None:
    lines = written(
        "import asyncio, os\n"
        "configure(log_format='json')\n"
        "async def main():\n"
        "    ours.info('before')\n"
        "    ours.error('the end')\n"
        "    os._exit(0)\n"
        "asyncio.run(main())\n"
    )
    assert [json.loads(line)["message"] for line in lines] == ["before", "the end"]
