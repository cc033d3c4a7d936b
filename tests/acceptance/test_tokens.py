"""acceptance.md row 57: forged and damaged tokens, over HTTP."""

import base64
import json
import random
import string

import pytest

from tests.acceptance.conftest import Oracle
from tests.conftest import ON_SQLITE, Person

pytestmark = [pytest.mark.anyio, ON_SQLITE]

ME = "/api/v1/users/me"
SIGNS = [*string.ascii_letters, *string.digits, *"-_.=+/ \t"]
DAMAGED = 300


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def damaged(token: str, chance: random.Random) -> str:
    place = chance.randrange(len(token) - 1)  # the bits at the very end of a signature are read by nobody
    return token[:place] + "".join(chance.choices(SIGNS, k=chance.randint(0, 3))) + token[place + 1 :]


async def refuse(oracle: Oracle, token: str) -> None:
    headers = {"host": "localhost", "authorization": f"Bearer {token}"}
    answer = await oracle.request("GET", ME, headers=headers, expected={401})
    assert answer.header("www-authenticate") == "Bearer"


class TestForged:
    @pytest.mark.parametrize(
        "header",
        [
            {"alg": "none"},
            {"alg": "None"},
            {"alg": ["HS256"]},
            {"alg": 256},
            {"alg": "RS256"},
            {"alg": "ES256"},
            {"jku": "http://127.0.0.1:1/"},
            {"x5u": "http://127.0.0.1:1/"},
            {"jwk": {"kty": "oct", "k": "AAAA"}},
            {"kid": "../../../dev/null"},
            {"kid": "' OR 1=1 --"},
            {"crit": ["x"], "x": 1},
            {"crit": ["b64"], "b64": False},
            {"a": "x" * 3_000},
        ],
        ids="-".join,
    )
    async def test_no_header_opens_the_door(self, oracle: Oracle, ada: Person, header: dict[str, object]) -> None:
        _, body, signature = ada.token.split(".")
        for end in (signature, ""):
            await refuse(oracle, f"{part({'alg': 'HS256', 'typ': 'at+jwt', **header})}.{body}.{end}")

    @pytest.mark.parametrize("text", ["[" * 1_500, "{" * 1_500, '{"a":' * 500], ids=ascii)
    async def test_neither_does_a_deep_one(self, oracle: Oracle, ada: Person, text: str) -> None:
        deep = base64.urlsafe_b64encode(text.encode()).decode()
        await refuse(oracle, f"{deep}.{deep}.{ada.token.split('.')[2]}")


class TestDamaged:
    async def test_none_is_anything_but_refused(self, oracle: Oracle, ada: Person) -> None:
        chance = random.Random(57)  # noqa: S311 - the same damage each time
        for text in {damaged(ada.token, chance) for _ in range(DAMAGED)} - {ada.token}:
            await refuse(oracle, text)
