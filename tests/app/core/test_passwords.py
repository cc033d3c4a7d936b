"""What every password must have."""

import pytest

from app.core.passwords import check_password_classes


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
