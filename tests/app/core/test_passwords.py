"""What every password must have."""

import pytest

from app.core.passwords import (
    MAX_LENGTH,
    MIN_LENGTH,
    TOO_COMMON,
    check_password_classes,
    check_password_uncommon,
    is_made_of,
)


class TestCheckPasswordClasses:
    @pytest.mark.parametrize("password", ["Lovelace1815", "aA1", "éÉ٣", "  aA1  "])
    def test_accepts_one_of_each(self, password: str) -> None:
        check_password_classes(password)

    @pytest.mark.parametrize(
        ("password", "missing"),
        [
            ("lovelace1815", "one upper-case letter"),
            ("LOVELACE1815", "one lower-case letter"),
            ("LovelaceAda", "one digit"),
            ("1815", "one upper-case letter and one lower-case letter"),
            ("", "one upper-case letter and one lower-case letter and one digit"),
            ("日本語", "one upper-case letter and one lower-case letter and one digit"),
        ],
    )
    def test_names_each_that_is_missing_and_not_the_password(self, password: str, missing: str) -> None:
        with pytest.raises(ValueError, match=f"^needs at least {missing}$"):
            check_password_classes(password)


class TestCheckPasswordUncommon:
    """TRAP-187: each of these has the three classes."""

    @pytest.mark.parametrize(
        "password",
        [
            "Password1",
            "Passw0rd!",
            "P@ssw0rd!2024",
            "Pa$$w0rd1",
            "2024Password",
            "PassWord123!",
            "Password1Password1",
            "Welcome2024",
            "Letmein123",
            "Adm1n1234",
            "4dmin4Dmin",
            "$Unshine1",
            "Iloveyou2",
            "I.love.you2",
            "1l0v3y0U!",
            "Summer2025!",
            "Dezember2024",
            "Contrase\u00f1a1",
            "Contrasen\u0303a1",
            "Jennifer1984",
            "Monkey123",
            "Qwerty123",
            "Qwertz1234",
            "Azerty12",
            "1qaz2WSX",
            "!QAZ2wsx",
            "Zaq12wsX",
            "1Q2w3e4r",
            "Asdf1234",
            "Abcd1234!",
            "Aa123456",
            "Abc12345",
            "123456Aa",
            "Qqwweerrtt1",
        ],
    )
    def test_refuses_what_everybody_tries_first_and_does_not_repeat_it(self, password: str) -> None:
        check_password_classes(password)
        with pytest.raises(ValueError, match=f"^{TOO_COMMON}$") as refused:
            check_password_uncommon(password)
        assert password not in str(refused.value)

    @pytest.mark.parametrize(
        "password",
        [
            "Bernoulli1843",
            "TestPassword123",
            "Correct-horse-battery-9",
            "Tr33house",
            "Treasure9",
            "Xk9mPq2v",
            "We pass the 3rd word",
            "Qwertiest9Fox",
            "\u65e5\u672c\u8a9eAa1\u30d1\u30b9\u30ef\u30fc\u30c9",
            "Aa1" + "x" * (MIN_LENGTH - 3),
            "Aa1" + "x" * (MAX_LENGTH - 3),
            "\ufdfa" * (MAX_LENGTH - 3) + "Aa1",  # eighteen characters each, once taken apart
        ],
    )
    def test_accepts_what_is_longer_or_rarer(self, password: str) -> None:
        check_password_uncommon(password)

    @pytest.mark.parametrize("text", ["", "1", "!!!!!!!!", "\u0301\u0301"])
    def test_can_be_asked_about_any_text(self, text: str) -> None:
        assert not is_made_of(text, [text])


class TestIsMadeOf:
    @pytest.mark.parametrize(
        ("password", "names"),
        [
            ("Lovelace1815", ["Ada Lovelace"]),
            ("Ada.Lovelace1", ["Ada Lovelace"]),
            ("LovelaceAda!1", ["Ada Lovelace"]),
            ("L0velace!", ["Ada Lovelace"]),
            ("Lovelace12", ["ada.lovelace@example.com"]),
            ("Ada@Example.com1", ["ada@example.com"]),
            ("AdaLovelace1815", ["ada.lovelace@example.com"]),
            ("Lovelace.Ada!1", ["ada_lovelace@example.com"]),
            ("Ada_k1ng!", ["ada-king"]),
            ("Example2026", ["ada@example.com"]),
            ("Lintel2026!", ["Lintel"]),
            ("LintelLintel1", ["Lintel"]),
            ("M\u00fcller1970", ["J\u00fcrgen Mu\u0308ller"]),
        ],
    )
    def test_sees_a_name_with_anything_around_it(self, password: str, names: list[str]) -> None:
        assert is_made_of(password, names)

    @pytest.mark.parametrize("names", [[], ["Ada Lovelace", "ada@example.com", "Lintel"], ["", " ", "7"], ["B"]])
    def test_sees_none_in_another_password(self, names: list[str]) -> None:
        assert not is_made_of("Bernoulli1843", names)
