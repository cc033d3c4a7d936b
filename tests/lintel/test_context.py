import asyncio
import uuid

import pytest

from lintel.context import (
    accept_request_id,
    bind_request_id,
    current_request_id,
    new_request_id,
    unbind_request_id,
)


class TestNewRequestId:
    def test_is_a_time_ordered_uuid(self) -> None:
        ids = [new_request_id() for _ in range(100)]
        assert {uuid.UUID(text).version for text in ids} == {7}
        assert ids == sorted(set(ids))

    def test_would_be_accepted_itself(self) -> None:
        made = new_request_id()
        assert accept_request_id(made) == made


class TestAcceptRequestId:
    @pytest.mark.parametrize(
        "candidate",
        ["a" * 8, "a" * 128, "01234567", "abc.DEF_9~-x", "9f1c2b3a-0000-4000-8000-000000000000", "a-------"],
    )
    def test_keeps_8_to_128_harmless_characters(self, candidate: str) -> None:
        assert accept_request_id(candidate) == candidate

    @pytest.mark.parametrize(
        "candidate",
        [
            None,
            "",
            "a" * 7,
            "a" * 129,
            "a" * 100_000,
            "-aaaaaaaa",
            ".aaaaaaaa",
            "aaaa aaaa",
            "aaaaaaaa\n",
            "aaaaaaaa\r\nX-Forged: 1",
            "aaaa\x00aaaa",
            "aaaa\x1b[31maaaa",
            "aaaa/aaaa",
            "<aaaaaaaa>",
            '"aaaaaaaa"',
            "äöüäöüäöü",
            "١٢٣٤٥٦٧٨",
            "\ud800" * 8,
        ],
    )
    def test_replaces_anything_else_by_a_fresh_one(self, candidate: str | None) -> None:
        accepted = accept_request_id(candidate)
        assert accepted != candidate
        assert uuid.UUID(accepted).version == 7


class TestCurrentRequestId:
    def test_is_none_outside_of_a_request(self) -> None:
        assert current_request_id() is None

    def test_is_what_was_bound_until_it_is_unbound(self) -> None:
        outer = bind_request_id("outer-id")
        inner = bind_request_id("inner-id")
        assert current_request_id() == "inner-id"
        unbind_request_id(inner)
        assert current_request_id() == "outer-id"
        unbind_request_id(outer)
        assert current_request_id() is None

    @pytest.mark.anyio
    async def test_tasks_side_by_side_have_each_their_own(self) -> None:
        async def work(request_id: str) -> str | None:
            bind_request_id(request_id)
            await asyncio.sleep(0)
            return current_request_id()

        ids = [f"request-{number}" for number in range(5)]
        assert await asyncio.gather(*map(work, ids)) == ids
        assert current_request_id() is None
