"""acceptance.md F: authorisation (rows 79, 80). The routes come from the application."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.routing import iter_route_contexts

from app.api.v1.api import public_routes
from lintel.routing import route_names
from tests.acceptance.conftest import Oracle
from tests.acceptance.operations import Operation, operations
from tests.conftest import Person

pytestmark = pytest.mark.anyio

SAMPLE = {"text_content": "Fine weather.", "analysis_type": "sentiment"}


async def send(oracle: Oracle, operation: Operation, path: str, token: str | None, expected: set[int]) -> str:
    """Send a valid request of an operation."""
    if operation.body is not None:
        answer = await oracle.send_json(operation.method, path, operation.body, token=token, expected=expected)
    else:
        headers = {"host": "localhost"} | ({"authorization": f"Bearer {token}"} if token else {})
        answer = await oracle.request(operation.method, path, headers=headers, expected=expected)
    return answer.text


class TestWithoutCredentials:
    """Row 79."""

    async def test_every_route_that_is_not_public_asks_who_is_calling(self, oracle: Oracle) -> None:
        public = {_as_documented(name) for name in public_routes("/api/v1")}
        asked = 0
        for operation in operations(oracle.service.app):
            if str(operation) not in public:
                await send(oracle, operation, operation.path(), None, {401})
                asked += 1
        assert asked >= 10

    async def test_an_empty_body_changes_nothing_about_it(self, oracle: Oracle) -> None:
        for operation in operations(oracle.service.app):
            if operation.is_guarded and operation.body is not None:
                await oracle.send_json(operation.method, operation.path(), {}, expected={401})

    async def test_the_document_knows_every_route_with_a_body_or_a_guard(self, oracle: Oracle) -> None:
        """So that no route hides from the tests that read the document."""
        known = {str(operation) for operation in operations(oracle.service.app)}
        hidden = {
            name
            for context in iter_route_contexts(oracle.service.app.routes)
            for name in route_names(context)
            if _as_documented(name) not in known
        }
        twins = {f"GET /api/v1{path}" for path in ("/health", "/ready", "/health/detailed")}
        pages = {"GET /problems/{slug}", "GET /deprecations", "GET /openapi.json", "GET /docs", "GET /redoc"}
        for_scrapers = {"GET /metrics"}
        sockets = {f"WEBSOCKET /api/v1/ws{end}" for end in ("", "/{channel}")}  # tests/process/test_sockets.py
        expected = twins | pages | for_scrapers | sockets
        assert {name for name in hidden if "/assets/" not in name} == expected

    async def test_the_twins_are_guarded_alike(self, oracle: Oracle) -> None:
        for path in ("/api/v1/health/detailed", "/metrics"):
            await oracle.request("GET", path, expected={401})
        await oracle.request("GET", "/api/v1/health", expected={200})

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "é" * 10, "x" * 30_000])
    async def test_nonsense_is_nobody(self, oracle: Oracle, token: str) -> None:
        headers = [(b"host", b"localhost"), (b"authorization", f"Bearer {token}".encode())]
        answer = await oracle.request("GET", "/api/v1/users/me", headers=headers, expected={401})
        assert answer.header("www-authenticate") == "Bearer"


def _as_documented(name: str) -> str:
    """A route's name in the document, which does not say what a parameter may hold."""
    return name.replace(":path}", "}").replace(":number}", "}")


async def _made_by(oracle: Oracle, operation: Operation, person: Person) -> dict[str, Any] | None:
    """Something new in the collection of an operation, made by somebody; None if they may not make it."""
    making = [o for o in operations(oracle.service.app) if (o.method, o.template) == ("POST", operation.collection)]
    if not making:
        return None  # channels are there, flags are declared
    [create] = making
    answer = await person.client.post(create.template, json=create.body)
    assert answer.status_code in {201, 202, 403}, f"{create}: {answer.text}"
    made: dict[str, Any] = answer.json()
    return made if answer.is_success else None


class TestSomebodyElses:
    """Row 80."""

    async def test_every_route_with_an_id_answers_404_to_others_and_changes_nothing(
        self, oracle: Oracle, ada: Person, bob: Person, admin: Person
    ) -> None:
        """Whatever a user can make is asked for by another user and by an administrator, on every route it has."""
        found = 0
        for operation in operations(oracle.service.app):
            if not operation.parameters_in("path"):
                continue
            made = await _made_by(oracle, operation, ada)
            if made is None:
                continue  # administrators make these; the next test is about them
            found += 1
            name, read = operation.parameters_in("path")[0], operation.collection
            own = made.get("id") or made[name]
            for other in (bob, admin):
                theirs = await send(oracle, operation, operation.path(**{name: own}), other.token, {404})
                absent = own + 999 if isinstance(own, int) else uuid4()
                nothing = await send(oracle, operation, operation.path(**{name: absent}), other.token, {404})
                assert len(theirs) - len(str(own)) * 2 == len(nothing) - len(str(absent)) * 2, operation
            kept = (await ada.client.get(f"{read}/{own}")).json()
            # An answer to a POST may also show what is never shown again.
            assert kept == {name: made[name] for name in kept}, operation
        assert found >= 2

    async def test_lists_and_totals_count_only_ones_own(self, ada: Person, bob: Person) -> None:
        await ada.client.post("/api/v1/analyses", json=SAMPLE)
        listed = await bob.client.get("/api/v1/analyses")
        assert (listed.json()["items"], listed.json()["total"]) == ([], 0)

    async def test_every_user_route_is_closed_to_other_users(self, oracle: Oracle, ada: Person, bob: Person) -> None:
        before = (await ada.client.get("/api/v1/users/me")).json()
        for operation in operations(oracle.service.app):
            if "user_id" in operation.parameters_in("path"):
                await send(oracle, operation, operation.path(user_id=ada.id), bob.token, {403, 404})
        assert (await ada.client.get("/api/v1/users/me")).json() == before

    async def test_reading_somebody_and_reading_nobody_look_alike(self, ada: Person, bob: Person) -> None:
        somebody = await bob.client.get(f"/api/v1/users/{ada.id}")
        nobody = await bob.client.get("/api/v1/users/999999")
        assert somebody.status_code == nobody.status_code == 404
        assert somebody.json()["error_code"] == nobody.json()["error_code"] == "USER_NOT_FOUND"
