"""Staying signed in, seeing where, and signing out, over HTTP."""

import asyncio
import json
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from app.core.enums import UserRole
from lintel.db import Database
from tests.app.conftest import Statements, assert_problem
from tests.conftest import PASSWORD, Person, RunningService

pytestmark = pytest.mark.anyio

AUTH = "/api/v1/auth"
ME = "/api/v1/users/me"


async def sign_in(service: RunningService, **headers: str) -> dict[str, Any]:
    """The tokens of another session of Ada's."""
    answer = await (await service.visitor(**headers)).post(
        f"{AUTH}/login", data={"username": "ada@example.com", "password": PASSWORD}
    )
    tokens: dict[str, Any] = answer.json()
    return tokens


async def refresh(service: RunningService, refresh_token: str) -> httpx2.Response:
    return await (await service.visitor()).post(f"{AUTH}/refresh", json={"refresh_token": refresh_token})


async def status_of(service: RunningService, access_token: str) -> int:
    return (await (await service.visitor(Authorization=f"Bearer {access_token}")).get(ME)).status_code


class TestRefresh:
    async def test_answers_with_new_tokens_that_nobody_keeps(self, service: RunningService, ada: Person) -> None:
        tokens = await sign_in(service)
        answer = await refresh(service, tokens["refresh_token"])
        assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
        assert answer.json()["refresh_token"] != tokens["refresh_token"]
        assert await status_of(service, answer.json()["access_token"]) == 200

    async def test_ends_the_session_for_good_when_a_token_is_stolen(self, service: RunningService, ada: Person) -> None:
        first = await sign_in(service)
        second = (await refresh(service, first["refresh_token"])).json()
        third = (await refresh(service, second["refresh_token"])).json()
        assert_problem(await refresh(service, first["refresh_token"]), 401, "REFRESH_TOKEN_USED")
        another_process = Database(service.app.state.settings)
        async with another_process.opened(), another_process.read() as connection:
            revoked = await connection.execute(text("SELECT count(*) FROM sessions WHERE revoked_at IS NOT NULL"))
            assert revoked.scalar_one() == 1
        assert_problem(await refresh(service, third["refresh_token"]), 401, "UNAUTHENTICATED")
        assert await status_of(service, third["access_token"]) == 401
        assert (await ada.client.get(ME)).status_code == 200  # her other session goes on

    async def test_leaves_one_successor_to_twenty_who_come_at_once(self, service: RunningService, ada: Person) -> None:
        tokens = await sign_in(service)
        answers = await asyncio.gather(*(refresh(service, tokens["refresh_token"]) for _ in range(20)))
        assert [answer.status_code for answer in answers] == [200] * 20
        [successor] = {answer.json()["refresh_token"] for answer in answers}
        assert (await refresh(service, successor)).status_code == 200

    @pytest.mark.parametrize("kind", ["access_token", "nothing", "empty"])
    async def test_refuses_what_is_no_refresh_token(self, service: RunningService, ada: Person, kind: str) -> None:
        tokens = {**await sign_in(service), "nothing": "A" * 70, "empty": ""}
        answer = await refresh(service, tokens[kind])
        assert_problem(answer, 401, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"] == "Bearer"

    async def test_gives_nothing_that_opens_a_route(self, service: RunningService, ada: Person) -> None:
        assert await status_of(service, (await sign_in(service))["refresh_token"]) == 401

    @pytest.mark.parametrize("body", [{}, {"refresh_token": None}, {"refresh_token": "x" * 5_000}, {"token": "x"}])
    async def test_refuses_other_bodies(self, visitor: httpx2.AsyncClient, body: dict[str, Any]) -> None:
        answer = await visitor.post(f"{AUTH}/refresh", json=body)
        assert (answer.status_code, answer.json()["error_code"]) == (422, "VALIDATION_ERROR")
        assert "x" * 100 not in answer.text


class TestSessions:
    async def test_are_listed_newest_first(self, service: RunningService, ada: Person) -> None:
        await sign_in(service, **{"User-Agent": "Lynx\x01/2.9" + "x" * 500})
        answer = await ada.client.get(f"{AUTH}/sessions")
        body = answer.json()
        assert (answer.status_code, body["total"]) == (200, 2)
        assert [item["is_current"] for item in body["items"]] == [False, True]
        assert body["items"][0]["user_agent"].startswith("Lynx/2.9x")
        assert len(body["items"][0]["user_agent"]) == 256
        assert not {"refresh", "salt", "hash"} & set(json.dumps(body).split('"'))

    @pytest.mark.parametrize("sort_by", ["created_at", "last_used_at", "expires_at"])
    async def test_are_sorted(self, service: RunningService, ada: Person, sort_by: str) -> None:
        for _ in range(2):
            await sign_in(service)
        query = {"sort_by": sort_by, "sort_order": "asc", "size": "2"}
        first = (await ada.client.get(f"{AUTH}/sessions", params=query)).json()
        second = (await ada.client.get(f"{AUTH}/sessions", params={**query, "page": "2"})).json()
        moments = [item[sort_by] for item in first["items"] + second["items"]]
        assert (len(moments), moments) == (3, sorted(moments))

    async def test_of_others_are_not_there(self, service: RunningService, ada: Person) -> None:
        root = await service.person("root@example.com", UserRole.ADMIN)
        [mine] = (await ada.client.get(f"{AUTH}/sessions")).json()["items"]
        assert [item["id"] for item in (await root.client.get(f"{AUTH}/sessions")).json()["items"]] != [mine["id"]]
        assert_problem(await root.client.delete(f"{AUTH}/sessions/{mine['id']}"), 404, "SESSION_NOT_FOUND")
        assert (await ada.client.get(ME)).status_code == 200

    async def test_end_one_by_one(self, service: RunningService, ada: Person) -> None:
        tokens = await sign_in(service)
        other = (await ada.client.get(f"{AUTH}/sessions")).json()["items"][0]
        assert (await ada.client.delete(f"{AUTH}/sessions/{other['id']}")).status_code == 204
        assert await status_of(service, tokens["access_token"]) == 401
        assert_problem(await refresh(service, tokens["refresh_token"]), 401, "UNAUTHENTICATED")
        assert_problem(await ada.client.delete(f"{AUTH}/sessions/{other['id']}"), 404, "SESSION_NOT_FOUND")

    async def test_end_but_for_this_one(self, service: RunningService, ada: Person) -> None:
        tokens = await sign_in(service)
        assert (await ada.client.delete(f"{AUTH}/sessions")).status_code == 204
        assert await status_of(service, tokens["access_token"]) == 401
        assert (await ada.client.get(ME)).status_code == 200

    @pytest.mark.parametrize(("query", "status"), [("", 200), ("?everywhere=false", 200), ("?everywhere=true", 401)])
    async def test_end_with_logging_out(self, service: RunningService, ada: Person, query: str, status: int) -> None:
        tokens = await sign_in(service)
        assert (await ada.client.post(f"{AUTH}/logout{query}")).status_code == 204
        assert_problem(await ada.client.get(ME), 401, "UNAUTHENTICATED")
        assert await status_of(service, tokens["access_token"]) == status

    async def test_cost_one_statement_a_request(self, ada: Person, statements: Statements) -> None:
        await ada.client.get("/api/v1/flags")  # fills caches
        with statements() as seen:
            await ada.client.get("/api/v1/flags")
        assert len([statement for statement in seen if "FROM users" in statement]) == 1
        assert len(seen) == 1


class TestFixation:
    async def test_signing_in_always_makes_another_session(self, service: RunningService, ada: Person) -> None:
        before = (await ada.client.get(f"{AUTH}/sessions")).json()["items"]
        await ada.client.post(f"{AUTH}/login", data={"username": "ada@example.com", "password": PASSWORD})
        after = (await ada.client.get(f"{AUTH}/sessions")).json()["items"]
        assert len({item["id"] for item in after}) == len(before) + 1
