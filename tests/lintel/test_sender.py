"""From where a request came."""

import pytest

from lintel.security import Client


@pytest.mark.parametrize(
    ("user_agent", "shown"),
    [
        (None, None),
        ("", None),
        (" \t", None),
        ("curl/8", "curl/8"),
        ("a\x00b\nc\u202ed", "abcd"),
        ("x" * 300, "x" * 256),
    ],
)
def test_shows_of_the_user_agent_what_can_be_shown(user_agent: str | None, shown: str | None) -> None:
    assert Client.of("192.0.2.1", user_agent) == Client("192.0.2.1", shown)
