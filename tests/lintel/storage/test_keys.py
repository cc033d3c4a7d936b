import pytest

from lintel.storage import InvalidKey, is_key, key_parts


class TestKeyParts:
    def test_are_what_stands_between_slashes(self) -> None:
        assert key_parts("exports/2026-11/019aa2c4.ndjson") == ("exports", "2026-11", "019aa2c4.ndjson")

    @pytest.mark.parametrize("key", ["a" * 128, "/".join(["a"] * 16), "a..b", "_", "-x"])
    def test_plain_names_are_keys(self, key: str) -> None:
        assert is_key(key)

    @pytest.mark.parametrize(
        "key", ["a" * 129, "/".join(["a"] * 17), "..", ".drafts/a", "a/.b", "a%2fb", "a?b", "a\x7f"]
    )
    def test_what_could_lead_elsewhere_is_refused_and_not_repeated(self, key: str) -> None:
        assert not is_key(key)
        with pytest.raises(InvalidKey) as refused:
            key_parts(key)
        assert key not in str(refused.value)
