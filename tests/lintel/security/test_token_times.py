"""Tokens and time: what a signer remembers, and clocks that differ."""

import time
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from joserfc import jwt

from lintel.security import InvalidToken, TokenSigner
from lintel.security._tokens import LEEWAY
from tests.lintel.security.forging import forge, make


@pytest.fixture
def signer() -> TokenSigner:
    return make()


class TestRemembering:
    @pytest.fixture
    def checked(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Every token whose signature was checked."""
        seen: list[str] = []
        decode = jwt.decode

        def count(value: str, *arguments: Any, **options: Any) -> Any:
            seen.append(value)
            return decode(value, *arguments, **options)

        monkeypatch.setattr("lintel.security._tokens.jwt.decode", count)
        return seen

    def test_checks_the_signature_of_a_good_token_once(self, signer: TokenSigner, checked: list[str]) -> None:
        token = signer.sign("7").value
        assert signer.verify(token) == signer.verify(token)
        assert checked == [token]

    def test_checks_a_bad_token_each_time(self, signer: TokenSigner, checked: list[str]) -> None:
        for _ in range(2):
            with pytest.raises(InvalidToken):
                signer.verify(forge(key="another key, also long enough 0123456789"))
        assert len(checked) == 2

    @pytest.mark.parametrize("moved", [timedelta(minutes=2), -timedelta(minutes=2)])
    def test_the_clock_still_ends_a_token(
        self, signer: TokenSigner, monkeypatch: pytest.MonkeyPatch, moved: timedelta
    ) -> None:
        token, now = signer.sign("7").value, time.time()
        signer.verify(token)
        monkeypatch.setattr(time, "time", lambda: now + moved.total_seconds())
        with pytest.raises(InvalidToken):
            signer.verify(token)

    def test_nobody_can_change_what_is_remembered(self, signer: TokenSigner) -> None:
        claims = signer.verify(signer.sign("7").value)
        with pytest.raises(TypeError):
            claims["sub"] = "1"  # type: ignore[index]

    def test_another_signer_does_not_know_it(self, signer: TokenSigner) -> None:
        token = signer.sign("7").value
        signer.verify(token)
        with pytest.raises(InvalidToken):
            make("another key, also long enough 0123456789").verify(token)

    def test_is_bounded(self, signer: TokenSigner, checked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("lintel.security._tokens.MAX_VERIFIED", 2)
        first, second, third = (signer.sign("7").value for _ in range(3))
        for token in (first, second, third, third, second, first):
            signer.verify(token)
        assert checked == [first, second, third, first]


class TestClocks:
    """Row 60: machines whose clocks differ."""

    @pytest.mark.parametrize("ahead", [0, 1, LEEWAY - 1])
    def test_one_that_is_a_little_ahead_can_sign_for_others(
        self, signer: TokenSigner, monkeypatch: pytest.MonkeyPatch, ahead: int
    ) -> None:
        now = time.time()
        token = forge(iat=now + ahead, nbf=now + ahead, exp=now + ahead + 60)
        monkeypatch.setattr(time, "time", lambda: now)
        for _ in range(2):  # the second time it is remembered
            assert signer.verify(token)["sub"] == "7"

    @pytest.mark.parametrize("ahead", [LEEWAY + 2, 3_600])
    def test_one_that_is_far_ahead_cannot(self, signer: TokenSigner, ahead: int) -> None:
        now = time.time()
        with pytest.raises(InvalidToken):
            signer.verify(forge(iat=now + ahead, nbf=now + ahead, exp=now + ahead + 60))

    @pytest.mark.parametrize("ago", [0, 1, LEEWAY - 1, LEEWAY + 1, 3_600])
    def test_no_token_lives_longer_for_it(self, signer: TokenSigner, ago: int) -> None:
        now = time.time()
        for _ in range(2):
            with pytest.raises(InvalidToken):
                signer.verify(forge(iat=now - 7_200, nbf=now - 7_200, exp=now - ago))

    def test_a_jump_there_and_back_again_changes_nothing(
        self, signer: TokenSigner, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        token, now = signer.sign("7").value, time.time()
        for jump, is_good in ((0, True), (3_600, False), (0, True), (-3_600, False), (1, True)):
            monkeypatch.setattr(time, "time", partial(float, now + jump))
            if is_good:
                assert signer.verify(token)["sub"] == "7"
                continue
            with pytest.raises(InvalidToken):
                signer.verify(token)
