import random
import socket
import string
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from lintel.security import InvalidToken, SigningKeys, TokenSigner
from lintel.security._tokens import MAX_LENGTH
from tests.guards import cpu_guard
from tests.lintel.security.forging import EC_KEYS, KEY, MINUTE, decoded, encoded, forge, make, signed_by_hand


@pytest.fixture
def signer() -> TokenSigner:
    return make()


class TestSign:
    def test_says_who_for_whom_and_how_long(self, signer: TokenSigner) -> None:
        before = int(time.time())
        token = signer.sign("7", {"sid": "s"})
        header, claims = map(decoded, token.value.split(".")[:2])
        assert header == {"alg": "HS256", "typ": "at+jwt", "kid": SigningKeys.of_secrets([KEY]).current_id}
        assert {name: claims[name] for name in ("sub", "sid", "iss", "aud")} == {
            "sub": "7",
            "sid": "s",
            "iss": "lintel",
            "aud": "api",
        }
        assert before <= claims["iat"] == claims["nbf"] == claims["exp"] - 60 <= time.time()
        assert token.expires_in == 60

    def test_no_two_are_alike(self, signer: TokenSigner) -> None:
        ids = {signer.verify(signer.sign("7").value)["jti"] for _ in range(50)}
        assert len(ids) == 50

    def test_further_claims_cannot_replace_its_own(self, signer: TokenSigner) -> None:
        token = signer.sign(
            "7", {"sub": "1", "exp": 9_999_999_999, "iss": "x", "aud": "x", "jti": "x", "nbf": 0, "iat": 0}
        )
        claims = signer.verify(token.value)
        assert (claims["sub"], claims["iss"], claims["aud"]) == ("7", "lintel", "api")
        assert claims["exp"] < time.time() + 61
        assert claims["jti"] != "x"

    def test_is_short_enough_to_be_read_again(self, signer: TokenSigner) -> None:
        assert len(signer.sign("9" * 19, {"sid": "x" * 36}).value) < 500


