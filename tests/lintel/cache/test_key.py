import subprocess
import sys
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import combinations
from typing import Any
from uuid import UUID

import pytest

from lintel.cache import CacheKey
from lintel.errors import PermissionDenied
from lintel.security import Principal

ADA = Principal(1, {"users:read"})


class Colour(StrEnum):
    RED = "red"


class TestAudience:
    def test_is_part_of_every_key(self) -> None:
        keys = [
            CacheKey.personal("words", ADA, 1),
            CacheKey.personal("words", Principal(2), 1),
            CacheKey.permitted("words", ADA, "users:read", 1),
            CacheKey.public("words", 1),
        ]
        assert len({key.text for key in keys}) == 4
        assert {key.name for key in keys} == {"words"}

    def test_who_lacks_the_permission_gets_no_key(self) -> None:
        with pytest.raises(PermissionDenied):
            CacheKey.permitted("words", Principal(2), "users:read", 1)

    def test_all_who_hold_it_share_one(self) -> None:
        other = Principal(2, {"users:read", "users:manage"})
        assert CacheKey.permitted("words", ADA, "users:read") == CacheKey.permitted("words", other, "users:read")


class TestParts:
    def test_that_differ_make_keys_that_differ(self) -> None:
        parts: list[tuple[Any, ...]] = [
            (),
            ("",),
            ("", ""),
            (1,),
            ("1",),
            (True,),
            ("True",),
            (None,),
            ("None",),
            (1.0,),
            ("a:b",),
            ("a", "b"),
            ("a%3Ab",),
            ("'a",),
            ("a\nb",),
            ("\u00e9",),
            ("e\u0301",),
            ("\ud800",),
            (date(2026, 1, 1),),
            ("2026-01-01",),
            (datetime(2026, 1, 1, tzinfo=UTC),),
            (UUID(int=1),),
            ("x" * 1_000,),
            ("x" * 999, "x"),
            ("#" + "0" * 64,),
        ]
        texts = [CacheKey.public("words", *some).text for some in parts]
        assert [pair for pair in combinations(texts, 2) if pair[0] == pair[1]] == []

    def test_long_ones_are_hashed(self) -> None:
        assert len(CacheKey.public("words", *["x" * 100] * 100).text) < 100

    def test_no_sign_of_theirs_has_a_meaning(self) -> None:
        text = CacheKey.personal("words", ADA, "a:b *?[x]\r\n\x00").text
        assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%:'_.-~")

    def test_an_enumeration_counts_as_its_value(self) -> None:
        assert CacheKey.public("words", Colour.RED) == CacheKey.public("words", "red")

    @pytest.mark.parametrize("part", [object(), [object()], {"a": 1}, {1}, b"x", lambda: 1])
    def test_what_means_nothing_elsewhere_is_refused(self, part: Any) -> None:
        with pytest.raises(TypeError, match="cannot be part of a cache key"):
            CacheKey.public("words", part)

    def test_every_process_makes_the_same(self) -> None:
        script = "from lintel.cache import CacheKey; print(CacheKey.public('words', 'é' * 99, 1, None).text)"
        texts = {
            subprocess.run(
                [sys.executable, "-c", script], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
            ).stdout
            for seed in ("1", "2")
        }
        assert texts == {CacheKey.public("words", "é" * 99, 1, None).text + "\n"}
