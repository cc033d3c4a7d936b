import os
from contextlib import suppress
from pathlib import Path

import aio_pika
import pytest

from lintel.testing import ServerUnavailable, rabbitmq_server


def is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


@pytest.mark.services
@pytest.mark.anyio
async def test_carries_a_message_and_leaves_nothing_behind() -> None:
    with rabbitmq_server() as server:
        connection = await aio_pika.connect(server.url)
        channel = await connection.channel()
        queue = await channel.declare_queue("words")
        await channel.default_exchange.publish(aio_pika.Message(b"a word"), routing_key="words")
        message = await queue.get(timeout=5)
        await connection.close()
    assert message is not None
    assert message.body == b"a word"
    assert not is_alive(server.pid)
    assert not server.folder.exists()


def test_that_is_not_installed_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("lintel.testing._rabbitmq.FOLDER", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with (
        pytest.raises(ServerUnavailable, match="RabbitMQ is not installed"),
        rabbitmq_server(),
    ):
        pass