class TestVerify:
    def test_gives_the_claims_of_a_token_of_ours(self, signer: TokenSigner) -> None:
        claims = signer.verify(signer.sign("7", {"sid": "s", "ü": ["🌍"]}).value)
        assert (claims["sub"], claims["sid"], claims["ü"]) == ("7", "s", ["🌍"])

    def test_another_process_with_the_same_settings_takes_it_too(self, signer: TokenSigner) -> None:
        assert make().verify(signer.sign("7").value)["sub"] == "7"

    def test_the_forger_of_these_tests_can_make_a_valid_one(self, signer: TokenSigner) -> None:
        assert signer.verify(forge())["sub"] == "7"

    @pytest.mark.parametrize(
        "other",
        [
            make("another key of thirty-two characters"),
            make(issuer="elsewhere"),
            make(audience="admin"),
            make(kind="refresh+jwt"),
            make(kind="JWT"),
            make(keys=replace(SigningKeys.of_secrets([KEY]), algorithm="HS512")),
            make(keys=EC_KEYS),
            make(lifetime=-MINUTE),
            make(lifetime=timedelta(0)),
        ],
        ids=["key", "issuer", "audience", "kind", "no kind", "algorithm", "ES256", "expired", "just expired"],
    )
    def test_refuses_those_made_otherwise(self, signer: TokenSigner, other: TokenSigner) -> None:
        token = other.sign("7").value
        with pytest.raises(InvalidToken):
            signer.verify(token)

    def test_is_over_when_its_time_is(self, signer: TokenSigner) -> None:
        token = make(lifetime=timedelta(seconds=1)).sign("7").value
        time.sleep(1)
        with pytest.raises(InvalidToken):
            signer.verify(token)

    @pytest.mark.parametrize("claim", ["sub", "iss", "aud", "iat", "nbf", "exp", "jti"])
    @pytest.mark.parametrize("value", ["missing", None, "", [], {}])
    def test_refuses_a_claim_that_is_missing_or_empty(self, signer: TokenSigner, claim: str, value: Any) -> None:
        token = forge(without=claim) if value == "missing" else forge(**{claim: value})
        with pytest.raises(InvalidToken):
            signer.verify(token)

    @pytest.mark.parametrize(
        "claims",
        [
            {"exp": 0},
            {"exp": time.time() - 1},
            {"exp": True},
            {"exp": float("nan")},
            {"exp": float("inf")},
            {"exp": "tomorrow"},
            {"exp": str(int(time.time() + 1e6))},
            {"exp": [9_999_999_999]},
            {"nbf": time.time() + 1e6},
            {"nbf": "now"},
            {"iat": time.time() + 1e6},
            {"iat": "now"},
            {"iss": "Lintel"},
            {"iss": ["elsewhere"]},
            {"aud": "admin"},
            {"aud": ["admin", "other"]},
            {"aud": 5},
            {"aud": {"api": 1}},
            {"sub": 7},
            {"sub": ["7"]},
            {"sub": {"id": 7}},
            {"sub": True},
        ],
        ids="-".join,  # not the values: some are the present time
    )
    def test_refuses_a_claim_of_another_value(self, signer: TokenSigner, claims: dict[str, Any]) -> None:
        token = forge(**claims)
        with pytest.raises(InvalidToken):
            signer.verify(token)

    @pytest.mark.parametrize("kind", [None, "", "AT+JWT", "at", 5, ["at+jwt"], {"at+jwt": 1}])
    def test_refuses_another_typ(self, signer: TokenSigner, kind: Any) -> None:
        # Signed by hand: the library that signs for us would refuse some of these itself.
        token = signed_by_hand({"alg": "HS256", "typ": kind})
        with pytest.raises(InvalidToken):
            signer.verify(token)

    def test_refuses_a_header_without_typ(self, signer: TokenSigner) -> None:
        with pytest.raises(InvalidToken):
            signer.verify(signed_by_hand({"alg": "HS256"}))
        assert signer.verify(signed_by_hand({"alg": "HS256", "typ": "at+jwt"}))["sub"] == "7"

    @pytest.mark.parametrize(
        "payload", [b"[]", b"5", b'"7"', b"null", b"", b"{", b"\xff", b"[" * 2_000], ids=lambda text: ascii(text[:5])
    )
    def test_refuses_a_payload_that_is_no_object(self, signer: TokenSigner, payload: bytes) -> None:
        token = signed_by_hand({"alg": "HS256", "typ": "at+jwt"}, payload)
        with pytest.raises(InvalidToken):
            signer.verify(token)

    @pytest.mark.parametrize(
        "header",
        [
            {"alg": "none"},
            {"alg": "None"},
            {"alg": ""},
            {},
            {"alg": None},
            {"alg": 5},
            {"alg": 1e400},
            {"alg": ["HS256"]},
            {"alg": {"HS256": 1}},
            {"alg": "RS256"},
            {"alg": "hs256"},
            {"alg": "HS256", "crit": ["b64"], "b64": False},
            {"alg": "HS256", "crit": 5},
            {"alg": "HS256", "crit": [[]]},
            {"alg": "HS256", "kid": 5, "jwk": 5, "jku": {}, "x5c": 5},
            {"alg": "HS256", "typ": "at+jwt", "kid": "../../dev/null"},
            {"alg": "HS256", "typ": "at+jwt", "kid": "' OR 1=1 --"},
            {"alg": "HS256", "typ": "at+jwt", "kid": [KEY]},
            {"alg": "dir", "enc": "A128GCM"},
            [],
            5,
            None,
            "HS256",
        ],
        ids=str,
    )
    @pytest.mark.parametrize("signature", ["", "x", "AAAA"])
    def test_refuses_every_other_header(self, signer: TokenSigner, header: Any, signature: str) -> None:
        payload = forge().split(".")[1]
        with pytest.raises(InvalidToken):
            signer.verify(f"{encoded(header)}.{payload}.{signature}")

    @pytest.mark.parametrize(
        "more",
        [
            {"jku": "http://127.0.0.1:1/keys"},
            {"x5u": "http://127.0.0.1:1/keys"},
            {"x5c": ["AAAA"]},
            {"jwk": {"kty": "oct", "k": encoded(KEY.encode())}},
            {"crit": ["exp"], "exp": 1},
            {"crit": []},
            {"b64": False},
            {"b64": True},
            {"cty": "JWT"},
            {"zip": "DEF"},
            {"x": 1},
            {"kid": ""},
            {"kid": 5},
            {"kid": {"kid": 1}},
            {"kid": "another"},
            {"kid": "../" * 50},
            {"kid": "x" * 400},
        ],
        ids="-".join,
    )
    def test_refuses_what_else_a_header_can_say_though_it_is_signed_with_our_key(
        self, signer: TokenSigner, more: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(socket, "socket", pytest.fail)  # nothing that it names is fetched
        with pytest.raises(InvalidToken):
            signer.verify(signed_by_hand({"alg": "HS256", "typ": "at+jwt", **more}))

    @pytest.mark.parametrize("part", [0, 1, 2])
    def test_refuses_one_in_which_a_part_was_replaced(self, signer: TokenSigner, part: int) -> None:
        ours, other = signer.sign("7").value.split("."), forge(header={"kid": "x"}, sub="1").split(".")
        ours[part] = other[part]
        with pytest.raises(InvalidToken):
            signer.verify(".".join(ours))

    @pytest.mark.parametrize(
        "text",
        [
            "",
            ".",
            "..",
            "....",
            "....." * 500,
            "a.b.c",
            "Bearer x.y.z",
            "\x00.\x00.\x00",
            "ä.ö.ü",
            "\ud800.\ud800.\ud800",
            "\udcff",
            f"{encoded(b'[' * 3_000)}..",
            f"{encoded(b'{' * 3_000)}..",
            f"{encoded(b'9' * 3_000)}..",
            f"{encoded(chr(0xD800).encode('utf-8', 'surrogatepass'))}..",
            encoded({"alg": "dir", "enc": "A128GCM"}) + ".a.b.c.d",
            encoded({"alg": "HS256"}) + ".=.=",
            " " * 4_096,
            "\n",
        ],
        ids=lambda text: ascii(text[:20]),
    )
    def test_refuses_garbage(self, signer: TokenSigner, text: str) -> None:
        with pytest.raises(InvalidToken):
            signer.verify(text)

    @pytest.mark.parametrize(
        "around", ["{} ", " {}", "{}\n", "{}=", "{}.", ".{}", "{}.x", "Bearer {}", "{}\x00", "{}\ud800"], ids=ascii
    )
    def test_refuses_one_with_something_around_it(self, signer: TokenSigner, around: str) -> None:
        token = around.format(signer.sign("7").value)
        with pytest.raises(InvalidToken):
            signer.verify(token)

    def test_reads_nothing_longer_than_ours_can_be(self, signer: TokenSigner) -> None:
        long = signer.sign("7", {"x": "y" * (MAX_LENGTH // 2)}).value
        too_long = signer.sign("7", {"x": "y" * MAX_LENGTH}).value
        assert signer.verify(long)["sub"] == "7"
        with pytest.raises(InvalidToken):
            signer.verify(too_long)

    def test_an_endless_one_is_refused_at_once(self, signer: TokenSigner) -> None:
        text = "a." * 5_000_000
        with cpu_guard(0.1), pytest.raises(InvalidToken):
            signer.verify(text)

    @pytest.mark.parametrize("keys", [SigningKeys.of_secrets([KEY]), EC_KEYS], ids=["HS256", "ES256"])
    def test_never_answers_a_damaged_one_with_anything_but_a_refusal(self, keys: SigningKeys) -> None:
        """Row 57: 60,000 of them."""
        signer = make(keys=keys)
        token, chance = signer.sign("7").value, random.Random(7)  # noqa: S311 - the same damage each time
        accepted = 0
        for _ in range(30_000):
            text = damaged(token, chance)
            try:
                signer.verify(text)
            except InvalidToken:
                continue
            accepted += text != token
        assert accepted == 0

    def test_says_nothing_about_why(self, signer: TokenSigner) -> None:
        token = forge(exp=0, sub="hunter2")
        with pytest.raises(InvalidToken) as refused:
            signer.verify(token)
        assert (str(refused.value), refused.value.__cause__, refused.value.__suppress_context__) == ("", None, True)


def damaged(token: str, chance: random.Random) -> str:
    """The token with one to three characters replaced, inserted, doubled or lost, in any part but the very end.

    The last character of a signature of 32 bytes holds two bits that nobody reads.
    """
    signs = list(token[:-1])
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(signs))
        sign = chance.choice([*string.ascii_letters, *string.digits, *"-_.=+/ \n\x00äß\ud800\U0001f30d"])
        signs[place : place + chance.randint(0, 2)] = [sign] * chance.randint(0, 2)
    return "".join(signs) + token[-1]
