import base64
import hashlib
import json
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, RSAKey

from lintel.security import SigningKeys, signing_keys_of
from lintel.settings import SecuritySettings, SettingsError, load_settings

SECRET = "tX3-9vQ_kLz7PmR2wYb8NfHcJ0sGdUeA"


def pem(curve: str = "P-256", *, private: bool = True) -> str:
    return ECKey.generate_key(curve).as_pem(private=private).decode()


def public_of(private: str) -> str:
    return ECKey.import_key(private).as_pem(private=False).decode()


class TestOfSecrets:
    def test_the_first_signs_and_all_verify(self) -> None:
        keys = SigningKeys.of_secrets([SECRET, SECRET[::-1]])
        assert keys.algorithm == "HS256"
        assert [key.raw_value for key in keys.by_id.values()] == [SECRET.encode(), SECRET[::-1].encode()]
        assert keys.find(keys.current_id) is keys.find(None) is keys.current

    def test_ids_are_stable_and_tell_nothing(self) -> None:
        key_id = SigningKeys.of_secrets([SECRET]).current_id
        assert SigningKeys.of_secrets([SECRET]).current_id == key_id
        assert len(key_id) == 16
        # Neither a hash that could be looked up, nor the thumbprint, which is one.
        for digest in (hashlib.sha256(SECRET.encode()).digest(), hashlib.sha256(key_id.encode()).digest()):
            assert not base64.urlsafe_b64encode(digest).decode().startswith(key_id[:6])
        assert SigningKeys.of_secrets([SECRET]).current.thumbprint() != key_id

    def test_publish_nothing(self) -> None:
        assert SigningKeys.of_secrets([SECRET, SECRET[::-1]]).public() == []


class TestOfPrivateKey:
    @pytest.mark.parametrize("line_break", ["\n", "\r\n", "\\n"], ids=ascii)
    def test_reads_a_pem_however_its_lines_are_written(self, line_break: str) -> None:
        private = pem()
        keys = SigningKeys.of_private_key(private.replace("\n", line_break))
        assert (keys.algorithm, keys.current_id) == ("ES256", ECKey.import_key(private).thumbprint())

    def test_reads_former_ones_in_every_form(self) -> None:
        former = [pem() for _ in range(3)]
        ids = [ECKey.import_key(private).thumbprint() for private in former]
        jwks = [ECKey.import_key(private).as_dict(private=False) for private in former]
        present = pem()
        for written in (
            "".join(map(public_of, former)),
            f"the keys of last year\n{chr(10).join(former)}\n",  # private ones: their public part is taken
            json.dumps({"keys": jwks}),
        ):
            keys = SigningKeys.of_private_key(present, written)
            assert list(keys.by_id) == [keys.current_id, *ids]
            assert [key.is_private for key in keys.by_id.values()] == [True, False, False, False]

    def test_reads_a_single_jwk(self) -> None:
        former = ECKey.generate_key("P-256")
        keys = SigningKeys.of_private_key(pem(), json.dumps(former.as_dict(private=False)))
        assert list(keys.by_id) == [keys.current_id, former.thumbprint()]

    def test_the_present_key_among_the_former_still_signs(self) -> None:
        private = pem()
        keys = SigningKeys.of_private_key(private, public_of(private))
        assert (len(keys.by_id), keys.current.is_private) == (1, True)

    def test_publishes_what_verifies_and_never_what_signs(self) -> None:
        keys = SigningKeys.of_private_key(pem(), pem())
        published = keys.public()
        assert [set(key) for key in published] == [{"kty", "crv", "x", "y", "kid", "use", "alg"}] * 2
        assert [key["kid"] for key in published] == list(keys.by_id)
        for key in published:
            required = {name: key[name] for name in ("crv", "kty", "x", "y")}
            canonical = json.dumps(required, separators=(",", ":")).encode()
            thumbprint = base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()
            assert key["kid"] == thumbprint  # RFC 7638

    @pytest.mark.parametrize(
        "written",
        [
            "",
            "secret",
            pem(private=False),
            pem("P-384"),
            pem() + pem(),
            RSAKey.generate_key(2048).as_pem(private=True).decode(),
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
            "{",
            "{}",
            '{"keys": 5}',
            '{"keys": []}',
            '{"kty": "EC"}',
        ],
        ids=range(12),
    )
    def test_refuses_a_key_that_cannot_sign_and_does_not_repeat_it(self, written: str) -> None:
        with pytest.raises(ValueError, match=r"^private_key$"):
            SigningKeys.of_private_key(written)

    @pytest.mark.parametrize("written", ["secret", pem("P-384", private=False), "{", '{"keys": [5]}'])
    def test_refuses_former_keys_that_cannot_verify(self, written: str) -> None:
        with pytest.raises(ValueError, match=r"^previous$"):
            SigningKeys.of_private_key(pem(), written)

    @pytest.mark.parametrize("unknown", ["", "x", 5, [], {}, True])
    def test_finds_nothing_under_another_id(self, unknown: object) -> None:
        assert SigningKeys.of_private_key(pem()).find(unknown) is None


class TestSigningKeysOf:
    def test_secrets_are_the_default(self) -> None:
        settings = load_settings(SecuritySettings, env_file=None, secret_key=SECRET, secret_key_previous=SECRET[::-1])
        assert [key.raw_value for key in signing_keys_of(settings).by_id.values()] == [
            SECRET.encode(),
            SECRET[::-1].encode(),
        ]

    def test_keys_come_from_files_as_well(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        present, former = pem(), pem()
        (tmp_path / "key.pem").write_text(present)
        (tmp_path / "old.pem").write_text(public_of(former))
        monkeypatch.setenv("ALGORITHM", "ES256")
        monkeypatch.setenv("JWT_PRIVATE_KEY_FILE", str(tmp_path / "key.pem"))
        monkeypatch.setenv("JWT_PUBLIC_KEYS_PREVIOUS_FILE", str(tmp_path / "old.pem"))
        settings = load_settings(SecuritySettings, env_file=None, secret_key=SECRET)
        ids = [ECKey.import_key(private).thumbprint() for private in (present, former)]
        assert list(signing_keys_of(settings).by_id) == ids
        assert "PRIVATE KEY" not in f"{settings!r} {settings.model_dump_json()}"

    @pytest.mark.parametrize("key", [None, "", " "])
    def test_es256_needs_a_key(self, key: str | None) -> None:
        with pytest.raises(SettingsError, match="JWT_PRIVATE_KEY is required by ALGORITHM=ES256"):
            load_settings(SecuritySettings, env_file=None, secret_key=SECRET, algorithm="ES256", jwt_private_key=key)

    @pytest.mark.parametrize(
        ("values", "name"),
        [
            ({"jwt_private_key": "hunter2"}, "JWT_PRIVATE_KEY"),
            ({"jwt_private_key": pem(), "jwt_public_keys_previous": "hunter2"}, "JWT_PUBLIC_KEYS_PREVIOUS"),
        ],
    )
    def test_a_key_that_cannot_be_read_is_a_fault_that_names_the_setting(
        self, values: dict[str, str], name: str
    ) -> None:
        settings = load_settings(SecuritySettings, env_file=None, secret_key=SECRET, algorithm="ES256", **values)
        with pytest.raises(SettingsError) as refused:
            signing_keys_of(settings)
        assert list(refused.value.faults) == [name]
        assert "hunter2" not in str(refused.value)
