"""Tokens and the keys that sign them: rotation, and keys that are published."""

import base64
import hmac
import json

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from lintel.security import InvalidToken, SigningKeys
from tests.lintel.security.forging import EC_KEYS, KEY, encoded, forge, make, private_key, signed_by_hand


class TestRotation:
    """Row 61."""

    OLD, OLDER = "the key before it, also long enough 012345", "the one before that, long enough too 01234"

    def test_tokens_of_former_secrets_are_good_as_long_as_these_are_named(self) -> None:
        old, older = make(self.OLD).sign("7").value, make(self.OLDER).sign("7").value
        both, one, none = make(KEY, self.OLD, self.OLDER), make(KEY, self.OLD), make(KEY)
        for signer, good in ((both, [old, older]), (one, [old]), (none, [])):
            for token in (old, older):
                if token in good:
                    assert signer.verify(token)["sub"] == "7"
                    continue
                with pytest.raises(InvalidToken):
                    signer.verify(token)

    def test_new_ones_are_signed_with_the_first(self) -> None:
        token = make(KEY, self.OLD).sign("7").value
        assert make(KEY).verify(token)["sub"] == "7"
        with pytest.raises(InvalidToken):
            make(self.OLD).verify(token)

    def test_one_that_names_no_key_is_tried_with_the_first_alone(self) -> None:
        nameless = signed_by_hand({"alg": "HS256", "typ": "at+jwt"})
        assert make(KEY, self.OLD).verify(nameless)["sub"] == "7"
        with pytest.raises(InvalidToken):
            make(self.OLD, KEY).verify(nameless)

    def test_one_that_names_another_key_than_its_own_is_refused(self) -> None:
        keys = SigningKeys.of_secrets([KEY, self.OLD])
        wrong = next(key_id for key_id in keys.by_id if key_id != keys.current_id)
        with pytest.raises(InvalidToken):
            make(keys=keys).verify(signed_by_hand({"alg": "HS256", "typ": "at+jwt", "kid": wrong}))

    def test_published_keys_rotate_as_well(self) -> None:
        old, new = private_key(), private_key()
        former = SigningKeys.of_private_key(old)
        token = make(keys=former).sign("7").value
        published = json.dumps({"keys": former.public()})
        assert make(keys=SigningKeys.of_private_key(new, published)).verify(token)["sub"] == "7"
        with pytest.raises(InvalidToken):
            make(keys=SigningKeys.of_private_key(new)).verify(token)


class TestES256:
    def test_others_can_verify_with_what_is_published(self) -> None:
        token = make(keys=EC_KEYS).sign("7").value
        published = KeySet.import_key_set({"keys": EC_KEYS.public()})
        assert jwt.decode(token, published, algorithms=["ES256"]).claims["sub"] == "7"

    @pytest.mark.parametrize("form", ["pem", "der", "jwk", "x", "set"])
    def test_a_published_key_is_no_secret_to_sign_with(self, form: str) -> None:
        """Confusion of algorithms: what everybody has must not verify an HMAC."""
        public = ECKey.import_key(EC_KEYS.public()[0])
        secret = {
            "pem": public.as_pem(private=False),
            "der": public.as_der(private=False),
            "jwk": json.dumps(public.as_dict(private=False)).encode(),
            "x": base64.urlsafe_b64decode(str(public.as_dict()["x"]) + "="),
            "set": json.dumps({"keys": EC_KEYS.public()}).encode(),
        }[form]
        for key_id in (EC_KEYS.current_id, None):
            header = {"alg": "HS256", "typ": "at+jwt", **({"kid": key_id} if key_id else {})}
            text = f"{encoded(header)}.{forge().split('.')[1]}"
            with pytest.raises(InvalidToken):
                make(keys=EC_KEYS).verify(f"{text}.{encoded(hmac.digest(secret, text.encode(), 'sha256'))}")

    @pytest.mark.parametrize("signature", [bytes(64), bytes(63) + b"\1", b"\xff" * 64, b"", bytes(32)], ids=len)
    def test_a_signature_of_nothing_is_none(self, signature: bytes) -> None:
        """All zeros were once valid for every message (CVE-2022-21449)."""
        head, body, _ = make(keys=EC_KEYS).sign("7").value.split(".")
        with pytest.raises(InvalidToken):
            make(keys=EC_KEYS).verify(f"{head}.{body}.{encoded(signature)}")
