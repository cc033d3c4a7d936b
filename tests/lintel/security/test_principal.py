import dataclasses

import pytest

from lintel.security import Principal


class TestMay:
    @pytest.mark.parametrize(
        ("held", "wanted", "allowed"),
        [
            (set(), "users:read", False),
            ({"users:read"}, "users:read", True),
            ({"users:read"}, "users", False),
            ({"users:read"}, "users:*", False),
            ({"users:read"}, "USERS:READ", False),
            ({"users:*"}, "users:read", False),
        ],
    )
    def test_is_what_they_hold_and_nothing_like_it(self, held: set[str], wanted: str, *, allowed: bool) -> None:
        assert Principal(7, held).may(wanted) is allowed

    def test_nobody_holds_anything_unless_it_was_given(self) -> None:
        assert Principal(7).permissions == frozenset()


class TestPrincipal:
    def test_cannot_become_somebody_else(self) -> None:
        principal = Principal(7)
        with pytest.raises(dataclasses.FrozenInstanceError):
            principal.id = 8  # type: ignore[misc]
        assert principal == Principal(7)
