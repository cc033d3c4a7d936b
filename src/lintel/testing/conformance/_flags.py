"""What everybody who knows flags must do."""

import pytest

from lintel.flags import Flag, Flags
from lintel.security import Principal

OFF = Flag("new_editor", default=False, description="The new editor.")
ON = Flag("analyses", default=True, description="Analyses.")
FORCED = Flag("forced", default=False, description="On by the environment.")
DECLARED = (OFF, ON, FORCED)
OVERRIDES = {"forced": True}
ADA = Principal(1, roles=frozenset({"admin"}))
BOB = Principal(2, roles=frozenset({"user"}))


class FlagsConformance:
    """Subclass it with a fixture `flags` for `DECLARED` and `OVERRIDES`, and with `switch` and `break_down`."""

    pytestmark = pytest.mark.anyio

    async def switch(self, flag: Flag, *, on: bool, user_ids: frozenset[int] = frozenset()) -> None:
        """Decide about a flag for everybody, or for these users alone."""
        raise NotImplementedError

    async def break_down(self) -> None:
        """Let nobody be asked any more."""
        raise NotImplementedError

    async def test_a_flag_that_nobody_decided_about_is_at_its_default(self, flags: Flags) -> None:
        for principal in (None, ADA, BOB):
            assert not await flags.is_on(OFF, principal)
            assert await flags.is_on(ON, principal)

    async def test_a_decision_is_followed(self, flags: Flags) -> None:
        for on in (True, False, True):
            for flag in (OFF, ON):
                await self.switch(flag, on=on)
                assert [await flags.is_on(flag, principal) for principal in (None, ADA, BOB)] == [on] * 3

    async def test_a_decision_can_be_for_some(self, flags: Flags) -> None:
        await self.switch(OFF, on=True, user_ids=frozenset({ADA.id}))
        assert [await flags.is_on(OFF, principal) for principal in (ADA, BOB, None)] == [True, False, False]

    async def test_the_environment_wins(self, flags: Flags) -> None:
        await self.switch(FORCED, on=False)
        assert await flags.is_on(FORCED, ADA)

    async def test_where_nobody_can_be_asked_there_is_an_answer_all_the_same(self, flags: Flags) -> None:
        await self.break_down()
        assert [await flags.is_on(flag, ADA) for flag in DECLARED] == [False, True, True]
