"""acceptance.md row 75: API keys over HTTP."""

import asyncio
from typing import Any

import httpx2
import pytest
from structlog.typing import EventDict

from app.core.enums import UserRole, UserStatus
from app.schemas.users import UserUpdate
from lintel.security import ApiKeys
from lintel.security._api_keys import _checksum
from tests.app.conftest import Statements, assert_problem
from tests.app.mailing import do_jobs, mails_of, subjects
from tests.conftest import Person, RunningService

pytestmark = pytest.mark.anyio

KEYS = "/api/v1/auth/api-keys"
ANALYSES = "/api/v1/analyses"
ME = "/api/v1/users/me"
SAMPLE = {"text_content": "Fine weather.", "analysis_type": "sentiment"}
BOTH = ["analyses:read", "analyses:write"]


async def make(person: Person, *scopes: str, **values: Any) -> dict[str, Any]:
    answer = await person.client.post(KEYS, json={"name": "import", "scopes": scopes or BOTH, **values})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def with_key(service: RunningService, key: str) -> httpx2.AsyncClient:
    return await service.visitor(**{"X-API-Key": key})


class TestCreate:
    async def test_shows_the_key_once(self, service: RunningService, ada: Person) -> None:
        answer = await ada.client.post(KEYS, json={"name": "import", "scopes": BOTH})
        made = answer.json()
        assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
        key = made.pop("key")
        read = await ada.client.get(answer.headers["location"])
        assert (read.status_code, read.json()) == (200, made)
        assert key not in (await ada.client.get(KEYS)).text
        assert key.startswith(made["prefix"])

    async def test_tells_the_owner_by_mail_without_the_key(self, service: RunningService, ada: Person) -> None:
        made = await make(ada)
        await do_jobs(service)
        [mail] = mails_of(service.app.state.settings.data_dir)
        assert subjects([mail]) == [("ada@example.com", "A new API key at Lintel")]
        assert made["prefix"] not in mail.as_string()

    async def test_lets_a_program_in(self, service: RunningService, ada: Person) -> None:
        program = await with_key(service, (await make(ada))["key"])
        assert (await program.post(ANALYSES, json=SAMPLE)).status_code == 201
        listed = await program.get(ANALYSES)
        assert (listed.json()["total"], listed.headers["cache-control"]) == (1, "no-store")

    async def test_keeps_no_answer_for_an_idempotency_key(self, ada: Person) -> None:
        headers = {"Idempotency-Key": "the-same-again"}
        body = {"name": "import", "scopes": BOTH}
        first, second = [await ada.client.post(KEYS, json=body, headers=headers) for _ in range(2)]
        assert first.json()["key"] != second.json()["key"]

    @pytest.mark.parametrize(
        ("values", "pointer"),
        [
            ({"scopes": []}, "/body/scopes"),
            ({"scopes": ["analyses:read", "analyses:read"]}, "/body/scopes"),
            ({"scopes": ["analyses:all"]}, "/body/scopes/0"),
            ({"scopes": ["analyses:read", "users:manage"]}, "/body/scopes/1"),
            ({"name": " "}, "/body/name"),
            ({"name": "x" * 101}, "/body/name"),
            ({"expires_at": "2020-01-01T00:00:00Z"}, "/body/expires_at"),
            ({"expires_at": "2999-01-01T00:00:00"}, "/body/expires_at"),
            ({"prefix": "lintel_x"}, "/body/prefix"),
        ],
    )
    async def test_refuses_other_bodies(self, ada: Person, values: dict[str, Any], pointer: str) -> None:
        answer = await ada.client.post(KEYS, json={"name": "import", "scopes": BOTH, **values})
        assert_problem(answer, 422, "VALIDATION_ERROR", pointer)
        assert (await ada.client.get(KEYS)).json()["total"] == 0


class TestList:
    @pytest.mark.parametrize("sort_by", ["created_at", "name"])
    async def test_is_sorted(self, ada: Person, sort_by: str) -> None:
        for name in ("b", "c", "a"):
            await make(ada, name=name)
        listed = (await ada.client.get(KEYS, params={"sort_by": sort_by, "sort_order": "asc"})).json()["items"]
        found = [item[sort_by] for item in listed]
        assert (len(found), found) == (3, sorted(found))


class TestRevoke:
    async def test_ends_the_key_at_once(self, service: RunningService, ada: Person) -> None:
        made = await make(ada)
        program = await with_key(service, made["key"])
        assert (await program.get(ANALYSES)).status_code == 200
        assert (await ada.client.delete(f"{KEYS}/{made['id']}")).status_code == 204
        assert_problem(await program.get(ANALYSES), 401, "UNAUTHENTICATED")
        for method in ("DELETE", "GET"):
            assert_problem(await ada.client.request(method, f"{KEYS}/{made['id']}"), 404, "API_KEY_NOT_FOUND")

    async def test_is_for_its_owner(self, service: RunningService, ada: Person) -> None:
        root = await service.person("root@example.com", UserRole.ADMIN)
        made = await make(ada)
        assert_problem(await root.client.delete(f"{KEYS}/{made['id']}"), 404, "API_KEY_NOT_FOUND")
        assert (await (await with_key(service, made["key"])).get(ANALYSES)).status_code == 200


