"""Refresh tokens as texts."""

import base64
from uuid import UUID

import pytest

from lintel.security import InvalidToken, RefreshTokens, new_salt

KEY = "a key that is long enough for anything 0123456789"
SESSION = UUID("01a1fe7c-e4ae-70df-8735-e9f71437e821")


@pytest.fixture
def tokens() -> RefreshTokens:
    return RefreshTokens([KEY])


class TestRead:
    def test_finds_what_was_made(self, tokens: RefreshTokens) -> None:
        salt = new_salt()
        token = tokens.read(tokens.make(SESSION, 7, salt))
        assert (token.session_id, token.number) == (SESSION, 7)
        assert tokens.is_genuine(token, salt)

    def test_makes_the_same_again(self, tokens: RefreshTokens) -> None:
        salt = new_salt()
        assert tokens.make(SESSION, 7, salt) == tokens.make(SESSION, 7, salt)
        assert len({tokens.make(SESSION, number, salt) for number in range(100)}) == 100

    @pytest.mark.parametrize(
        "bad", ["", "A", "A" * 69, "A" * 71, "A" * 10_000, "é" * 70, "\udcff" * 70, "=" * 70, " " * 70]
    )
    def test_refuses_every_other_form(self, tokens: RefreshTokens, bad: str) -> None:
        with pytest.raises(InvalidToken):
            tokens.read(bad)

    def test_knows_one_way_to_write_a_token(self, tokens: RefreshTokens) -> None:
        """The last character carries four bits that mean nothing."""
        text = tokens.make(SESSION, 0, new_salt())
        data = base64.urlsafe_b64decode(text + "==")
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        others = [text[:-1] + sign for sign in alphabet if text[:-1] + sign != text]
        same = [other for other in others if base64.urlsafe_b64decode(other + "==") == data]
        assert len(same) == 15
        for other in [*same, text + "=", text + "==", text.replace("-", "+").replace("_", "/") + " "]:
            with pytest.raises(InvalidToken):
                tokens.read(other)


class TestIsGenuine:
    def test_not_where_anything_is_different(self, tokens: RefreshTokens) -> None:
        salt = new_salt()
        text = tokens.make(SESSION, 7, salt)
        assert not tokens.is_genuine(tokens.read(text), new_salt())
        assert not RefreshTokens(["another key, long enough 0123456789"]).is_genuine(tokens.read(text), salt)
        data = base64.urlsafe_b64decode(text + "==")
        for at in range(len(data)):
            changed = bytes([*data[:at], data[at] ^ 1, *data[at + 1 :]])
            read = tokens.read(base64.urlsafe_b64encode(changed).rstrip(b"=").decode())
            assert not tokens.is_genuine(read, salt)

    def test_while_its_key_is_known(self, tokens: RefreshTokens) -> None:
        salt = new_salt()
        token = tokens.read(tokens.make(SESSION, 7, salt))
        newer = "a newer key that is long enough 0123456789"
        assert RefreshTokens([newer, KEY]).is_genuine(token, salt)
        assert not RefreshTokens([newer]).is_genuine(token, salt)
