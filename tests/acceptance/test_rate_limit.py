"""acceptance.md row 94 and SEC-06: everybody has a share of their own, and it says what is left of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from app.core.config import MAX_TEXTS
from app.core.enums import UserRole, UserStatus
from app.core.permissions import Permission
from app.models.users import User
from app.schemas.api_keys import ApiKeyCreate, ApiKeyQuery
from lintel.security import ApiKeys
from lintel.testing import AsgiResponse
from tests.acceptance.conftest import Oracle
from tests.conftest import ON_SQLITE, Person

pytestmark = [pytest.mark.anyio, ON_SQLITE]

LIMIT = 5
ANALYSES = "/api/v1/analyses"
HERE = ("203.0.113.7", 50_000)
ELSEWHERE = ("198.51.100.7", 50_000)


@pytest.fixture
async def strict(oracle_of: Callable[..., Any]) -> Oracle:
    """A service in which everybody may ask five times a minute."""
    oracle: Oracle = await oracle_of(rate_limit_per_minute=LIMIT)
    return oracle


@pytest.fixture
async def ada(strict: Oracle) -> Person:
    return await strict.service.person()


async def ask(oracle: Oracle, token: str | None = None, **options: Any) -> AsgiResponse:
    headers = {
        "host": "localhost",
        **({"authorization": f"Bearer {token}"} if token else {}),
        **options.pop("more", {}),
    }
    return await oracle.request("GET", options.pop("path", ANALYSES), headers=headers, **options)


async def spend(oracle: Oracle, token: str | None = None, **options: Any) -> None:
    for _ in range(LIMIT):
        assert (await ask(oracle, token, **options)).status != 429
    assert (await ask(oracle, token, expected={429}, **options)).header("retry-after")


async def key_of(oracle: Oracle, person: Person) -> str:
    """A key to read with, made without a request, which would count."""
    new = ApiKeyCreate(name="import", scopes=[Permission.ANALYSES_READ])
    me = await oracle.service.services.auth.authenticate(person.token)
    return (await oracle.service.services.api_keys.create_key(me, new)).key


async def revoke_all(oracle: Oracle, person: Person) -> None:
    keys = oracle.service.services.api_keys
    me = await oracle.service.services.auth.authenticate(person.token)
    for key in (await keys.list_keys(me, ApiKeyQuery())).items:
        await keys.revoke_key(me, key.id)


class TestShare:
    async def test_it_is_told_how_much_is_left_until_nothing_is(self, strict: Oracle) -> None:
        answers = [await ask(strict, client=HERE, expected={401, 429}) for _ in range(LIMIT + 1)]
        assert [answer.status for answer in answers] == [401] * LIMIT + [429]
        assert [answer.header("x-ratelimit-remaining") for answer in answers] == ["4", "3", "2", "1", "0", "0"]
        assert {answer.header("ratelimit-policy") for answer in answers} == {'"default";q=5;w=60'}

    async def test_a_user_has_one_wherever_they_are(self, strict: Oracle, ada: Person) -> None:
        await spend(strict, ada.token, client=HERE)
        await ask(strict, ada.token, client=ELSEWHERE, expected={429})

    async def test_users_behind_one_address_do_not_share(self, strict: Oracle, ada: Person) -> None:
        await spend(strict, client=HERE)
        await ask(strict, ada.token, client=HERE, expected={200})

    async def test_a_second_token_is_no_second_share(self, strict: Oracle, ada: Person) -> None:
        await spend(strict, ada.token)
        again = strict.service.services.auth._tokens.sign(str(ada.id), {"sid": str(ada.session_id)}).value
        assert again != ada.token
        await ask(strict, again, expected={429})

    @pytest.mark.parametrize("forged", ["garbage", "a.b.c", "", "é"])
    async def test_a_token_that_is_none_counts_for_the_address(self, strict: Oracle, forged: str) -> None:
        for number in range(LIMIT):
            await ask(strict, f"{forged}{number}", client=HERE, expected={401})
        await ask(strict, f"{forged}x", client=HERE, expected={429})
        await ask(strict, forged, client=ELSEWHERE, expected={401})

    async def test_a_key_counts_for_its_owner_once_it_was_let_in(self, strict: Oracle, ada: Person) -> None:
        keys = [await key_of(strict, ada) for _ in range(2)]
        await ask(strict, more={"x-api-key": keys[0]}, client=HERE, expected={200})  # the address has paid for this
        for _ in range(LIMIT):
            await ask(strict, more={"x-api-key": keys[0]}, client=ELSEWHERE, expected={200})
        await ask(strict, more={"x-api-key": keys[0]}, client=HERE, expected={429})
        await ask(strict, ada.token, client=HERE, expected={429})
        # A second key has no second share, but the address's first time.
        await ask(strict, more={"x-api-key": keys[1]}, client=HERE, expected={200})
        await ask(strict, more={"x-api-key": keys[1]}, client=HERE, expected={429})

    async def test_a_key_that_is_none_counts_for_the_address(self, strict: Oracle) -> None:
        for _ in range(LIMIT):
            await ask(strict, more={"x-api-key": ApiKeys().make()[0]}, client=HERE, expected={401})
        await ask(strict, more={"x-api-key": ApiKeys().make()[0]}, client=HERE, expected={429})

    async def test_a_revoked_key_counts_for_the_address(self, strict: Oracle, ada: Person) -> None:
        key = await key_of(strict, ada)
        await ask(strict, more={"x-api-key": key}, client=HERE, expected={200})
        await revoke_all(strict, ada)
        await ask(strict, more={"x-api-key": key}, client=HERE, expected={401})
        for _ in range(LIMIT - 1):
            await ask(strict, more={"x-api-key": key}, client=HERE, expected={401})
        await ask(strict, more={"x-api-key": key}, client=HERE, expected={429})
        await ask(strict, ada.token, client=HERE, expected={200})

    async def test_other_credentials_count_for_the_address(self, strict: Oracle) -> None:
        for number in range(LIMIT):
            await ask(strict, more={"authorization": f"Basic {number}"}, client=HERE, expected={401})
        await ask(strict, more={"authorization": "Basic x"}, client=HERE, expected={429})

    @pytest.mark.parametrize(
        "name", ["x-forwarded-for", "forwarded", "x-real-ip", "x-client-ip", "cf-connecting-ip", "true-client-ip"]
    )
    async def test_no_header_is_a_new_share(self, strict: Oracle, name: str) -> None:
        """TRAP-108."""
        for number in range(LIMIT):
            await ask(strict, more={name: f"192.0.2.{number}"}, client=HERE, expected={401})
        await ask(strict, more={name: "192.0.2.99"}, client=HERE, expected={429})

    async def test_a_network_of_one_household_is_one_caller(self, strict: Oracle) -> None:
        for number in range(LIMIT):
            await ask(strict, client=(f"2001:db8::{number}", 1), expected={401})
        await ask(strict, client=("2001:db8::ffff:ffff", 1), expected={429})
        await ask(strict, client=("2001:db8:0:1::1", 1), expected={401})

    @pytest.mark.parametrize("path", [ANALYSES, f"{ANALYSES}/", "//api/v1/analyses", "/api/v1/nowhere", "/nowhere"])
    async def test_no_spelling_of_a_path_is_a_new_share(self, strict: Oracle, path: str) -> None:
        await spend(strict, client=HERE)
        for method in ("GET", "HEAD", "POST", "TRACE", "BREW"):
            headers = {"host": "localhost"}
            await strict.request(method, path, headers=headers, client=HERE, expected={429})


class TestKinds:
    """Different limits for different callers, each under a policy of its own name."""

    @pytest.fixture
    async def kinds(self, oracle_of: Callable[..., Any]) -> Oracle:
        oracle: Oracle = await oracle_of(
            rate_limit_per_minute=LIMIT,
            rate_limit_anonymous_per_minute=2,
            rate_limit_keys_per_minute=7,
            rate_limit_staff_per_minute=9,
        )
        return oracle

    async def test_strangers_have_less(self, kinds: Oracle) -> None:
        answers = [await ask(kinds, client=HERE, expected={401, 429}) for _ in range(3)]
        assert [answer.status for answer in answers] == [401, 401, 429]
        assert answers[2].header("ratelimit-policy") == '"anonymous";q=2;w=60'
        assert answers[2].json()["violated-policies"] == ["anonymous"]

    async def test_keys_have_a_share_beside_that_of_who_is_signed_in(self, kinds: Oracle) -> None:
        ada = await kinds.service.person()
        key = await key_of(kinds, ada)
        await ask(kinds, more={"x-api-key": key}, client=HERE, expected={200})  # the address has paid for this
        answer = await ask(kinds, more={"x-api-key": key}, client=HERE, expected={200})
        assert (answer.header("ratelimit-policy"), answer.header("x-ratelimit-remaining")) == ('"key";q=7;w=60', "6")
        assert (await ask(kinds, ada.token)).header("x-ratelimit-remaining") == "4"

    async def test_staff_have_more_once_they_were_let_in(self, kinds: Oracle) -> None:
        admin = await kinds.service.person(role=UserRole.ADMIN)
        policies = [(await ask(kinds, admin.token)).header("ratelimit-policy") for _ in range(2)]
        assert policies == ['"default";q=5;w=60', '"staff";q=9;w=60']

    async def test_who_is_staff_no_longer_has_no_more(self, kinds: Oracle) -> None:
        admin = await kinds.service.person(role=UserRole.ADMIN)
        await ask(kinds, admin.token)
        await kinds.service.services.database.execute(update(User).values(role=UserRole.USER).returning(User.id))
        policies = [(await ask(kinds, admin.token)).header("ratelimit-policy") for _ in range(2)]
        assert policies == ['"staff";q=9;w=60', '"default";q=5;w=60']

    async def test_staff_who_are_shut_out_have_no_more(self, kinds: Oracle) -> None:
        admin = await kinds.service.person(role=UserRole.ADMIN)
        await ask(kinds, admin.token)
        shut_out = update(User).values(status=UserStatus.SUSPENDED).returning(User.id)
        await kinds.service.services.database.execute(shut_out)
        policies = [(await ask(kinds, admin.token, expected={403})).header("ratelimit-policy") for _ in range(2)]
        assert policies == ['"staff";q=9;w=60', '"default";q=5;w=60']


class TestCosts:
    """What computes is counted by how much it computes."""

    @pytest.fixture
    async def service(self, oracle_of: Callable[..., Any]) -> Oracle:
        oracle: Oracle = await oracle_of(rate_limit_texts_per_minute=MAX_TEXTS, rate_limit_auth_per_minute=3)
        return oracle

    @pytest.mark.parametrize("path", ["/api/v1/batches", "/api/v1/analyses/batch", "/api/v1/batches/"])
    async def test_a_batch_counts_for_each_of_its_texts(self, service: Oracle, path: str) -> None:
        ada, bob = await service.service.person(), await service.service.person("bob@example.com")
        most = {"texts": ["Good."] * (MAX_TEXTS - 1), "analysis_type": "sentiment"}
        answer = await self._send(service, ada.token, path, most, expected=202)
        assert (answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-remaining")) == (str(MAX_TEXTS), "1")
        refused = await self._send(service, ada.token, path, {**most, "texts": ["Good."] * 2}, expected=429)
        assert refused.json()["violated-policies"] == ["texts"]
        one = {"text_content": "Good.", "analysis_type": "sentiment"}
        await self._send(service, ada.token, ANALYSES, one, expected=429)
        await self._send(service, bob.token, ANALYSES, one, expected=201)
        await ask(service, ada.token, expected={200})  # reading goes on

    async def test_what_is_not_taken_counts_for_one(self, service: Oracle) -> None:
        ada = await service.service.person()
        none = {"texts": ["Good."] * 500, "analysis_type": "none"}
        answer = await self._send(service, ada.token, "/api/v1/batches", none, expected=422)
        assert answer.header("x-ratelimit-remaining") == str(MAX_TEXTS - 1)

    async def test_signing_in_and_its_like_have_a_share_of_their_own(self, service: Oracle) -> None:
        for path in ("/login", "/refresh", "/register"):
            await self._send(service, None, f"/api/v1/auth{path}", {}, expected=(415, 422))
        refused = await self._send(service, None, "/api/v1/auth/password/forgot", {}, expected=429)
        assert refused.json()["violated-policies"] == ["auth"]
        await ask(service, client=HERE, expected={401})

    @staticmethod
    async def _send(
        oracle: Oracle, token: str | None, path: str, body: Any, *, expected: int | tuple[int, ...]
    ) -> AsgiResponse:
        headers = {"host": "localhost", "content-type": "application/json"}
        headers |= {"authorization": f"Bearer {token}"} if token else {}
        statuses = {expected} if isinstance(expected, int) else set(expected)
        content = json.dumps(body).encode()
        return await oracle.request("POST", path, headers=headers, body=content, client=HERE, expected=statuses)


class TestUncounted:
    @pytest.mark.parametrize("path", ["/health", "/ready", "/api/v1/health", "/api/v1/ready", "/health/"])
    async def test_probes_are_always_answered(self, strict: Oracle, path: str) -> None:
        await spend(strict, client=HERE)
        for _ in range(LIMIT + 1):
            answer = await ask(strict, path=path, client=HERE, expected={200})
            assert answer.header("ratelimit") is None

    async def test_what_costs_more_than_a_probe_is_counted(self, strict: Oracle) -> None:
        await spend(strict, path="/health/detailed", client=HERE)


class TestDocument:
    async def test_every_counted_operation_declares_its_refusal_and_its_fields(self, strict: Oracle) -> None:
        document = strict.service.app.openapi()
        for path, item in document["paths"].items():
            for operation in item.values():
                counted = path not in {"/health", "/ready"}
                assert ("429" in operation["responses"]) == counted, path
                assert all(
                    ("RateLimit" in response.get("headers", {})) == counted
                    for response in operation["responses"].values()
                ), path
