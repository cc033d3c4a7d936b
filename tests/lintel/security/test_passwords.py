import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from lintel.errors import Unavailable
from lintel.security import PasswordHasher
from lintel.security._passwords import MAX_WAITING

pytestmark = pytest.mark.anyio

PASSWORD = "Lovelace1815"
SLOW_KIB = 65_536
"""A hash of some 50 ms or more, so that something else can happen meanwhile."""


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The hashes that passwords were compared with; argon2 itself is left alone."""
    seen: list[str] = []
    verify = Argon2Hasher.verify

    def count(hasher: Argon2Hasher, password: str, stored: str) -> bool:
        seen.append(stored)
        return verify(hasher, password, stored)

    with monkeypatch.context() as patch:
        patch.setattr(Argon2Hasher, "verify", count)
        yield seen


def held_up(call: str, monkeypatch: pytest.MonkeyPatch) -> Event:
    """Makes every hash wait for a sign, however quick the machine."""
    go_on, real = Event(), getattr(Argon2Hasher, call)

    def wait_and_go_on(*arguments: str, **options: object) -> object:
        go_on.wait(30)
        return real(*arguments, **options)

    monkeypatch.setattr(Argon2Hasher, call, wait_and_go_on)
    return go_on


class TestHash:
    async def test_is_argon2id_with_the_smallest_recommended_parameters(self) -> None:
        assert (await PasswordHasher().hash(PASSWORD)).startswith("$argon2id$v=19$m=19456,t=2,p=1$")

    async def test_is_another_one_each_time_and_holds_no_password(self, cheap_passwords: PasswordHasher) -> None:
        one, two = await cheap_passwords.hash(PASSWORD), await cheap_passwords.hash(PASSWORD)
        assert one != two
        assert PASSWORD not in one

    async def test_can_be_read_by_any_other_process(self, cheap_passwords: PasswordHasher) -> None:
        stored = await PasswordHasher(memory_kib=8).hash(PASSWORD)
        assert await cheap_passwords.verify(PASSWORD, stored) == (True, None)


class TestVerify:
    @pytest.mark.parametrize("password", [PASSWORD, "", "ä🌍\x00\n", "x" * 10_000, " Lovelace1815 "])
    async def test_the_right_password_is_right(self, cheap_passwords: PasswordHasher, password: str) -> None:
        assert await cheap_passwords.verify(password, await cheap_passwords.hash(password)) == (True, None)

    @pytest.mark.parametrize(
        "wrong", ["", "lovelace1815", f"{PASSWORD} ", f"{PASSWORD}\x00", PASSWORD * 9, "Lovelace181"]
    )
    async def test_any_other_is_wrong(self, cheap_passwords: PasswordHasher, wrong: str) -> None:
        assert await cheap_passwords.verify(wrong, await cheap_passwords.hash(PASSWORD)) == (False, None)

    @pytest.mark.parametrize("stored", [None, ""])
    @pytest.mark.parametrize("password", [PASSWORD, "", "no account has this password"])
    async def test_no_hash_means_no_password_is_right(
        self, cheap_passwords: PasswordHasher, password: str, stored: str | None
    ) -> None:
        right, _ = await cheap_passwords.verify(password, stored)
        assert right is False

    @pytest.mark.parametrize(
        "stored",
        [
            "plain",
            PASSWORD,
            "$2b$12$abcdefghijklmnopqrstuuJ7nQpQ7nQpQ7nQpQ7nQpQ7nQpQ7nQpQ",
            "$argon2id$",
            "$argon2id$v=19$m=8,t=2,p=1",
            "$argon2id$v=19$m=8,t=2,p=1$a$b",
            "$argon2id$v=19$m=99999999999999999999,t=2,p=1$YWFhYWFhYWE$YWFhYWFhYWFhYWE",
            "\ud800",
            "!",
        ],
    )
    @pytest.mark.parametrize("password", [PASSWORD, "no account has this password"])
    async def test_a_hash_that_cannot_be_read_fits_no_password(
        self, cheap_passwords: PasswordHasher, password: str, stored: str
    ) -> None:
        assert await cheap_passwords.verify(password, stored) == (False, None)

    @pytest.mark.parametrize("stored", [None, "", "plain", "$2b$12$abc"])
    async def test_a_missing_account_takes_one_hash_as_a_wrong_password_does(
        self, cheap_passwords: PasswordHasher, stored: str | None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = await cheap_passwords.hash(PASSWORD)
        with counted(monkeypatch) as seen:
            await cheap_passwords.verify("wrong", real)
            await cheap_passwords.verify("wrong", stored)
        cost_of_wrong, cost_of_missing = ([*text.split("$")[1:4]] for text in seen)
        assert cost_of_wrong == cost_of_missing == ["argon2id", "v=19", "m=8,t=2,p=1"]

    @pytest.mark.parametrize(
        "outdated",
        [
            Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),
            Argon2Hasher(time_cost=2, memory_cost=16, parallelism=1),
            Argon2Hasher(time_cost=2, memory_cost=16, parallelism=2),
            Argon2Hasher(time_cost=2, memory_cost=8, parallelism=1, hash_len=16),
        ],
        ids=["passes", "memory", "lanes", "length"],
    )
    async def test_a_hash_of_other_parameters_is_to_be_replaced(
        self, cheap_passwords: PasswordHasher, outdated: Argon2Hasher
    ) -> None:
        right, better = await cheap_passwords.verify(PASSWORD, PasswordHash((outdated,)).hash(PASSWORD))
        assert right
        assert better is not None
        assert await cheap_passwords.verify(PASSWORD, better) == (True, None)

    async def test_a_wrong_password_replaces_nothing(self, cheap_passwords: PasswordHasher) -> None:
        stored = await PasswordHasher(memory_kib=16).hash(PASSWORD)
        assert await cheap_passwords.verify("wrong", stored) == (False, None)


class TestLoad:
    @pytest.fixture
    def slow(self) -> PasswordHasher:
        """One hash at a time, and not at once."""
        return PasswordHasher(workers=os.cpu_count() or 1, memory_kib=SLOW_KIB)

    async def test_other_requests_go_on_meanwhile(self, slow: PasswordHasher) -> None:
        hashing = asyncio.create_task(slow.hash(PASSWORD))
        steps = 0
        while not hashing.done():
            await asyncio.sleep(0.001)
            steps += 1
        assert steps > 5
        assert (await hashing).startswith("$argon2id$")

    @pytest.mark.parametrize("call", ["hash", "verify"])
    async def test_too_many_who_wait_are_sent_away_until_there_is_room(
        self, call: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hasher = PasswordHasher(workers=os.cpu_count() or 1, memory_kib=8)
        go_on = held_up(call, monkeypatch)

        async def ask() -> asyncio.Task[object]:
            work = hasher.hash(PASSWORD) if call == "hash" else hasher.verify(PASSWORD, None)
            task: asyncio.Task[object] = asyncio.create_task(work)
            await asyncio.wait([task], timeout=0.002)
            return task

        working_and_waiting = [await ask() for _ in range(1 + MAX_WAITING)]
        assert not any(task.done() for task in working_and_waiting)
        with pytest.raises(Unavailable) as refused:
            await (await ask())
        assert refused.value.retry_after == 1

        go_on.set()
        assert len(await asyncio.gather(*working_and_waiting)) == 1 + MAX_WAITING
        assert await (await ask())

    @pytest.mark.parametrize("workers", [1, 10_000])
    async def test_one_hash_at_least_is_made_whatever_the_number_of_workers(self, workers: int) -> None:
        hasher = PasswordHasher(workers=workers, memory_kib=8)
        assert len(await asyncio.gather(*(hasher.hash(PASSWORD) for _ in range(8)))) == 8

    async def test_a_caller_who_left_frees_the_place(self, slow: PasswordHasher) -> None:
        leaving = asyncio.create_task(slow.hash(PASSWORD))
        await asyncio.sleep(0.005)
        leaving.cancel()
        async with asyncio.timeout(10):
            assert await slow.hash(PASSWORD)
