"""acceptance.md B: input data (rows 18-24, 27, 28, 32, 36-39, 82). Bodies and parameters come from the application."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.conftest import Oracle
from tests.acceptance.operations import Operation, operations
from tests.conftest import Person
from tests.guards import cpu_guard

pytestmark = pytest.mark.anyio

REFUSED = {400, 401, 403, 404, 413, 415, 422}
NOT_THEIRS = {
    *("id", "owner_id", "user_id", "tenant_id", "created_at", "updated_at"),
    *("role", "is_superuser", "permissions", "status", "email_verified", "balance", "hashed_password"),
}
"""What no sender sets, unless the body of an operation says that they may."""
MAX_ERROR_BYTES = 4_096
CPU_SECONDS = 1.0
"""A guard against hanging: ten times what the slowest of these may take."""


def operations_with_body(oracle: Oracle) -> Iterator[Operation]:
    yield from (operation for operation in operations(oracle.service.app) if operation.body is not None)


async def refuse(oracle: Oracle, operation: Operation, body: Any, token: str, expected: set[int]) -> None:
    """Send a body and see it refused, briefly."""
    answer = await oracle.send_json(operation.method, operation.path(), body, token=token, expected=expected)
    assert len(answer.body) < MAX_ERROR_BYTES, operation


class TestNumbers:
    """Rows 18, 21, 22."""

    @pytest.mark.parametrize("literal", ["NaN", "Infinity", "-Infinity", "1e400", '"nan"', "9" * 5_000])
    async def test_no_field_takes_a_number_that_is_none(self, oracle: Oracle, admin: Person, literal: str) -> None:
        for operation in operations_with_body(oracle):
            for name, body in operation.bodies_with("@@"):
                text = json.dumps(body).replace('"@@"', literal).encode()
                if literal == '"nan"' and _takes_text(operation, name):
                    continue
                await refuse(oracle, operation, text, admin.token, REFUSED)

    @pytest.mark.parametrize("value", ["nan", "inf", "1e400", "9" * 5_000, "0", "-1", str(2**63), str(2**70), "a"])
    async def test_no_path_parameter_takes_a_number_that_is_no_id(
        self, oracle: Oracle, admin: Person, value: str
    ) -> None:
        headers = {"host": "localhost", "authorization": f"Bearer {admin.token}"}
        for operation in operations(oracle.service.app):
            for name in operation.parameters_in("path"):
                path = operation.path(**{name: value})
                if operation.body is None:
                    await oracle.request(operation.method, path, headers=headers, expected={404, 422})
                else:
                    await oracle.send_json(
                        operation.method, path, operation.body, token=admin.token, expected={404, 422}
                    )

    async def test_the_largest_id_is_only_not_found(self, oracle: Oracle, ada: Person) -> None:
        headers = {"host": "localhost", "authorization": f"Bearer {ada.token}"}
        await oracle.request("GET", f"/api/v1/analyses/{2**63 - 1}", headers=headers, expected={404})

    @pytest.mark.parametrize("value", ["nan", "0", "-1", "1e400", str(2**63), str(10**9) * 3, "1.5", "", "a"])
    async def test_no_list_takes_a_page_or_size_out_of_bounds(self, oracle: Oracle, admin: Person, value: str) -> None:
        """Row 37 as well."""
        headers = {"host": "localhost", "authorization": f"Bearer {admin.token}"}
        for operation in operations(oracle.service.app):
            for name in {"page", "size"} & set(operation.parameters_in("query")):
                query = f"{name}={value}".encode()
                await oracle.request("GET", operation.path(), headers=headers, query=query, expected={422})

    async def test_no_page_is_larger_than_the_largest(self, oracle: Oracle, admin: Person) -> None:
        headers = {"host": "localhost", "authorization": f"Bearer {admin.token}"}
        for operation in operations(oracle.service.app):
            if "size" in operation.parameters_in("query"):
                await oracle.request(
                    "GET", operation.path(), headers=headers, query=operation.query(size=101), expected={422}
                )
                largest = operation.query(size=100)
                await oracle.request("GET", operation.path(), headers=headers, query=largest, expected={200, 404})


class TestText:
    """Rows 19, 20, 32."""

    @pytest.mark.parametrize("value", ["\ud800", "a\udfffb", "\0", "a\0b"], ids=ascii)
    async def test_no_field_stores_text_that_a_database_cannot(self, oracle: Oracle, admin: Person, value: str) -> None:
        for operation in operations_with_body(oracle):
            for name, body in operation.bodies_with(value):
                expected = REFUSED | ({201} if name in {"password", "confirm_password"} else set())
                await refuse(oracle, operation, body, admin.token, expected)

    @pytest.mark.parametrize("value", [b"%00", b"a%00b", b"%ff", b"%ed%a0%80"])
    async def test_no_parameter_reaches_the_driver_with_it(self, oracle: Oracle, admin: Person, value: bytes) -> None:
        headers = {"host": "localhost", "authorization": f"Bearer {admin.token}"}
        for operation in operations(oracle.service.app):
            for name in operation.parameters_in("query"):
                query = name.encode() + b"=" + value
                await oracle.request(operation.method, operation.path(), headers=headers, query=query)
            for name in operation.parameters_in("path"):
                if operation.body is None:
                    path = operation.path(**{name: "1\0"})
                    await oracle.request(operation.method, path, headers=headers, expected={404, 422})

    async def test_no_search_takes_nul(self, oracle: Oracle, admin: Person) -> None:
        headers = {"host": "localhost", "authorization": f"Bearer {admin.token}"}
        await oracle.request("GET", "/api/v1/users", headers=headers, query=b"search=a%00", expected={422})

    async def test_a_login_with_nul_is_refused(self, oracle: Oracle) -> None:
        headers = {"host": "localhost", "content-type": "application/x-www-form-urlencoded", "content-length": "31"}
        body = b"username=a%00b&password=%00aA1xxxxx"
        await oracle.request("POST", "/api/v1/auth/login", headers=headers, body=body, expected={422})

    @pytest.mark.parametrize("text", ["\u200b", "\u200b \ufeff\u200d", "\u2060"], ids=ascii)
    async def test_a_text_that_shows_nothing_is_blank(self, oracle: Oracle, ada: Person, text: str) -> None:
        body = {"text_content": text, "analysis_type": "sentiment"}
        await oracle.send_json("POST", "/api/v1/analyses", body, token=ada.token, expected={422})

    @pytest.mark.parametrize("name", ["\x1b[31mred", "two\nlines", "a\x07b"])
    async def test_a_name_has_no_control_characters(self, oracle: Oracle, ada: Person, name: str) -> None:
        await oracle.send_json("PATCH", "/api/v1/users/me", {"full_name": name}, token=ada.token, expected={422})

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig", "latin-1"])
    async def test_json_is_utf8_and_nothing_else(self, oracle: Oracle, ada: Person, encoding: str) -> None:
        body = '{"text_content": "Grüße", "analysis_type": "sentiment"}'.encode(encoding)
        await oracle.send_json("POST", "/api/v1/analyses", body, token=ada.token, expected={400})

    async def test_a_compressed_body_is_refused(self, oracle: Oracle, ada: Person) -> None:
        body = gzip.compress(b'{"text_content": "Fine.", "analysis_type": "sentiment"}')
        headers = {
            "host": "localhost",
            "authorization": f"Bearer {ada.token}",
            "content-type": "application/json",
            "content-encoding": "gzip",
            "content-length": str(len(body)),
        }
        await oracle.request("POST", "/api/v1/analyses", headers=headers, body=body, expected={415})

    async def test_every_text_has_a_largest_length(self, oracle: Oracle, admin: Person) -> None:
        for operation in operations_with_body(oracle):
            for name, body in operation.bodies_with("x" * 1_000_000):
                assert name
                await refuse(oracle, operation, body, admin.token, {413, 422})

    async def test_every_text_in_the_document_has_a_bound(self, oracle: Oracle) -> None:
        for operation in operations_with_body(oracle):
            for name, schema in operation.body_schema["properties"].items():
                for part in [schema, *schema.get("anyOf", [])]:
                    if part.get("type") == "string":
                        assert "maxLength" in part or "maxLength" in schema or "enum" in part, f"{operation}: {name}"


class TestShape:
    """Rows 23, 24, 28, 82."""

    @pytest.mark.parametrize("depth", [900, 100_000])
    async def test_no_depth_is_too_deep(self, oracle: Oracle, admin: Person, depth: int) -> None:
        for operation in operations_with_body(oracle):
            with cpu_guard(CPU_SECONDS):
                await refuse(oracle, operation, b"[" * depth + b"]" * depth, admin.token, REFUSED)
                for _, body in operation.bodies_with("@@"):
                    nested = json.dumps(body).replace('"@@"', '{"a":' * 900 + "1" + "}" * 900).encode()
                    await refuse(oracle, operation, nested, admin.token, REFUSED)

    async def test_a_hundred_thousand_keys_or_items_are_refused(self, oracle: Oracle, admin: Person) -> None:
        keys = json.dumps({f"k{number}": 1 for number in range(60_000)}).encode()
        items = json.dumps(list(range(100_000))).encode()
        for operation in operations_with_body(oracle):
            with cpu_guard(CPU_SECONDS):
                await refuse(oracle, operation, keys, admin.token, {413, 422})
                await refuse(oracle, operation, items, admin.token, {413, 422})

    async def test_no_body_takes_an_unknown_field(self, oracle: Oracle, admin: Person) -> None:
        for operation in operations_with_body(oracle):
            assert operation.body is not None
            for unknown in NOT_THEIRS - set(operation.body_schema["properties"]):
                body = {**operation.body, unknown: 1}
                await refuse(oracle, operation, body, admin.token, {422})

    @pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"1", b'"a"', b"{}x", b"\xff\xfe{}"])
    async def test_nothing_else_than_a_whole_object_is_a_body(self, oracle: Oracle, admin: Person, body: bytes) -> None:
        for operation in operations_with_body(oracle):
            await refuse(oracle, operation, body, admin.token, {400, 422})


class TestNull:
    """Row 27."""

    async def test_no_patch_sets_null_where_there_must_be_something(self, oracle: Oracle, admin: Person) -> None:
        patches = [operation for operation in operations_with_body(oracle) if operation.method == "PATCH"]
        assert patches
        for operation in patches:
            path = operation.path(user_id=admin.id)
            for name, schema in operation.body_schema["properties"].items():
                nullable = any(part.get("type") == "null" for part in schema.get("anyOf", []))
                expected = {200} if nullable else {422}
                await oracle.send_json("PATCH", path, {name: None}, token=admin.token, expected=expected)
            await oracle.send_json("PATCH", path, {}, token=admin.token, expected={422})


class TestQuery:
    """Rows 36, 38."""

    async def test_no_operation_takes_a_parameter_twice(self, oracle: Oracle, admin: Person) -> None:
        headers = {"host": "localhost", "authorization": f"Bearer {admin.token}"}
        for operation in operations(oracle.service.app):
            for name in operation.parameters_in("query"):
                query = f"{name}=1&{name}=2".encode()
                await oracle.request(operation.method, operation.path(), headers=headers, query=query, expected={422})

    async def test_no_operation_takes_an_unknown_parameter(self, oracle: Oracle, admin: Person) -> None:
        headers = {"host": "localhost", "authorization": f"Bearer {admin.token}"}
        for operation in operations(oracle.service.app):
            if operation.body is None and operation.template != "/api/v1/auth/login":
                answer = await oracle.request(
                    operation.method, operation.path(), headers=headers, query=b"x%00%c3%bf=1", expected={422}
                )
                assert answer.json()["errors"][0]["pointer"] == "/query/?"

    @pytest.mark.parametrize("column", ["hashed_password", "password", "owner_id", "text_content", "1", "id;--"])
    async def test_no_list_sorts_by_a_column_it_does_not_name(self, oracle: Oracle, admin: Person, column: str) -> None:
        headers = {"host": "localhost", "authorization": f"Bearer {admin.token}"}
        for operation in operations(oracle.service.app):
            if "sort_by" in operation.parameters_in("query"):
                query = f"sort_by={column}".encode()
                await oracle.request("GET", operation.path(), headers=headers, query=query, expected={422})


class TestEcho:
    """Row 39."""

    @pytest.mark.parametrize("email", ["a@canary😀.com", "canary", "a@canary..com", "canary secret@example.com"])
    async def test_no_address_that_is_refused_is_repeated(self, oracle: Oracle, email: str) -> None:
        body = {"email": email, "password": "Lovelace1815"}
        answer = await oracle.send_json("POST", "/api/v1/auth/register", body, expected={422})
        assert "canary" not in answer.text

    async def test_no_length_of_a_password_is_told(self, oracle: Oracle) -> None:
        body = {"email": "a@example.com", "password": "Lovelace1815" * 11}
        answer = await oracle.send_json("POST", "/api/v1/auth/register", body, expected={422})
        assert answer.json()["errors"][0]["message"] == "Must have at most 128 characters or items"
        assert "132" not in answer.json()["detail"]

    async def test_no_refusal_repeats_what_was_sent(self, oracle: Oracle, admin: Person) -> None:
        for operation in operations_with_body(oracle):
            for name, body in operation.bodies_with("canary-Secret1"):
                incomplete = {"canary-unknown!": "canary-Secret1", **body, "x": "canary-Secret1"}
                answer = await oracle.send_json(
                    operation.method, operation.path(), incomplete, token=admin.token, expected={422}
                )
                assert "canary" not in answer.text, f"{operation}: {name}"
        assert "canary" not in str(oracle.records)

    async def test_five_megabytes_of_nonsense_are_answered_in_few_bytes(self, oracle: Oracle, admin: Person) -> None:
        for operation in operations_with_body(oracle):
            await refuse(oracle, operation, b"[" + b'"x",' * 1_250_000 + b"1]", admin.token, {413})


def _takes_text(operation: Operation, name: str) -> bool:
    schema = operation.body_schema["properties"][name]
    return any(part.get("type") == "string" and "enum" not in part for part in [schema, *schema.get("anyOf", [])])