class TestRefused:
    async def test_alike_whatever_is_wrong(self, service: RunningService, ada: Person) -> None:
        revoked, other = await make(ada), (await make(ada))["key"]
        await ada.client.delete(f"{KEYS}/{revoked['id']}")
        guess = f"{other[:20]}{ApiKeys().make()[0][20:-6]}"
        guessed = f"{guess}{_checksum(guess)}"  # the right beginning, and no hint that the rest is wrong
        bodies = set()
        for key in (revoked["key"], ApiKeys().make()[0], guessed, "x", "", other[:-1], f"{other},{other}"):
            answer = await (await with_key(service, key)).get(ANALYSES)
            assert_problem(answer, 401, "UNAUTHENTICATED")
            assert answer.headers["www-authenticate"] == "Bearer"
            told = {name: answer.json()[name] for name in ("title", "detail", "error_code", "type")}
            bodies.add(str(told))
        assert len(bodies) == 1

    async def test_beside_any_other_credentials(self, service: RunningService, ada: Person) -> None:
        key = (await make(ada, "profile:read"))["key"]
        assert (await (await with_key(service, key)).get(ME)).status_code == 200
        for authorization in (f"Bearer {ada.token}", "Basic eDp4", "x"):
            both = await service.visitor(**{"X-API-Key": key, "Authorization": authorization})
            assert_problem(await both.get(ME), 401, "UNAUTHENTICATED")
            assert_problem(await both.get(KEYS), 401, "UNAUTHENTICATED")

    async def test_a_second_time_in_one_request(self, service: RunningService, ada: Person) -> None:
        key = (await make(ada))["key"]
        answer = await (await service.visitor()).get(ANALYSES, headers=[("X-API-Key", key), ("x-api-key", key)])
        assert_problem(answer, 401, "UNAUTHENTICATED")

    @pytest.mark.parametrize("name", ["api_key", "api-key", "x-api-key", "X-API-Key", "key", "access_token"])
    async def test_in_the_query(self, service: RunningService, ada: Person, name: str) -> None:
        key = (await make(ada))["key"]
        answer = await (await service.visitor()).get(ANALYSES, params={name: key})
        assert answer.status_code in {401, 422}
        assert key not in answer.text

    async def test_as_a_token_or_a_cookie(self, service: RunningService, ada: Person) -> None:
        key = (await make(ada))["key"]
        for headers in ({"Authorization": f"Bearer {key}"}, {"Cookie": f"X-API-Key={key}"}):
            assert_problem(await (await service.visitor(**headers)).get(ANALYSES), 401, "UNAUTHENTICATED")

    async def test_where_a_session_is_needed(self, service: RunningService, ada: Person) -> None:
        made = await make(ada, *BOTH, "profile:write", "jobs:read")
        program = await with_key(service, made["key"])
        batch = (await program.post("/api/v1/batches", json={"texts": ["Fine."], "analysis_type": "sentiment"})).json()
        for method, path in (
            ("POST", KEYS),
            ("DELETE", f"{KEYS}/{made['id']}"),
            ("DELETE", ME),
            ("POST", "/api/v1/ws/tickets"),
            ("GET", f"/api/v1/batches/{batch['id']}/events"),
            ("GET", f"/api/v1/jobs/{batch['job_id']}/events"),
        ):
            body = {"name": "more", "scopes": ["users:manage"]} if method == "POST" and path == KEYS else None
            answer = await program.request(method, path, json=body)
            assert_problem(answer, 403, "SESSION_REQUIRED")
        assert (await ada.client.get(KEYS)).json()["total"] == 1


class TestOwner:
    async def test_takes_the_key_along(self, service: RunningService, admin: Person) -> None:
        second = await service.person("second@example.com", UserRole.ADMIN)
        program = await with_key(service, (await make(second, "users:read", "profile:read"))["key"])
        assert (await program.get("/api/v1/users")).status_code == 200
        users = service.services.users
        await users.update_user(second.id, UserUpdate(role=UserRole.USER))
        assert_problem(await program.get("/api/v1/users"), 403, "FORBIDDEN")
        assert (await program.get(ME)).json()["role"] == "user"
        await users.update_user(second.id, UserUpdate(status=UserStatus.SUSPENDED))
        assert_problem(await program.get(ME), 403, "INACTIVE_USER")
        await users.delete_user(second.id)
        assert_problem(await program.get(ME), 401, "UNAUTHENTICATED")

    async def test_sees_their_own_account_only_with_the_scope_for_it(
        self, service: RunningService, admin: Person, ada: Person
    ) -> None:
        program = await with_key(service, (await make(admin, "profile:read"))["key"])
        assert (await program.get(f"/api/v1/users/{admin.id}")).status_code == 200
        assert_problem(await program.get(f"/api/v1/users/{ada.id}"), 404, "USER_NOT_FOUND")
        assert_problem(await program.get("/api/v1/users"), 403, "FORBIDDEN")


class TestCost:
    async def test_is_one_statement_a_request_and_one_more_a_minute(
        self, service: RunningService, ada: Person, statements: Statements
    ) -> None:
        made = await make(ada, "profile:read")
        program = await with_key(service, made["key"])
        with statements() as first:
            await program.get("/api/v1/flags")
        assert [statement.split()[0] for statement in first if not statement.startswith("BEGIN")] == [
            "SELECT",
            "UPDATE",
        ]
        with statements() as second:
            await asyncio.gather(*(program.get("/api/v1/flags") for _ in range(3)))
        assert len(second) == 3
        assert (await ada.client.get(f"{KEYS}/{made['id']}")).json()["last_used_at"] is not None


class TestLog:
    async def test_names_the_key_and_never_tells_it(
        self, service: RunningService, ada: Person, log_records: list[EventDict]
    ) -> None:
        made = await make(ada, "profile:read")
        await (await with_key(service, made["key"])).get(ME)
        [record] = [record for record in log_records if record["event"] == "request" and "api_key_id" in record]
        assert (record["api_key_id"], record["user_id"]) == (made["id"], ada.id)
        assert made["key"] not in str(log_records)
