"""acceptance.md: what could be read in two ways is not read at all (rows 11, 25, 26, 29)."""

import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.conftest import Oracle
from tests.acceptance.operations import Operation, operations
from tests.conftest import ON_SQLITE, PASSWORD, Person

pytestmark = [pytest.mark.anyio, ON_SQLITE]

LAX_WHOLE = ["1_0", "1.0", " 7 ", "+7", "07", "0x7", "1e1", "\u0667", "true", ""]
LAX_BOOLEAN = ["yes", "no", "on", "off", "t", "1", "0", "True", " true", ""]
LAX = {"integer": LAX_WHOLE, "number": ["1_0.5", " 7.5 ", "+1", "nan", ".5", ""], "boolean": LAX_BOOLEAN}
NOT_THE_TYPE: dict[str, list[Any]] = {
    "integer": ["7", 7.0, True, " 7 ", "1_0"],
    "number": ["7.5", True],
    "boolean": ["true", "yes", 1, 0, 1.0],
}
LOGIN = "/api/v1/auth/login"
URLENCODED = "application/x-www-form-urlencoded"


def types_of(schema: dict[str, Any]) -> set[str]:
    """The plain types that a property or parameter may have."""
    return {part["type"] for part in [schema, *schema.get("anyOf", [])] if "type" in part}


def with_body(oracle: Oracle) -> Iterator[Operation]:
    yield from (operation for operation in operations(oracle.service.app) if operation.body is not None)


def credentials(person: Person, **headers: str) -> dict[str, str]:
    return {"host": "localhost", "authorization": f"Bearer {person.token}", **headers}


def percent_encoded(text: str) -> bytes:
    return b"".join(b"%%%02x" % byte for byte in text.encode())


class TestRepeatedNames:
    """Row 25."""

    async def test_no_json_body_has_a_name_twice(self, oracle: Oracle, admin: Person) -> None:
        for operation in with_body(oracle):
            assert operation.body
            for name, value in operation.body.items():
                pair = f"{json.dumps(name)}: {json.dumps(value)}"
                body = f"{json.dumps(operation.body)[:-1]}, {pair}}}".encode()
                answer = await oracle.send_json(
                    operation.method, operation.path(), body, token=admin.token, expected={422}
                )
                assert answer.json()["errors"][0]["code"] == "repeated", operation

    @pytest.mark.parametrize("field", ["username", "password", "grant_type", "scope", "unknown"])
    async def test_no_form_has_a_field_twice(self, oracle: Oracle, ada: Person, field: str) -> None:
        right = f"username={ada.user.email}&password={PASSWORD}&grant_type=password&scope="
        again = {"username": "username=bob@example.com", "password": "password=x"}.get(field, f"{field}=&{field}=")
        body = f"{right}&{again}".encode()
        headers = {"host": "localhost", "content-type": URLENCODED, "content-length": str(len(body))}
        answer = await oracle.request("POST", LOGIN, headers=headers, body=body, expected={422})
        assert answer.json()["errors"][0]["code"] == "repeated"


class TestEncodings:
    """Row 26."""

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "cp037"])
    async def test_no_body_is_read_in_another_than_utf8(self, oracle: Oracle, admin: Person, encoding: str) -> None:
        for operation in with_body(oracle):
            text = json.dumps({**(operation.body or {}), "full_name": "Zoë"}, ensure_ascii=False)
            body = text.encode(encoding)
            await oracle.send_json(operation.method, operation.path(), body, token=admin.token, expected={400, 422})

    @pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf", b"\xf5\x80\x80\x80"])
    async def test_no_body_holds_bytes_that_are_not_utf8(self, oracle: Oracle, admin: Person, bad: bytes) -> None:
        for operation in with_body(oracle):
            for _, body in operation.bodies_with("@@"):
                broken = json.dumps(body).encode().replace(b"@@", b"a" + bad)
                await oracle.send_json(operation.method, operation.path(), broken, token=admin.token, expected={400})

    @pytest.mark.parametrize("bad", [b"%ff", b"%c3", b"%ED%A0%80", b"%C0%AF"])
    async def test_no_address_is_read_as_if_it_were_utf8(self, oracle: Oracle, admin: Person, bad: bytes) -> None:
        headers = credentials(admin)
        for operation in operations(oracle.service.app):
            for name in operation.parameters_in("query") or ["x"]:
                for query in (name.encode() + b"=" + bad, bad + b"=1"):
                    await oracle.request(
                        operation.method, operation.path(), headers=headers, query=query, expected={400}
                    )
            for name in operation.parameters_in("path"):
                path = operation.path(**{name: "1\ufffd"})
                raw = operation.path(**{name: "1"}).encode() + bad
                await oracle.request(operation.method, path, raw_path=raw, headers=headers, expected={400})

    @pytest.mark.parametrize("bad", [b"%ff", b"\xff", b"%c3"])
    async def test_no_form_is_read_as_if_it_were_utf8(self, oracle: Oracle, bad: bytes) -> None:
        body = b"username=a@example.com&password=" + bad
        headers = {"host": "localhost", "content-type": URLENCODED, "content-length": str(len(body))}
        await oracle.request("POST", LOGIN, headers=headers, body=body, expected={400})


