import json

import pytest

from lintel.pubsub import Message
from lintel.realtime._frames import Ping, Subscribe, Unsubscribe, error_text, message_text, read_command


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ('{"type": "subscribe", "channel": "news"}', Subscribe(type="subscribe", channel="news")),
        ('{"type": "unsubscribe", "channel": "news"}', Unsubscribe(type="unsubscribe", channel="news")),
        ('{"type": "ping"}', Ping(type="ping")),
    ],
)
def test_a_command_is_understood(text: str, command: object) -> None:
    assert read_command(text) == command


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        '{"type": "shout"}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "channel": 1}',
        '{"type": "subscribe", "channel": "%s"}' % ("x" * 129),
        '{"type": "ping", "more": 1}',
        "[" * 100_000,
    ],
)
def test_anything_else_is_not(text: str) -> None:
    assert read_command(text) is None


def test_a_message_keeps_its_id() -> None:
    frame = json.loads(message_text(Message("news", {"text": "ü"}, "an-id")))
    assert frame.pop("timestamp").endswith("Z")
    assert frame == {"type": "message", "channel": "news", "data": {"text": "ü"}, "id": "an-id"}


def test_an_error_says_what_is_wrong() -> None:
    frame = json.loads(error_text("FORBIDDEN", "No.", channel="x"))
    assert (frame["type"], frame["channel"]) == ("error", "x")
    assert frame["data"] == {"error_code": "FORBIDDEN", "detail": "No."}
    assert len(frame["id"]) == 36
