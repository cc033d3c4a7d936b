"""Cursors and chosen fields, on every list that the document has."""

from itertools import product
from typing import Any

import httpx2
import pytest

from app.core.enums import UserRole
from lintel.openapi import operations_of
from tests.app.conftest import Statements, add_user, assert_problem
from tests.conftest import PASSWORD, Person, RunningService

pytestmark = pytest.mark.anyio

V1 = "/api/v1"
LISTS = [
    f"{V1}/users",
    f"{V1}/analyses",
    "/api/v2/analyses",
    f"{V1}/batches",
    f"{V1}/batches/{{batch_id}}/analyses",
    f"{V1}/jobs",
    f"{V1}/auth/sessions",
    f"{V1}/auth/api-keys",
    f"{V1}/audit",
    f"{V1}/users/me/security-events",
    f"{V1}/invitations",
    f"{V1}/users/search",
    f"{V1}/users/with-profiles",
]
NEEDED = {f"{V1}/users/search": {"q": "example"}}
"""What must be asked for."""
SAMPLE = {"text_content": "The room was lovely.", "analysis_type": "sentiment"}


@pytest.fixture
async def everything(service: RunningService, admin: Person) -> httpx2.AsyncClient:
    """A client that has some of everything that can be listed."""
    client = admin.client
    for number in range(5):
        await add_user(service.services, f"u{number}@example.com", UserRole.USER, full_name=f"n{number % 2}")
        assert (await client.post(f"{V1}/analyses", json=SAMPLE)).status_code == 201
        key = {"name": f"key {number % 2}", "scopes": ["analyses:read"]}
        assert (await client.post(f"{V1}/auth/api-keys", json=key)).status_code == 201
        batch = {"texts": ["Good.", "Bad.", "So so.", "Well."], "analysis_type": "sentiment"}
        assert (await client.post(f"{V1}/batches", json=batch)).status_code == 202
        guest = {"email": f"guest{number}@example.com", "role": "user"}
        assert (await client.post(f"{V1}/invitations", json=guest)).status_code == 201
        login = {"username": "root@example.com", "password": PASSWORD}
        assert (await client.post(f"{V1}/auth/login", data=login)).status_code == 200
    return client


@pytest.fixture(params=LISTS)
async def path(request: pytest.FixtureRequest, everything: httpx2.AsyncClient) -> str:
    template: str = request.param
    if "{batch_id}" in template:
        batches = (await everything.get(f"{V1}/batches")).json()["items"]
        return template.format(batch_id=batches[0]["id"])
    return template


def parameters_of(document: dict[str, Any], path: str) -> dict[str, Any]:
    """The query parameters of a list, by name."""
    [operation] = [
        operation
        for template, operation in operations_of(document)
        if template in (path, path.replace(path.split("/")[4] if path.count("/") == 5 else "\0", "{batch_id}"))
        and "cursor" in {parameter["name"] for parameter in operation.get("parameters", [])}
    ]
    return {parameter["name"]: parameter["schema"] for parameter in operation["parameters"]}


def ids_of(items: list[dict[str, Any]]) -> list[Any]:
    return [item.get("user", item)["id"] for item in items]


async def items_of(client: httpx2.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get(path, params={**NEEDED.get(path, {}), **query})
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_these_are_all_lists_there_are(routes_of_tests: Any) -> None:
    found = {
        template
        for template, operation in operations_of(routes_of_tests.openapi())
        if "cursor" in {parameter["name"] for parameter in operation.get("parameters", [])}
    }
    assert found == set(LISTS)


class TestCursor:
    async def test_leads_in_every_order_where_the_numbers_lead(
        self, service: RunningService, everything: httpx2.AsyncClient, path: str
    ) -> None:
        schemas = service.app.openapi()["components"]["schemas"]
        declared = parameters_of(service.app.openapi(), path)
        sorts = [None]
        if "sort_by" in declared:
            sorts = schemas[declared["sort_by"]["$ref"].rpartition("/")[2]]["enum"]
        for sort, order in product(sorts, ["asc", "desc"]):
            query = {"sort_order": order} if sort is None else {"sort_by": sort, "sort_order": order}
            expected = ids_of(await items_of(everything, path, size=100, **query))
            assert len(expected) >= 4
            answer = (
                await everything.get(path, params={**NEEDED.get(path, {}), **query, "size": 3, "cursor": ""})
            ).json()
            seen = ids_of(answer["items"])
            assert answer["prev_cursor"] is None
            while answer["links"]["next"]:
                answer = (await everything.get(answer["links"]["next"])).json()
                seen += ids_of(answer["items"])
            assert seen == expected, (sort, order)

    async def test_takes_two_statements(
        self, everything: httpx2.AsyncClient, path: str, statements: Statements
    ) -> None:
        begun = (await everything.get(path, params={**NEEDED.get(path, {}), "size": 2, "cursor": ""})).json()
        with statements() as seen:
            assert (await everything.get(begun["links"]["next"])).status_code == 200
        assert len(seen) <= 2 + path.endswith("with-profiles"), seen
        assert not any("count(" in statement for statement in seen)


class TestFields:
    async def test_each_alone_is_what_it_is_among_all(
        self, service: RunningService, everything: httpx2.AsyncClient, path: str
    ) -> None:
        declared = parameters_of(service.app.openapi(), path)
        if "fields" not in declared:
            assert path.endswith("with-profiles")
            return
        names = declared["fields"]["anyOf"][0]["pattern"]
        whole = await items_of(everything, path, size=3)
        assert names.removeprefix("^(").partition(")")[0].split("|") == list(whole[0])
        for name, paging in product(whole[0], [{}, {"cursor": ""}]):
            found = await items_of(everything, path, size=3, fields=name, **paging)
            assert found == [{name: item[name]} for item in whole]

    async def test_of_no_other_name_are_there(self, everything: httpx2.AsyncClient, path: str) -> None:
        for fields in ("", "hashed_password", "id,payload", "id,"):
            answer = await everything.get(path, params={**NEEDED.get(path, {}), "fields": fields})
            assert_problem(answer, 422, "VALIDATION_ERROR", "/query/fields")
