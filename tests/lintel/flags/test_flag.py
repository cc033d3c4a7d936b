import subprocess
import sys

import pytest

from lintel.flags import Flag, Rule, bucket_of
from lintel.security import Principal

FLAG = Flag("new_editor", default=False, description="The new editor.")
OTHER = Flag("old_editor", default=False, description="The old editor.")
USERS = range(1, 20_001)


class TestName:
    @pytest.mark.parametrize("name", ["", "A", "new-editor", "1x", "x" * 64, "ü", "x\n"])
    def test_is_a_plain_word(self, name: str) -> None:
        with pytest.raises(ValueError, match="not a flag's name"):
            Flag(name, default=False, description="")


class TestPercentage:
    @pytest.mark.parametrize("percentage", [0, 0.5, 10, 50, 99.5, 100])
    def test_is_the_part_of_users_for_whom_it_is_on(self, percentage: float) -> None:
        rule = Rule(enabled=True, percentage=percentage)
        on = sum(rule.applies_to(FLAG, Principal(user)) for user in USERS)
        assert abs(on / len(USERS) * 100 - percentage) < (0 if percentage in {0, 100} else 1) + 1e-9

    def test_who_had_it_keeps_it_when_it_grows(self) -> None:
        small, large = Rule(enabled=True, percentage=10), Rule(enabled=True, percentage=20)
        had = [user for user in USERS if small.applies_to(FLAG, Principal(user))]
        assert all(large.applies_to(FLAG, Principal(user)) for user in had)

    def test_another_flag_is_for_others(self) -> None:
        rule = Rule(enabled=True, percentage=50)
        both = sum(rule.applies_to(FLAG, Principal(user)) and rule.applies_to(OTHER, Principal(user)) for user in USERS)
        assert abs(both / len(USERS) - 0.25) < 0.02

    def test_every_process_divides_alike(self) -> None:
        script = (
            "from lintel.flags import *\n"
            "flag = Flag('new_editor', default=False, description='')\n"
            "print(*[bucket_of(flag, user) for user in range(1, 50)])"
        )
        done = subprocess.run(
            [sys.executable, "-c", script], env={"PYTHONHASHSEED": "7"}, capture_output=True, text=True, check=True
        )
        assert [int(word) for word in done.stdout.split()] == [bucket_of(FLAG, user) for user in range(1, 50)]
        assert bucket_of(FLAG, 1) == 784  # never to change: it would deal the users anew


class TestTargets:
    @pytest.mark.parametrize(
        ("principal", "on"),
        [
            (Principal(1), True),
            (Principal(2, roles=frozenset({"admin"})), True),
            (Principal(2, roles=frozenset({"user"})), False),
            (Principal(2, {"admin"}), False),
            (None, False),
        ],
    )
    def test_named_users_and_roles_have_it_in_any_case(self, principal: Principal | None, *, on: bool) -> None:
        rule = Rule(enabled=True, percentage=0, user_ids=frozenset({1}), roles=frozenset({"admin"}))
        assert rule.applies_to(FLAG, principal) is on

    def test_off_is_off_for_them_too(self) -> None:
        rule = Rule(enabled=False, user_ids=frozenset({1}), roles=frozenset({"admin"}))
        assert not rule.applies_to(FLAG, Principal(1, roles=frozenset({"admin"})))
