"""The form of API keys, and what is stored of them."""

import hashlib
import re

import pytest

from lintel.security import ApiKeys, InvalidToken

KEYS = ApiKeys()


class TestMake:
    def test_gives_a_key_that_scanners_know(self) -> None:
        text, parts = KEYS.make()
        assert re.fullmatch(r"lintel_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}", text)
        assert text.startswith(f"{parts.prefix}_")
        assert parts.hash == hashlib.sha256(text.encode()).hexdigest()

    def test_never_gives_the_same_again(self) -> None:
        made = [KEYS.make() for _ in range(100)]
        assert len({parts.prefix for _, parts in made}) == 100
        assert len({text[-49:] for text, _ in made}) == 100

    def test_takes_the_label_of_its_service(self) -> None:
        text, parts = ApiKeys("acme").make()
        assert parts.prefix.startswith("acme_")
        with pytest.raises(InvalidToken):
            KEYS.read(text)


class TestRead:
    def test_finds_what_was_made(self) -> None:
        text, parts = KEYS.make()
        assert KEYS.read(text) == parts

    @pytest.mark.parametrize("place", [0, 6, 7, 18, 19, 20, 40, 62, 63, 68])
    def test_refuses_another_letter_anywhere(self, place: int) -> None:
        text, _ = KEYS.make()
        other = "A" if text[place] != "A" else "B"
        with pytest.raises(InvalidToken):
            KEYS.read(text[:place] + other + text[place + 1 :])

    @pytest.mark.parametrize(
        "change",
        [
            lambda text: "",
            lambda text: text[:-1],
            lambda text: f"{text}A",
            lambda text: f"{text}\n",
            lambda text: f" {text}",
            lambda text: text.upper(),
            lambda text: f"{text},{text}",
            lambda text: text.replace("_", "-"),
            lambda text: f"{text[:-1]}é",
            lambda text: f"{text[:-1]}\u0661",
            lambda text: text * 1_000,
        ],
    )
    def test_refuses_every_other_form(self, change: object) -> None:
        assert callable(change)
        with pytest.raises(InvalidToken):
            KEYS.read(change(KEYS.make()[0]))


class TestHashes:
    def test_fit_their_key_alone(self) -> None:
        _, parts = KEYS.make()
        _, others = KEYS.make()
        assert parts.is_hashed_as(parts.hash)
        assert not parts.is_hashed_as(others.hash)

    @pytest.mark.parametrize("stored", [None, "", "0" * 64])
    def test_that_are_none_fit_nothing(self, stored: str | None) -> None:
        assert not KEYS.make()[1].is_hashed_as(stored)
