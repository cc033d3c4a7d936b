"""acceptance.md F: what callers must be allowed to (rows 75, 79). The routes come from the application."""

import json
import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts

from app.api.callers import Guard, Requires, RequiresToFollow
from app.api.v1.api import public_routes
from app.core.enums import UserRole
from app.core.permissions import ROLE_PERMISSIONS, Permission
from lintel.routing import route_names
from tests.acceptance.conftest import Oracle
from tests.acceptance.operations import Operation, operations
from tests.conftest import ON_SQLITE, Person, RunningService

pytestmark = [pytest.mark.anyio, ON_SQLITE]

FOR_WHO_IS_SIGNED_IN = {
    "POST /api/v1/auth/logout",
    "GET /api/v1/auth/sessions",
    "DELETE /api/v1/auth/sessions",
    "DELETE /api/v1/auth/sessions/{session_id}",
    "POST /api/v1/auth/password/change",
    "POST /api/v1/auth/email/change",
    "POST /api/v1/auth/email/confirm",
    "POST /api/v1/auth/api-keys",
    "GET /api/v1/auth/api-keys",
    "GET /api/v1/auth/api-keys/{key_id}",
    "DELETE /api/v1/auth/api-keys/{key_id}",
    "DELETE /api/v1/users/me",
    "GET /api/v1/users/me/security-events",
    "POST /api/v1/ws/tickets",
    "WEBSOCKET /api/v1/ws",  # what may be heard is asked channel by channel
    "WEBSOCKET /api/v1/ws/{channel}",
}
"""What is about a session, or so grave that it takes one."""


def guards(dependant: Dependant | None) -> Iterator[Guard]:
    for dependency in dependant.dependencies if dependant else ():
        if isinstance(dependency.call, Requires | RequiresToFollow):
            yield dependency.call
        yield from guards(dependency)


def guards_by_route(app: FastAPI) -> dict[str, list[Guard]]:
    """The guards of every route that the service itself has and that is not public."""
    return {
        re.sub(r":\w+}", "}", name): list(guards(getattr(context, "dependant", None)))
        for context in iter_route_contexts(app.routes)
        for name in route_names(context)
        if name not in public_routes("/api/v1") and _is_ours(context)
    }


def _is_ours(context: RouteContext) -> bool:
    return not str(context.path).startswith(("/docs", "/redoc", "/openapi.json", "/problems", "/deprecations"))


class TestEveryRoute:
    async def test_asks_for_a_permission_or_is_for_whoever_is_signed_in(self, service: RunningService) -> None:
        found = guards_by_route(service.app)
        assert {name for name, its_guards in found.items() if not its_guards} == FOR_WHO_IS_SIGNED_IN
        assert len(found) > 30

    async def test_is_closed_to_roles_that_lack_it(self, oracle: Oracle, ada: Person) -> None:
        own = ROLE_PERMISSIONS[UserRole.USER]
        found = guards_by_route(oracle.service.app)
        closed = [
            operation
            for operation in operations(oracle.service.app)
            if not all(own & set(guard.permissions) for guard in found.get(str(operation), ()))
        ]
        for operation in closed:
            await refuse(oracle, operation, "FORBIDDEN", authorization=f"Bearer {ada.token}")
        assert len(closed) >= 8


class TestKeys:
    """Row 75: a key of an administrator, with all but one of the permissions that there are."""

    async def test_are_refused_by_every_route_that_asks_for_what_they_are_not_for(
        self, oracle: Oracle, admin: Person
    ) -> None:
        asked = set()
        for permission in Permission:
            key = await _key_without(admin, permission)
            for operation in operations(oracle.service.app):
                found = guards_by_route(oracle.service.app).get(str(operation), [])
                if any(guard.permissions == (permission,) for guard in found if isinstance(guard, Requires)):
                    await refuse(oracle, operation, "FORBIDDEN", **{"x-api-key": key})
                    asked.add(permission)
        assert asked == set(Permission)

    async def test_are_not_enough_where_a_session_is_needed(self, oracle: Oracle, admin: Person) -> None:
        key = await _key_without(admin)
        found = guards_by_route(oracle.service.app)
        asked = 0
        for operation in operations(oracle.service.app):
            follows = any(isinstance(guard, RequiresToFollow) for guard in found.get(str(operation), ()))
            if str(operation) in FOR_WHO_IS_SIGNED_IN or follows:
                await refuse(oracle, operation, "SESSION_REQUIRED", **{"x-api-key": key})
                asked += 1
        assert asked >= 12

    async def test_are_documented_on_exactly_the_routes_that_take_them(self, service: RunningService) -> None:
        document, found = service.app.openapi(), guards_by_route(service.app)
        for operation in operations(service.app):
            takes_keys = any(isinstance(guard, Requires) for guard in found.get(str(operation), ()))
            item = document["paths"][operation.template][operation.method.lower()]
            assert ({"ApiKey": []} in item.get("security", [])) == takes_keys, operation
        scheme = document["components"]["securitySchemes"]["ApiKey"]
        assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "X-API-Key")


async def refuse(oracle: Oracle, operation: Operation, code: str, **credentials: str) -> None:
    """Send a valid request and see it refused."""
    content = b"" if operation.body is None else json.dumps(operation.body).encode()
    headers = {"host": "localhost", "content-length": str(len(content)), **credentials}
    if content:
        headers["content-type"] = "application/json"
    answer = await oracle.request(operation.method, operation.path(), headers=headers, body=content, expected={403})
    assert answer.json()["error_code"] == code, operation


async def _key_without(person: Person, *left_out: Permission) -> str:
    scopes = [permission for permission in Permission if permission not in left_out]
    answer = await person.client.post("/api/v1/auth/api-keys", json={"name": "most", "scopes": scopes})
    key: str = answer.json()["key"]
    return key
