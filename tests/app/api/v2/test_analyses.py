"""Analyses in version 2 over HTTP: what differs from version 1, and that both are about the same analyses."""

from typing import Any

import httpx2
import pytest

from tests.app.conftest import Statements, assert_problem
from tests.conftest import Person, RunningService

pytestmark = pytest.mark.anyio

V1, V2 = "/api/v1/analyses", "/api/v2/analyses"
TEXT = "The room was lovely. The service was not."
NEW = {"text": TEXT, "analysis_type": "sentiment"}
KEY = {"Idempotency-Key": "0b9e9a52-6d4c-4b6a-9a5e-0c4f0d1f7a11"}
DEPRECATION = ("deprecation", "sunset")


async def analyse(person: Person, **values: Any) -> dict[str, Any]:
    answer = await person.client.post(V2, json={**NEW, **values})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def as_v1(analysis: dict[str, Any]) -> list[tuple[str, Any]]:
    """The fields of an analysis in their order, as version 1 names them."""
    return [("text_content" if name == "text" else name, value) for name, value in analysis.items()]


class TestBothVersions:
    async def test_answer_the_same_analysis(self, ada: Person) -> None:
        made = await analyse(ada)
        assert made["text"] == TEXT
        one, two = [(await ada.client.get(f"{path}/{made['id']}")).json() for path in (V1, V2)]
        assert two == made
        assert as_v1(two) == list(one.items())

    async def test_read_what_the_other_one_made_and_delete_it(self, ada: Person) -> None:
        bodies = {V1: {"text_content": TEXT, "analysis_type": "sentiment"}, V2: NEW}
        for path, other in ((V1, V2), (V2, V1)):
            number = (await ada.client.post(path, json=bodies[path])).json()["id"]
            assert (await ada.client.get(f"{other}/{number}")).status_code == 200
            assert (await ada.client.delete(f"{other}/{number}")).status_code == 204
            assert_problem(await ada.client.get(f"{path}/{number}"), 404, "ANALYSIS_NOT_FOUND")

    async def test_list_the_same(self, ada: Person) -> None:
        made = [await analyse(ada, text=f"Text {number}.") for number in range(3)]
        one, two = [(await ada.client.get(path)).json()["items"] for path in (V1, V2)]
        assert two == list(reversed(made))
        assert [as_v1(item) for item in two] == [list(item.items()) for item in one]

    @pytest.mark.parametrize(
        ("one", "two"),
        [
            ("AnalysisCreate", "AnalysisCreateV2"),
            ("AnalysisRead", "AnalysisReadV2"),
            ("AnalysisReadSparse", "AnalysisReadV2Sparse"),
        ],
    )
    async def test_have_a_schema_each(self, service: RunningService, one: str, two: str) -> None:
        schemas = service.app.openapi()["components"]["schemas"]
        fields = schemas[two]["properties"]
        assert "text" in fields
        assert [name for name, _ in as_v1(fields)] == list(schemas[one]["properties"])


class TestCreateAnalysis:
    async def test_says_where_the_analysis_is_in_this_version(self, ada: Person) -> None:
        answer = await ada.client.post(V2, json=NEW)
        assert answer.headers["location"] == f"{V2}/{answer.json()['id']}"
        assert (await ada.client.get(answer.headers["location"])).json() == answer.json()

    @pytest.mark.parametrize(
        ("change", "pointer"),
        [
            ({"text": ""}, "/body/text"),
            ({"text": "x" * 10_001}, "/body/text"),
            ({"text": "a\0b"}, "/body/text"),
            ({"text": 5}, "/body/text"),
            ({"text_content": TEXT}, "/body/text_content"),
            ({"analysis_type": "emotion"}, "/body/analysis_type"),
        ],
    )
    async def test_refuses_what_is_not_valid(self, ada: Person, change: dict[str, Any], pointer: str) -> None:
        assert_problem(await ada.client.post(V2, json={**NEW, **change}), 422, "VALIDATION_ERROR", pointer)

    async def test_needs_the_text(self, ada: Person) -> None:
        answer = await ada.client.post(V2, json={"analysis_type": "sentiment"})
        assert_problem(answer, 422, "VALIDATION_ERROR", "/body/text")

    async def test_has_one_effect_and_one_answer_for_a_key(self, ada: Person) -> None:
        first, again = [await ada.client.post(V2, json=NEW, headers=KEY) for _ in range(2)]
        assert (first.status_code, first.headers.get("idempotency-replayed")) == (201, None)
        assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
        assert (again.content, again.headers["location"]) == (first.content, first.headers["location"])
        assert len((await ada.client.get(V2)).json()["items"]) == 1

    async def test_takes_no_key_that_was_used_in_the_other_version(self, ada: Person) -> None:
        await ada.client.post(V2, json=NEW, headers=KEY)
        answer = await ada.client.post(V1, json={"text_content": TEXT, "analysis_type": "sentiment"}, headers=KEY)
        assert_problem(answer, 422, "IDEMPOTENCY_KEY_REUSED", "/header/Idempotency-Key")