class TestNumbers:
    """Row 29: in JSON numbers and booleans are what they are; in text they are written as JSON writes them."""

    async def test_no_json_field_is_made_of_another_type(self, oracle: Oracle, admin: Person) -> None:
        asked = 0
        for operation in with_body(oracle):
            for name, schema in operation.body_schema["properties"].items():
                for kind in types_of(schema) & NOT_THE_TYPE.keys():
                    for value in NOT_THE_TYPE[kind]:
                        body = {**(operation.body or {}), name: value}
                        await oracle.send_json(
                            operation.method, operation.path(), body, token=admin.token, expected={422}
                        )
                        asked += 1
        assert asked

    async def test_no_parameter_is_read_loosely(self, oracle: Oracle, admin: Person) -> None:
        asked = 0
        for operation in operations(oracle.service.app):
            for parameter in operation.parameters:
                for kind in types_of(parameter["schema"]) & LAX.keys():
                    for text in LAX[kind]:
                        if parameter["in"] == "path" and text:
                            path = operation.path(**{parameter["name"]: text})
                            await self.refuse(oracle, operation, admin, path, b"")
                            asked += 1
                        elif parameter["in"] == "query":
                            query = parameter["name"].encode() + b"=" + percent_encoded(text)
                            await self.refuse(oracle, operation, admin, operation.path(), query)
                            asked += 1
        assert asked > 50

    async def refuse(self, oracle: Oracle, operation: Operation, person: Person, path: str, query: bytes) -> None:
        headers = credentials(person)
        body = b""
        if operation.body is not None:
            body = json.dumps(operation.body).encode()
            headers |= {"content-type": "application/json", "content-length": str(len(body))}
        # 404: a number in a path does not begin with a letter.
        answer = await oracle.request(
            operation.method, path, headers=headers, query=query, body=body, expected={422} if query else {404, 422}
        )
        if answer.status == 422:
            assert answer.json()["errors"][0]["code"].endswith("_parsing")


class TestCompressed:
    """Row 11."""

    @pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "GZIP", "identity, gzip", "x-unknown"])
    async def test_no_body_is_unpacked(self, oracle: Oracle, admin: Person, encoding: str) -> None:
        bomb = gzip.compress(b" " * 10_000_000) if "zip" in encoding.lower() else zlib.compress(b" " * 10_000_000)
        for operation in with_body(oracle):
            headers = credentials(admin, **{"content-type": "application/json", "content-encoding": encoding})
            headers["content-length"] = str(len(bomb))
            await oracle.request(operation.method, operation.path(), headers=headers, body=bomb, expected={415})

    @pytest.mark.parametrize("content_type", [URLENCODED, "multipart/form-data; boundary=x"])
    async def test_no_form_is_unpacked(self, oracle: Oracle, content_type: str) -> None:
        bomb = gzip.compress(b"username=a&password=" + b"b" * 10_000_000)
        headers = {"host": "localhost", "content-type": content_type, "content-encoding": "gzip"}
        headers["content-length"] = str(len(bomb))
        await oracle.request("POST", LOGIN, headers=headers, body=bomb, expected={415})

    async def test_a_chunked_one_is_not_unpacked_either(self, oracle: Oracle, admin: Person) -> None:
        headers = credentials(
            admin, **{"content-type": "application/json", "content-encoding": "gzip", "transfer-encoding": "chunked"}
        )
        for operation in with_body(oracle):
            await oracle.request(operation.method, operation.path(), headers=headers, body=[b"x"], expected={415})
