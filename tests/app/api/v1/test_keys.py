"""What others verify our tokens with, over HTTP."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from tests.conftest import ON_SQLITE

pytestmark = [pytest.mark.anyio, ON_SQLITE]

PATH = "/.well-known/jwks.json"
ME = "/api/v1/users/me"


def private_key() -> str:
    return ECKey.generate_key("P-256").as_pem(private=True).decode()


class TestReadKeySet:
    async def test_is_empty_where_tokens_are_signed_with_a_secret(self, visitor: httpx2.AsyncClient) -> None:
        answer = await visitor.get(PATH)
        assert (answer.status_code, answer.json()) == (200, {"keys": []})

    async def test_verifies_our_tokens_and_those_before_a_change_of_keys(self, start: Callable[..., Any]) -> None:
        old, new = private_key(), private_key()
        former = await start(algorithm="ES256", jwt_private_key=old)
        ada = await former.person()
        service = await start(algorithm="ES256", jwt_private_key=new, jwt_public_keys_previous=old)
        visitor = await service.visitor()
        published = (await visitor.get(PATH)).json()
        assert [key["alg"] for key in published["keys"]] == ["ES256", "ES256"]
        assert all("d" not in key for key in published["keys"])
        claims = jwt.decode(ada.token, KeySet.import_key_set(published), algorithms=["ES256"]).claims
        assert claims["sub"] == str(ada.id)
        assert (await visitor.get(ME, headers={"Authorization": f"Bearer {ada.token}"})).status_code == 200

        later = await (await start(algorithm="ES256", jwt_private_key=new)).visitor()
        assert (await later.get(ME, headers={"Authorization": f"Bearer {ada.token}"})).status_code == 401

    async def test_may_be_kept_by_caches(self, visitor: httpx2.AsyncClient) -> None:
        assert (await visitor.get(PATH)).headers["cache-control"] == "public, max-age=300"
