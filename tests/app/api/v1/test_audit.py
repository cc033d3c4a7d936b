"""What was done, by whom, over HTTP."""

import json
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from app.core.enums import UserRole
from app.core.permissions import Permission
from tests.app.conftest import assert_problem
from tests.conftest import PASSWORD, Person, RunningService

pytestmark = pytest.mark.anyio

AUDIT, EVENTS, LOGIN = "/api/v1/audit", "/api/v1/users/me/security-events", "/api/v1/auth/login"
WRONG = "Wrong-password-1"


async def entries(admin: Person, **query: Any) -> list[dict[str, Any]]:
    """What the log has, the eldest first."""
    answer = await admin.client.get(AUDIT, params={"size": 100, "sort_order": "asc", **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def actions(admin: Person, **query: Any) -> list[str]:
    return [entry["action"] for entry in await entries(admin, **query)]


async def sign_in(visitor: httpx2.AsyncClient, email: str, password: str = PASSWORD) -> httpx2.Response:
    return await visitor.post(LOGIN, data={"username": email, "password": password})


class TestWhatIsNoted:
    async def test_who_what_to_whom_when_from_where_and_in_which_request(
        self, service: RunningService, admin: Person, ada: Person
    ) -> None:
        headers = {b"X-Request-ID": b"request-of-root", b"User-Agent": b"curl/8\x07" + b"x" * 300}
        changed = await admin.client.patch(f"/api/v1/users/{ada.id}", json={"role": "moderator"}, headers=headers)
        assert changed.status_code == 200
        [entry] = await entries(admin, action="user.role_changed")
        assert {name: entry[name] for name in entry if name not in {"id", "created_at", "user_agent"}} == {
            "action": "user.role_changed",
            "outcome": "succeeded",
            "actor_kind": "user",
            "actor_id": admin.id,
            "api_key_id": None,
            "user_id": ada.id,
            "target_kind": "user",
            "target_id": str(ada.id),
            "ip_address": "127.0.0.1",
            "request_id": "request-of-root",
            "detail": {"from": "user", "to": "moderator"},
        }
        assert entry["user_agent"].startswith("curl/8xx")
        assert len(entry["user_agent"]) == 256
        assert entry["created_at"].endswith("Z")

    async def test_registering_and_signing_in_and_out(self, visitor: httpx2.AsyncClient, admin: Person) -> None:
        new = {"email": "eve@example.com", "password": PASSWORD}
        user_id = (await visitor.post("/api/v1/auth/register", json=new)).json()["id"]
        token = (await sign_in(visitor, "eve@example.com")).json()["access_token"]
        bearer = {"Authorization": f"Bearer {token}"}
        assert (await visitor.post("/api/v1/auth/logout", headers=bearer)).status_code == 204
        found = await entries(admin, user_id=user_id)
        assert [entry["action"] for entry in found] == ["user.registered", "signin.succeeded", "session.signed_out"]
        assert {(entry["actor_kind"], entry["actor_id"]) for entry in found} == {("user", user_id)}
        assert found[1]["target_kind"] == "session"
        assert found[1]["target_id"] == found[2]["target_id"]

    async def test_sessions_that_are_ended(self, visitor: httpx2.AsyncClient, admin: Person, ada: Person) -> None:
        await sign_in(visitor, "ada@example.com")
        other = (await ada.client.get("/api/v1/auth/sessions")).json()["items"][0]["id"]
        await ada.client.delete(f"/api/v1/auth/sessions/{other}")
        await ada.client.delete("/api/v1/auth/sessions")
        await ada.client.post("/api/v1/auth/logout", params={"everywhere": "true"})
        found = (await entries(admin, actor_id=ada.id))[-3:]
        assert [(entry["action"], entry["detail"]) for entry in found] == [
            ("session.revoked", {}),
            ("session.all_revoked", {"kept_this_one": True}),
            ("session.all_revoked", {"kept_this_one": False}),
        ]

    async def test_reuse_of_a_refresh_token_although_the_answer_is_401(
        self, visitor: httpx2.AsyncClient, service: RunningService, admin: Person, ada: Person
    ) -> None:
        first = (await sign_in(visitor, "ada@example.com")).json()["refresh_token"]
        second = (await visitor.post("/api/v1/auth/refresh", json={"refresh_token": first})).json()["refresh_token"]
        await visitor.post("/api/v1/auth/refresh", json={"refresh_token": second})
        answer = await visitor.post("/api/v1/auth/refresh", json={"refresh_token": first})
        assert_problem(answer, 401, "REFRESH_TOKEN_USED")
        [entry] = await entries(admin, action="session.refresh_reused")
        assert (entry["outcome"], entry["actor_kind"], entry["user_id"]) == ("refused", "anonymous", ada.id)

    async def test_passwords_that_are_changed_and_asked_for(
        self, visitor: httpx2.AsyncClient, admin: Person, ada: Person
    ) -> None:
        change = {"current_password": WRONG, "password": "Another-one-1"}
        assert (await ada.client.post("/api/v1/auth/password/change", json=change)).status_code == 403
        change["current_password"] = PASSWORD
        assert (await ada.client.post("/api/v1/auth/password/change", json=change)).status_code == 204
        for email in ("ada@example.com", "nobody@example.com"):
            await visitor.post("/api/v1/auth/password/forgot", json={"email": email})
        found = [entry for entry in await entries(admin) if entry["action"].startswith("password.")]
        assert [(entry["action"], entry["outcome"], entry["user_id"]) for entry in found] == [
            ("password.change_refused", "refused", ada.id),
            ("password.changed", "succeeded", ada.id),
            ("password.reset_asked", "succeeded", ada.id),
            ("password.reset_asked", "succeeded", None),
        ]

    async def test_accounts_that_are_made_changed_and_deleted(self, admin: Person) -> None:
        new = {"email": "eve@example.com", "password": PASSWORD, "role": "moderator"}
        user_id = (await admin.client.post("/api/v1/users", json=new)).json()["id"]
        path = f"/api/v1/users/{user_id}"
        await admin.client.patch(path, json={"full_name": "Eve", "username": "eve", "email": "e@example.com"})
        await admin.client.patch(path, json={"status": "suspended"})
        await admin.client.patch(path, json={"status": "active"})
        await admin.client.patch(path, json={"status": "active"})
        await admin.client.delete(path)
        found = await entries(admin, user_id=user_id)
        assert [(entry["action"], entry["detail"]) for entry in found] == [
            ("user.created", {"role": "moderator"}),
            ("email.changed", {}),
            ("user.updated", {"fields": ["full_name", "username"]}),
            ("user.deactivated", {"from": "active", "to": "suspended"}),
            ("user.activated", {"from": "suspended", "to": "active"}),
            ("user.deleted", {}),
        ]
        assert {entry["actor_id"] for entry in found} == {admin.id}

    async def test_keys_and_what_is_done_with_them(self, admin: Person) -> None:
        scopes = [Permission.AUDIT_READ, Permission.FLAGS_MANAGE]
        made = (await admin.client.post("/api/v1/auth/api-keys", json={"name": "x", "scopes": scopes})).json()
        key = {"X-API-Key": made["key"]}
        async with httpx2.AsyncClient(transport=admin.client._transport, base_url="http://localhost") as program:
            answer = await program.put("/api/v1/flags/analyses", json={"enabled": True}, headers=key)
            assert answer.status_code == 200
            assert (await program.get(AUDIT, headers=key)).status_code == 200
        await admin.client.delete(f"/api/v1/auth/api-keys/{made['id']}")
        found = [entry for entry in await entries(admin) if entry["target_kind"] in {"api_key", "flag"}]
        assert [(entry["action"], entry["target_id"], entry["actor_kind"]) for entry in found] == [
            ("api_key.created", str(made["id"]), "user"),
            ("flag.changed", "analyses", "api_key"),
            ("api_key.revoked", str(made["id"]), "user"),
        ]
        assert found[0]["detail"] == {"scopes": sorted(scopes)}
        assert found[1]["api_key_id"] == made["id"]

    async def test_neither_profiles_nor_settings(self, admin: Person, ada: Person) -> None:
        before = await actions(admin)
        assert (await ada.client.patch("/api/v1/users/me/settings", json={"language": "de"})).status_code == 200
        assert (await ada.client.put(f"/api/v1/users/{ada.id}/profile", json={"bio": "Poet"})).status_code == 200
        assert await actions(admin) == before


class TestRefused:
    async def test_a_sign_in_is_noted_with_the_account_but_not_with_what_was_typed(
        self, visitor: httpx2.AsyncClient, service: RunningService, admin: Person, ada: Person
    ) -> None:
        for email in ("ada@example.com", "By-Mistake@example.com", "by-mistake@EXAMPLE.com", "secret"):
            assert (await sign_in(visitor, email, WRONG)).status_code == 401
        known, *unknown = await entries(admin, action="signin.refused")
        assert (known["user_id"], known["detail"]) == (ada.id, {"reason": "wrong_credentials"})
        assert (known["actor_kind"], known["actor_id"], known["outcome"]) == ("anonymous", None, "refused")
        prints = [entry["detail"]["account"] for entry in unknown]
        assert {entry["user_id"] for entry in unknown} == {None}
        assert (prints[0] == prints[1], len(set(prints))) == (True, 2)
        async with service.services.database.read() as connection:
            rows = (await connection.execute(text("SELECT * FROM audit_entries"))).mappings().all()
        kept = json.dumps([dict(row) for row in rows], default=str).lower()
        assert not any(word in kept for word in ("mistake", "example.com", WRONG.lower(), PASSWORD.lower()))

    async def test_a_sign_in_to_an_account_that_is_not_active(
        self, visitor: httpx2.AsyncClient, admin: Person, ada: Person
    ) -> None:
        await admin.client.patch(f"/api/v1/users/{ada.id}", json={"status": "suspended"})
        assert (await sign_in(visitor, "ada@example.com")).status_code == 403
        [entry] = await entries(admin, action="signin.refused")
        assert (entry["user_id"], entry["detail"]) == (ada.id, {"reason": "suspended"})

    async def test_what_a_role_may_not_do_is_noted_with_its_route_and_ten_times_a_minute(
        self, admin: Person, ada: Person
    ) -> None:
        for number in range(15):
            assert_problem(await ada.client.delete(f"/api/v1/users/{number + 1}"), 403, "FORBIDDEN")
        found = await entries(admin, action="permission.denied")
        assert len(found) == 10
        assert found[0]["detail"] == {"permission": "users:manage", "route": "DELETE /api/v1/users/{user_id}"}
        assert (found[0]["actor_id"], found[0]["outcome"]) == (ada.id, "refused")

    async def test_a_key_that_is_not_for_ones_own_things_is_no_matter_for_the_log(
        self, visitor: httpx2.AsyncClient, admin: Person, ada: Person
    ) -> None:
        new = {"name": "x", "scopes": ["analyses:read"]}
        key = {"X-API-Key": (await ada.client.post("/api/v1/auth/api-keys", json=new)).json()["key"]}
        assert_problem(await visitor.get("/api/v1/users/me", headers=key), 403, "FORBIDDEN")
        assert await entries(admin, action="permission.denied") == []

    async def test_a_change_that_is_refused_leaves_no_entry_of_a_change(self, admin: Person, ada: Person) -> None:
        before = await actions(admin)
        assert_problem(await admin.client.delete(f"/api/v1/users/{admin.id}"), 409, "LAST_ADMIN")
        assert_problem(
            await admin.client.patch(f"/api/v1/users/{ada.id}", json={"email": "root@example.com", "role": "admin"}),
            409,
            "ALREADY_EXISTS",
        )
        assert await actions(admin) == before


class TestThrottled:
    async def test_is_noted_for_each_network_ten_times_a_minute(self, start: Any) -> None:
        service: RunningService = await start(login_attempts=2)
        admin, visitor = await service.person("root@example.com", UserRole.ADMIN), await service.visitor()
        for _ in range(20):
            await sign_in(visitor, "nobody@example.com", WRONG)
        assert await actions(admin, outcome="refused") == ["signin.refused"] * 2 + ["signin.throttled"] * 10


class TestList:
    async def test_is_for_administrators(self, service: RunningService, ada: Person) -> None:
        moderator = await service.person("mod@example.com", UserRole.MODERATOR)
        for person in (ada, moderator):
            assert_problem(await person.client.get(AUDIT), 403, "FORBIDDEN")
        assert_problem(await (await service.visitor()).get(AUDIT), 401, "UNAUTHENTICATED")

    async def test_filters_by_every_column_it_offers(self, admin: Person, ada: Person) -> None:
        everything = await entries(admin)
        middle = everything[2]["created_at"]
        assert await entries(admin, since=middle) == everything[2:]
        assert await entries(admin, until=middle) == everything[:2]
        assert await entries(admin, since=middle, until=middle) == []
        assert await entries(admin, ip_address="127.0.0.1") == [e for e in everything if e["ip_address"]]
        assert await entries(admin, ip_address="::1") == []
        assert await entries(admin, target_kind="user", target_id=str(ada.id)) == [
            e for e in everything if (e["target_kind"], e["target_id"]) == ("user", str(ada.id))
        ]
        assert await entries(admin, actor_id=ada.id, outcome="refused") == []
        assert await actions(admin, actor_id=ada.id) == ["signin.succeeded"]

    @pytest.mark.parametrize(
        "query",
        [
            {"since": "yesterday"},
            {"since": "2026-11-20T10:30:00"},
            {"since": "0001-01-01T00:00:00+14:00"},
            {"until": "9999-12-31T23:59:59-12:00"},
            {"ip_address": "'"},
            {"action": "x"},
        ],
    )
    async def test_refuses_what_it_does_not_know(self, admin: Person, query: dict[str, str]) -> None:
        assert_problem(
            await admin.client.get(AUDIT, params=query), 422, "VALIDATION_ERROR", *(f"/query/{name}" for name in query)
        )

    async def test_is_paged_the_newest_first(self, admin: Person, ada: Person) -> None:
        first = (await admin.client.get(AUDIT, params={"size": 1})).json()
        second = (await admin.client.get(first["links"]["next"])).json()
        assert first["total"] >= 4
        assert first["items"][0]["id"] > second["items"][0]["id"]


class TestSecurityEvents:
    async def test_are_those_of_ones_own_account_and_of_nobody_elses(
        self, visitor: httpx2.AsyncClient, admin: Person, ada: Person, bob: Person
    ) -> None:
        await sign_in(visitor, "ada@example.com", WRONG)
        await sign_in(visitor, "bob@example.com", WRONG)
        await admin.client.patch(f"/api/v1/users/{ada.id}", json={"full_name": "Ada King"})
        found = (await ada.client.get(EVENTS, params={"sort_order": "asc"})).json()["items"]
        assert [(event["action"], event["by"], event["ip_address"]) for event in found] == [
            ("user.created", "service", None),
            ("signin.succeeded", "you", "127.0.0.1"),
            ("signin.refused", "somebody", "127.0.0.1"),
            ("user.updated", "administrator", None),
        ]
        assert found[3]["user_agent"] is None
        refused = (await ada.client.get(EVENTS, params={"outcome": "refused"})).json()
        assert refused["total"] == 1

    async def test_are_not_shown_to_keys(self, visitor: httpx2.AsyncClient, ada: Person) -> None:
        new = {"name": "x", "scopes": ["profile:read"]}
        key = {"X-API-Key": (await ada.client.post("/api/v1/auth/api-keys", json=new)).json()["key"]}
        assert_problem(await visitor.get(EVENTS, headers=key), 403, "SESSION_REQUIRED")
