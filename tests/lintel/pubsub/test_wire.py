import pytest

from lintel.pubsub._wire import received, sent


def test_what_was_sent_is_received() -> None:
    message = sent("me", "job:1", {"a b": "c d"})
    assert received(str(message)) == message


@pytest.mark.parametrize("line", ["", "a", "a b c"])
def test_what_is_no_message_is_none(line: str) -> None:
    assert received(line) is None


def test_what_goes_deeper_than_anybody_reads_is_refused() -> None:
    deep: dict[str, object] = {}
    for _ in range(100_000):
        deep = {"a": deep}
    with pytest.raises(ValueError, match="JSON object"):
        sent("me", "news", deep)
