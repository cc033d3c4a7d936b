import asyncio
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import bcrypt
import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from lintel.errors import Unavailable
from lintel.security import PasswordHasher, PasswordScheme
from lintel.security._hashes import BcryptOfHmac
from lintel.security._passwords import MAX_COSTS, MAX_WAITING

pytestmark = pytest.mark.anyio

PASSWORD = "Lovelace1815"
SLOW_KIB = 65_536
"""A hash of some 50 ms or more, so that something else can happen meanwhile."""


@pytest.fixture
def cheap_passwords() -> PasswordHasher:
    """One of its own: hashers remember what they met."""
    return PasswordHasher(memory_kib=8)


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The hashes that passwords were compared with; argon2 and bcrypt themselves are left alone."""
    seen: list[str] = []
    verify, check = Argon2Hasher.verify, bcrypt.checkpw

    def count_argon2(hasher: Argon2Hasher, password: str, stored: str) -> bool:
        seen.append(stored)
        return verify(hasher, password, stored)

    def count_bcrypt(password: bytes, stored: bytes) -> bool:
        seen.append(stored.decode())
        return check(password, stored)

    with monkeypatch.context() as patch:
        patch.setattr(Argon2Hasher, "verify", count_argon2)
        patch.setattr(bcrypt, "checkpw", count_bcrypt)
        yield seen


def cost_of(stored: str) -> str:
    """The part of a hash that says what comparing it costs."""
    found = re.match(r"\$argon2id\$v=19\$[^$]+\$|\$2b\$\d\d\$", stored)
    assert found, stored
    return found[0]


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
            "$2b$04$abcdefghijklmnopqrstuuJ7nQpQ7nQpQ7nQpQ7nQpQ7nQpQ7nQpQ",
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

    @pytest.mark.parametrize(
        ("typed", "otherwise"),
        [("Caf\u00e9-1815", "Cafe\u0301-1815"), ("\ud55c\uae00Aa1", "\u1112\u1161\u11ab\u1100\u1173\u11afAa1")],
    )
    async def test_it_does_not_matter_how_a_letter_is_composed(
        self, cheap_passwords: PasswordHasher, typed: str, otherwise: str
    ) -> None:
        assert typed != otherwise
        assert await cheap_passwords.verify(otherwise, await cheap_passwords.hash(typed)) == (True, None)

    @pytest.mark.parametrize("password", ["\ud800", "Aa1\udfff"], ids=ascii)
    async def test_no_text_is_more_than_a_wrong_password(self, cheap_passwords: PasswordHasher, password: str) -> None:
        assert await cheap_passwords.verify(password, await cheap_passwords.hash(PASSWORD)) == (False, None)


class TestBcrypt:
    @pytest.fixture
    def hasher(self) -> PasswordHasher:
        return PasswordHasher("bcrypt", memory_kib=8, rounds=4)

    async def test_has_twelve_rounds_and_a_mark_of_its_own(self) -> None:
        assert re.fullmatch(
            r"\$bcrypt-sha256\$v=2,t=2b,r=12\$[./A-Za-z0-9]{22}\$[./A-Za-z0-9]{31}",
            await PasswordHasher("bcrypt").hash(PASSWORD),
        )

    async def test_is_the_form_that_passlib_published(self, cheap_passwords: PasswordHasher) -> None:
        published = "$bcrypt-sha256$v=2,t=2b,r=12$n79VH.0Q2TMWmt3Oqt9uku$Kq4Noyk3094Y2QlB8NdRT8SvGiI4ft2"
        right, better = await cheap_passwords.verify("password", published)
        assert (right, (better or "").startswith("$argon2id$")) == (True, True)

    @pytest.mark.parametrize(
        "password", [PASSWORD, "", "x" * 72, "x" * 10_000, "\0", "a\0b", "\u00e4\U0001f30d"], ids=len
    )
    async def test_counts_every_byte(self, hasher: PasswordHasher, password: str) -> None:
        stored = await hasher.hash(password)
        assert await hasher.verify(password, stored) == (True, None)
        for other in (f"{password}x", f"{password}\0", password[:-1] or "y"):
            assert await hasher.verify(other, stored) == (False, None)

    async def test_no_two_hashes_are_alike(self, hasher: PasswordHasher) -> None:
        assert await hasher.hash(PASSWORD) != await hasher.hash(PASSWORD)

    @pytest.mark.parametrize("mark", ["2a", "2b", "2y"])
    async def test_a_plain_hash_of_others_is_read_as_they_made_it_and_replaced(
        self, hasher: PasswordHasher, mark: str
    ) -> None:
        long = "L" * 71 + "\u00e9 and more"  # its 72nd byte is the first half of a letter
        stored = bcrypt.hashpw(long.encode()[:72], bcrypt.gensalt(4)).decode().replace("2b", mark, 1)
        right, better = await hasher.verify(long, stored)
        assert right
        assert better is not None
        assert await hasher.verify(long, better) == (True, None)
        assert (await hasher.verify("L" * 71 + "\u00e9 and less", better))[0] is False
        assert (await hasher.verify("L" * 71, stored))[0] is False

    @pytest.mark.parametrize(
        ("former", "present"), [("bcrypt", "argon2id"), ("argon2id", "bcrypt")], ids=["to argon2id", "to bcrypt"]
    )
    async def test_hashes_of_the_other_scheme_are_replaced(
        self, former: PasswordScheme, present: PasswordScheme
    ) -> None:
        old, new = (PasswordHasher(scheme, memory_kib=8, rounds=4) for scheme in (former, present))
        right, better = await new.verify(PASSWORD, await old.hash(PASSWORD))
        assert right
        assert better is not None
        assert await new.verify(PASSWORD, better) == (True, None)
        assert await new.verify("wrong", await old.hash(PASSWORD)) == (False, None)

    async def test_hashes_of_other_rounds_are_replaced(self, hasher: PasswordHasher) -> None:
        stored = await PasswordHasher("bcrypt", rounds=5).hash(PASSWORD)
        right, better = await hasher.verify(PASSWORD, stored)
        assert (right, (better or "").startswith("$bcrypt-sha256$v=2,t=2b,r=4$")) == (True, True)

    @pytest.mark.parametrize(
        "stored",
        [
            "$2b$31$" + "." * 53,
            "$2b$03$" + "." * 53,
            "$2x$04$" + "." * 53,
            "$2b$04$" + "." * 52,
            "$2b$04$" + "!" * 53,
            "$2b$4$" + "." * 53,
            "$bcrypt-sha256$v=1,t=2b,r=4$" + "." * 22 + "$" + "." * 31,
            "$bcrypt-sha256$v=2,t=2b,r=31$" + "." * 22 + "$" + "." * 31,
            "$bcrypt-sha256$v=2,t=2b,r=4$$",
            "$argon2id$v=19$m=4194304,t=2,p=1$YWFhYWFhYWFhYWE$YWFhYWFhYWFhYWFhYWFhYWE",
            "$argon2id$v=19$m=8,t=9999,p=1$YWFhYWFhYWFhYWE$YWFhYWFhYWFhYWFhYWFhYWE",
            "$argon2id$v=19$m=8,t=2,p=2$YWFhYWFhYWFhYWE$YWFhYWFhYWFhYWFhYWFhYWE",
            "$argon2id$v=19$m=8,t=2,p=1$YWFhYWFhYWFhY$YWFhYWFhYWFhYWFhYWFhYWE",
            "$argon2id$v=19$m=8,t=2,p=1$YWFhYWFhYWFhYWF$YWFhYWFhYWFhYWFhYWFhYWE",
        ],
    )
    async def test_what_nobody_can_compare_in_time_fits_no_password(
        self, hasher: PasswordHasher, stored: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with counted(monkeypatch) as seen:
            assert await hasher.verify(PASSWORD, stored) == (False, None)
        assert [cost_of(text) for text in seen] == ["$2b$04$"]


class TestReadableAtFirstSight:
    """A salt whose last character has bits that nobody reads: bcrypt refuses it without comparing anything."""

    ODD = f"{'A' * 22}{'.' * 31}"

    async def test_costs_as_much_as_any_other(self, monkeypatch: pytest.MonkeyPatch) -> None:
        hasher = PasswordHasher("bcrypt", rounds=4)
        for stored in (f"$2b$04${self.ODD}", f"$bcrypt-sha256$v=2,t=2b,r=4${self.ODD[:22]}${self.ODD[22:]}"):
            with counted(monkeypatch) as seen:
                assert await hasher.verify(PASSWORD, stored) == (False, None)
            assert seen[1:] == ["$2b$04$" + "." * 53]

    def test_is_a_fault_where_it_is_not_even_that(self) -> None:
        with pytest.raises(ValueError, match="not such a hash"):
            BcryptOfHmac().verify(b"", "plain")


class TestCostOfFailing:
    """To fail takes the same work whoever is meant: rows 67 and 71, AUTH-11."""

    STORED = (
        Argon2Hasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD),
        Argon2Hasher(time_cost=1, memory_cost=16, parallelism=2).hash(PASSWORD),
        bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode(),
    )

    @pytest.mark.parametrize("scheme", ["argon2id", "bcrypt"])
    async def test_is_one_hash_of_the_scheme_where_all_are_of_it(
        self, scheme: PasswordScheme, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hasher = PasswordHasher(scheme, memory_kib=8, rounds=4)
        stored = await hasher.hash(PASSWORD)
        costs = []
        for found in (stored, None, "", "unreadable"):
            with counted(monkeypatch) as seen:
                assert await hasher.verify("wrong", found) == (False, None)
            costs.append([cost_of(text) for text in seen])
        assert costs == [["$argon2id$v=19$m=8,t=2,p=1$" if scheme == "argon2id" else "$2b$04$"]] * 4

    async def test_is_one_of_each_where_they_are_mixed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        hasher = PasswordHasher(memory_kib=8)
        for stored in self.STORED:
            await hasher.verify("wrong", stored)
        costs = []
        for found in (*self.STORED, None, "", "unreadable"):
            with counted(monkeypatch) as seen:
                assert await hasher.verify("wrong", found) == (False, None)
            costs.append(sorted(cost_of(text) for text in seen))
        assert costs == [["$2b$04$", "$argon2id$v=19$m=16,t=1,p=2$", "$argon2id$v=19$m=8,t=2,p=1$"]] * 6

    async def test_is_bounded_whatever_is_stored(self, monkeypatch: pytest.MonkeyPatch) -> None:
        hasher = PasswordHasher(memory_kib=8)
        for memory in range(8, 30):
            await hasher.verify("wrong", Argon2Hasher(time_cost=1, memory_cost=memory, parallelism=1).hash(PASSWORD))
        with counted(monkeypatch) as seen:
            await hasher.verify("wrong", None)
        assert len(seen) == MAX_COSTS

    async def test_the_right_password_costs_no_more_than_its_own_hash(self, monkeypatch: pytest.MonkeyPatch) -> None:
        hasher = PasswordHasher(memory_kib=8)
        for stored in self.STORED:
            await hasher.verify("wrong", stored)
        with counted(monkeypatch) as seen:
            assert await hasher.verify(PASSWORD, self.STORED[0]) == (True, None)
        assert seen == [self.STORED[0]]


class TestLoad:
    @pytest.fixture
    def slow(self) -> PasswordHasher:
        """One hash at a time, and not at once."""
        return PasswordHasher(workers=os.cpu_count() or 1, memory_kib=SLOW_KIB)

    @pytest.mark.parametrize("call", ["hash", "verify"])
    async def test_other_requests_go_on_meanwhile(self, slow: PasswordHasher, call: str) -> None:
        hashing: asyncio.Task[object] = asyncio.create_task(
            slow.hash(PASSWORD) if call == "hash" else slow.verify(PASSWORD, None)
        )
        steps = 0
        while not hashing.done():
            await asyncio.sleep(0.001)
            steps += 1
        assert steps > 5
        assert await hashing

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
        refused = await ask()
        assert refused.done()  # not waiting like the others
        error = refused.exception()
        assert isinstance(error, Unavailable)
        assert error.retry_after == 1

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