class TestListAnalyses:
    async def test_has_no_page_numbers_and_no_total(self, ada: Person) -> None:
        await analyse(ada)
        answer = await ada.client.get(V2)
        assert set(answer.json()) == {"items", "size", "next_cursor", "prev_cursor", "links"}
        assert "x-total-count" not in answer.headers
        for query in ({"page": 1}, {"count": "false"}):
            refused = await ada.client.get(V2, params=query)
            assert_problem(refused, 422, "VALIDATION_ERROR", f"/query/{next(iter(query))}")

    async def test_is_walked_by_its_links_both_ways(self, ada: Person) -> None:
        ids = [(await analyse(ada))["id"] for _ in range(5)][::-1]
        first = (await ada.client.get(V2, params={"size": 2})).json()
        second = (await ada.client.get(first["links"]["next"])).json()
        third = (await ada.client.get(V2, params={"size": 2, "cursor": second["next_cursor"]})).json()
        assert [item["id"] for part in (first, second, third) for item in part["items"]] == ids
        assert (first["prev_cursor"], third["next_cursor"]) == (None, None)
        assert (await ada.client.get(second["links"]["prev"])).json()["items"] == first["items"]

    async def test_takes_no_cursor_of_the_other_version(self, ada: Person) -> None:
        for _ in range(2):
            await analyse(ada)
        cursor = (await ada.client.get(V1, params={"size": 1, "cursor": ""})).json()["next_cursor"]
        answer = await ada.client.get(V2, params={"size": 1, "cursor": cursor})
        assert_problem(answer, 422, "VALIDATION_ERROR", "/query/cursor")

    async def test_shows_the_fields_that_are_asked_for_by_their_names_here(self, ada: Person) -> None:
        made = await analyse(ada)
        answer = await ada.client.get(V2, params={"fields": "text,id"})
        assert answer.json()["items"] == [{"id": made["id"], "text": TEXT}]
        refused = await ada.client.get(V2, params={"fields": "text_content"})
        assert_problem(refused, 422, "VALIDATION_ERROR", "/query/fields")

    async def test_filters_and_sorts(self, ada: Person) -> None:
        ids = [(await analyse(ada, text=text))["id"] for text in ("Awful.", "Lovely.", "A table.")]
        query = {"sort_by": "sentiment_score", "sort_order": "asc", "status": "completed"}
        found = (await ada.client.get(V2, params=query)).json()["items"]
        assert [item["id"] for item in found] == [ids[0], ids[2], ids[1]]
        assert (await ada.client.get(V2, params={"status": "error"})).json()["items"] == []

    async def test_takes_two_statements_and_counts_nothing(self, ada: Person, statements: Statements) -> None:
        await analyse(ada)
        with statements() as seen:
            await ada.client.get(V2)
        assert len(seen) == 2
        assert not any("count(" in statement for statement in seen)


class TestReadAnalysis:
    async def test_is_304_for_who_has_it(self, ada: Person) -> None:
        path = f"{V2}/{(await analyse(ada))['id']}"
        known = (await ada.client.get(path)).headers["etag"]
        answer = await ada.client.get(path, headers={"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", known)

    async def test_is_for_the_owner_only(self, ada: Person, bob: Person, admin: Person) -> None:
        path = f"{V2}/{(await analyse(ada))['id']}"
        for other, method in ((bob, "GET"), (admin, "GET"), (bob, "DELETE"), (admin, "DELETE")):
            assert_problem(await other.client.request(method, path), 404, "ANALYSIS_NOT_FOUND")


class TestDeprecation:
    async def test_is_told_by_the_list_of_version_1(self, ada: Person, visitor: httpx2.AsyncClient) -> None:
        for answer in (
            await ada.client.get(V1),
            await ada.client.get(V1, params={"page": 0}),
            await visitor.get(V1),
        ):
            assert [answer.headers[name] for name in DEPRECATION] == ["@1796083200", "Wed, 01 Dec 2027 00:00:00 GMT"]
            links = answer.headers["link"]
            assert f'<{V2}>; rel="successor-version"' in links
            assert '</deprecations#list_analyses>; rel="deprecation"' in links
        assert (await visitor.get("/deprecations")).status_code == 200

    async def test_is_told_by_nothing_else(self, ada: Person) -> None:
        made = await ada.client.post(V1, json={"text_content": TEXT, "analysis_type": "sentiment"})
        path = made.headers["location"]
        answers = [made, await ada.client.get(path), await ada.client.get(V2), await ada.client.delete(path)]
        assert not any(name in answer.headers for name in DEPRECATION for answer in answers)


class TestStrangers:
    @pytest.mark.parametrize(("method", "path"), [("POST", V2), ("GET", V2), ("GET", f"{V2}/1"), ("DELETE", f"{V2}/1")])
    async def test_are_kept_out(self, visitor: httpx2.AsyncClient, method: str, path: str) -> None:
        answer = await visitor.request(method, path, json=NEW if method == "POST" else None)
        assert_problem(answer, 401, "UNAUTHENTICATED")
