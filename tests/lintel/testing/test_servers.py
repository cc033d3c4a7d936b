import os
import re
import socket
import time
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import pytest
from redis.asyncio import Redis

from lintel.testing import (
    RunningServer,
    ServerUnavailable,
    create_database,
    drop_database,
    postgres_server,
    redis_server,
    temporary_database,
)
from lintel.testing._process import Identity, OwnProcess
from lintel.testing._servers import PostgresServer, RedisServer, _postgres_folders, _unprivileged

services = pytest.mark.services


def is_alive(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def assert_nothing_is_left_of(server: RunningServer) -> None:
    assert not is_alive(server.pid)
    assert not server.folder.exists()


@pytest.fixture
def no_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("lintel.testing._servers._postgres_folders", list)


@services
@pytest.mark.anyio
class TestPostgres:
    async def test_answers_a_query_and_leaves_nothing_behind(self) -> None:
        with postgres_server() as server:
            connection = await asyncpg.connect(server.url)
            encoding, collation, fsync = await connection.fetchrow(
                "SELECT pg_encoding_to_char(encoding), datcollate, current_setting('fsync')"
                " FROM pg_database WHERE datname = current_database()"
            )
            await connection.close()
        assert (encoding, collation, fsync) == ("UTF8", "C", "off")
        assert_nothing_is_left_of(server)

    async def test_ends_at_once_while_somebody_is_connected(self) -> None:
        with postgres_server() as server:
            connection = await asyncpg.connect(server.url)
            started = time.monotonic()
        assert time.monotonic() - started < 5
        connection.terminate()
        assert_nothing_is_left_of(server)

    async def test_listens_on_loopback_and_in_its_own_folder_only(self) -> None:
        with postgres_server() as server:
            connection = await asyncpg.connect(server.url)
            addresses = await connection.fetchval("SHOW listen_addresses")
            folders = await connection.fetchval("SHOW unix_socket_directories")
            await connection.close()
        assert addresses == "127.0.0.1"
        assert folders == str(server.folder)

    async def test_lends_databases_that_are_dropped_even_while_in_use(self) -> None:
        with postgres_server() as server:
            async with temporary_database(server.url) as url:
                connection = await asyncpg.connect(url)
                name = await connection.fetchval("SELECT current_database()")
            administrator = await asyncpg.connect(server.url)
            names = [row[0] for row in await administrator.fetch("SELECT datname FROM pg_database")]
            await administrator.close()
            connection.terminate()
        assert url.endswith(f"/{name}")
        assert name not in names

    async def test_takes_database_names_literally(self) -> None:
        with postgres_server() as server:
            url = await create_database(server.url, 'odd "name"; --')
            connection = await asyncpg.connect(url)
            assert await connection.fetchval("SELECT current_database()") == 'odd "name"; --'
            await connection.close()
            await drop_database(server.url, 'odd "name"; --')
            await drop_database(server.url, "never there")


@services
@pytest.mark.anyio
class TestRedis:
    async def test_answers_and_leaves_nothing_behind(self) -> None:
        with redis_server() as server:
            async with Redis.from_url(server.url) as client:
                await client.set("key", "value")
                assert await client.get("key") == b"value"
        assert_nothing_is_left_of(server)

    async def test_two_at_a_time_share_nothing(self) -> None:
        with redis_server() as one, redis_server() as other:
            async with Redis.from_url(one.url) as client, Redis.from_url(other.url) as stranger:
                await client.set("key", "value")
                assert await stranger.get("key") is None


@services
class TestStart:
    def test_takes_another_port_when_somebody_else_was_faster(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as foreign, socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            free = probe.getsockname()[1]
            probe.close()
            ports = iter([foreign.getsockname()[1], free])
            monkeypatch.setattr("lintel.testing._servers.free_port", lambda: next(ports))
            with redis_server() as server:
                assert f":{free}/" in server.url

    @pytest.mark.parametrize("server_class", [PostgresServer, RedisServer])
    def test_never_settles_for_a_server_it_merely_found(
        self, server_class: type[PostgresServer | RedisServer], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with redis_server() as foreign:
            port = int(re.findall(r":(\d+)/", foreign.url)[0])
            monkeypatch.setattr("lintel.testing._servers.free_port", lambda: port)
            with pytest.raises(ServerUnavailable), server_class().start():
                pytest.fail("started on a port that belongs to somebody else")
            assert is_alive(foreign.pid)

    def test_ends_the_server_when_the_block_fails(self) -> None:
        with pytest.raises(LookupError), redis_server() as server:
            raise LookupError
        assert_nothing_is_left_of(server)


@pytest.mark.usefixtures("no_programs")
class TestMissingPrograms:
    def test_postgres_says_where_it_looked(self) -> None:
        with pytest.raises(ServerUnavailable, match=r"^PostgreSQL is not installed: no `initdb` on PATH.*$"):
            postgres_server().__enter__()

    def test_redis_says_what_it_looked_for(self) -> None:
        with pytest.raises(ServerUnavailable, match=r"^Redis is not installed: no `redis-server` or .*$"):
            redis_server().__enter__()


class TestOwnProcess:
    def test_quotes_the_last_line_of_a_program_that_ends_too_early(self, tmp_path: Path) -> None:
        process = OwnProcess(command=["/bin/sh", "-c", "echo first; echo no luck"], folder=tmp_path).start()
        with pytest.raises(ServerUnavailable, match=r"^sh ended while starting: no luck$"):
            process.wait_until(lambda: False)

    def test_gives_up_on_a_program_that_is_never_ready(self, tmp_path: Path) -> None:
        process = OwnProcess(command=["/bin/sleep", "60"], folder=tmp_path).start()
        with pytest.raises(ServerUnavailable, match=r"not ready after 0\.1 seconds"):
            process.wait_until(lambda: False, seconds=0.1)
        process.stop()
        assert not is_alive(process.pid)

    def test_kills_a_program_that_does_not_want_to_end(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("lintel.testing._process.STOP_SECONDS", 0.1)
        stubborn = "trap '' TERM; touch ready; while :; do sleep 0.05; done"
        process = OwnProcess(command=["/bin/sh", "-c", stubborn], folder=tmp_path).start()
        process.wait_until((tmp_path / "ready").exists)
        process.stop()
        process.stop()
        assert not is_alive(process.pid)

    def test_does_not_pass_on_what_points_at_another_server(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PGHOST", "elsewhere")
        OwnProcess(command=["/usr/bin/env"], folder=tmp_path).run()
        assert "PGHOST" not in (tmp_path / "server.log").read_text(encoding="utf-8")

    def test_says_when_a_program_fails(self, tmp_path: Path) -> None:
        with pytest.raises(ServerUnavailable, match=r"^sh failed: it wrote nothing$"):
            OwnProcess(command=["/bin/sh", "-c", "exit 3"], folder=tmp_path).run()

    def test_has_no_pid_before_its_start(self, tmp_path: Path) -> None:
        with pytest.raises(RuntimeError, match="not started"):
            _ = OwnProcess(command=["/bin/true"], folder=tmp_path).pid


class TestIdentity:
    """Who runs PostgreSQL."""

    @pytest.fixture
    def users(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, SimpleNamespace]:
        users: dict[str, SimpleNamespace] = {}
        monkeypatch.setattr("os.geteuid", lambda: 0)
        monkeypatch.setattr("pwd.getpwnam", users.__getitem__)
        return users

    def test_is_ourselves_where_we_are_not_root(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("os.geteuid", lambda: 1000)
        assert _unprivileged() is None

    def test_is_nobody_where_there_is_no_postgres(self, users: dict[str, SimpleNamespace]) -> None:
        users["nobody"] = SimpleNamespace(pw_uid=7, pw_gid=8)
        assert _unprivileged() == Identity(uid=7, gid=8)

    def test_is_missing_where_there_is_only_root(self, users: dict[str, SimpleNamespace]) -> None:
        with pytest.raises(ServerUnavailable, match="does not run as root"):
            _unprivileged()


def test_looks_for_the_newest_version_first(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    folders = [Path(f"/usr/lib/postgresql/{version}/bin") for version in ("9.6", "15", "18")]
    monkeypatch.setattr(Path, "glob", lambda *_: folders)
    assert [folder.parent.name for folder in _postgres_folders()][:3] == ["18", "15", "9.6"]
