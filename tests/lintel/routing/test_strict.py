"""Routes that refuse what they were not declared to read."""

import json
from typing import Annotated

import pytest
from fastapi import Body, Depends, FastAPI, Form, Query, Request
from pydantic import BaseModel, Field

from lintel.errors import install_error_handlers
from lintel.routing import Router
from lintel.testing import AsgiResponse, asgi_request

pytestmark = pytest.mark.anyio


class Filters(BaseModel):
    name: str = ""
    least: float | None = None
    exact: bool = False
    tags: list[str] = Field(default=[], alias="tag")


async def from_a_dependency(token: str = "") -> str:
    return token


@pytest.fixture
def app() -> FastAPI:
    router = Router(prefix="/r")

    @router.get("/one")
    async def one(
        number: int = 0, several: Annotated[list[int] | None, Query()] = None, _: str = Depends(from_a_dependency)
    ) -> list[int]:
        return [number, *(several or [])]

    @router.get("/model")
    async def model(filters: Annotated[Filters, Query()]) -> list[str]:
        return [filters.name, *filters.tags]

    @router.get("/things/{number}/{name}")
    async def path(number: int, name: str) -> list[object]:
        return [number, name]

    @router.post("/json")
    async def read_json(value: Annotated[object, Body()]) -> str:
        return type(value).__name__

    @router.post("/twice")
    async def read_twice(value: Annotated[object, Body()], request: Request) -> bool:
        return await request.json() is value

    @router.post("/form")
    async def read_form(name: Annotated[str, Form()]) -> str:
        return name

    @router.post("/nothing")
    async def nothing() -> str:
        return "done"

    application = FastAPI()
    install_error_handlers(application)
    application.include_router(router)
    return application


async def send(
    app: FastAPI, method: str, path: str, *, query: bytes = b"", body: bytes = b"", **headers: bytes
) -> AsgiResponse:
    sent = [(name.replace("_", "-").encode(), value) for name, value in headers.items()]
    if body and "transfer_encoding" not in headers:
        sent.append((b"content-length", str(len(body)).encode()))
    return await asgi_request(app, method, f"/r{path}", query=query, body=body, headers=[(b"host", b"x"), *sent])


class TestQuery:
    async def test_takes_declared_parameters_of_endpoint_model_and_dependency(self, app: FastAPI) -> None:
        assert (await send(app, "GET", "/one", query=b"number=1&token=x")).json() == [1]
        assert (await send(app, "GET", "/model", query=b"name=a&tag=b&tag=c")).json() == ["a", "b", "c"]

    async def test_takes_a_list_several_times(self, app: FastAPI) -> None:
        assert (await send(app, "GET", "/one", query=b"several=1&several=2")).json() == [0, 1, 2]

    @pytest.mark.parametrize("query", [b"other=1", b"Number=1", b"tags=1", b"=1", b"number=1&other="])
    async def test_refuses_unknown_parameters(self, app: FastAPI, query: bytes) -> None:
        answer = await send(app, "GET", "/one", query=query)
        assert answer.status == 422
        assert answer.json()["errors"][-1]["code"] == "extra_forbidden"

    @pytest.mark.parametrize(("path", "query"), [("/one", b"number=1&number=1"), ("/model", b"name=a&name=b")])
    async def test_refuses_a_parameter_given_twice(self, app: FastAPI, path: str, query: bytes) -> None:
        answer = await send(app, "GET", path, query=query)
        assert answer.status == 422
        assert answer.json()["errors"][0]["code"] == "repeated"

    async def test_names_at_most_twenty(self, app: FastAPI) -> None:
        answer = await send(app, "GET", "/one", query=b"&".join(b"x%d=1" % number for number in range(1_000)))
        assert len(answer.json()["errors"]) == 20

    @pytest.mark.parametrize("name", [b"a%00", b"%3Cscript%3E", b"x" * 65, b"%C3%A9"])
    async def test_repeats_no_harmful_name(self, app: FastAPI, name: bytes) -> None:
        answer = await send(app, "GET", "/one", query=name + b"=1")
        assert answer.json()["errors"][0]["pointer"] == "/query/?"


class TestNumbers:
    """In paths and queries, endpoint by endpoint and in models."""

    @pytest.mark.parametrize(
        "path", ["/things/1_0/a", "/things/1.0/a", "/things/ 7 /a", "/things/+7/a", "/things/07/a"]
    )
    async def test_in_a_path_are_plain(self, app: FastAPI, path: str) -> None:
        answer = await send(app, "GET", path)
        assert answer.status == 422
        assert answer.json()["errors"][0]["pointer"] == "/path/number"
        assert answer.json()["errors"][0]["code"] == "int_parsing"

    async def test_in_a_path_are_read_beside_text(self, app: FastAPI) -> None:
        assert (await send(app, "GET", "/things/-7/1_0")).json() == [-7, "1_0"]

    @pytest.mark.parametrize(
        ("path", "query"),
        [
            ("/one", b"number=1_0"),
            ("/one", b"number=1.0"),
            ("/one", b"number=+7+"),
            ("/one", b"number="),
            ("/one", b"several=1&several=%D9%A7"),
            ("/model", b"exact=yes"),
            ("/model", b"exact=1"),
            ("/model", b"least=1_0.5"),
            ("/model", b"least=nan"),
        ],
    )
    async def test_in_a_query_are_plain(self, app: FastAPI, path: str, query: bytes) -> None:
        answer = await send(app, "GET", path, query=query)
        assert answer.status == 422
        assert answer.json()["errors"][0]["code"].endswith("_parsing")

    async def test_in_a_query_are_read_as_json_writes_them(self, app: FastAPI) -> None:
        assert (await send(app, "GET", "/one", query=b"number=-12&several=0")).json() == [-12, 0]
        assert (await send(app, "GET", "/model", query=b"exact=true&least=1.5e3&name=1_0")).json() == ["1_0"]


class TestAlone:
    async def test_the_refusals_are_those_of_fastapi_where_nothing_else_is_of_ours(self) -> None:
        router = Router()

        @router.get("/{number}")
        async def read(number: int, page: int = 1) -> int:
            return number * page

        plain = FastAPI()
        plain.include_router(router)
        for path, query in (("/1_0", b""), ("/1", b"page=1_0"), ("/1", b"other=1"), ("/1", b"page=1&page=1")):
            assert (await asgi_request(plain, "GET", path, query=query)).status == 422


class TestJson:
    @pytest.mark.parametrize(
        "body", [b'{"a": 1, "a": 1}', b'[{"b": {"a": 1, "c": 2, "a": 3}}]', b'{"a":1,"\\u0061":2}']
    )
    async def test_has_no_name_twice_at_any_depth(self, app: FastAPI, body: bytes) -> None:
        answer = await send(app, "POST", "/json", body=body, content_type=b"application/json")
        assert answer.status == 422
        assert answer.json()["errors"] == [
            {"pointer": "/body", "message": "An object has the same name twice", "code": "repeated"}
        ]

    async def test_has_at_most_a_thousand_names_in_an_object(self, app: FastAPI) -> None:
        for count, status in ((1_000, 200), (1_001, 422)):
            body = json.dumps([{f"k{number}": 1 for number in range(count)}]).encode()
            answer = await send(app, "POST", "/json", body=body, content_type=b"application/json")
            assert answer.status == status

    @pytest.mark.parametrize("body", [b"1e400", b'{"a": [-1e400]}', b"9" * 309 + b".0"])
    async def test_has_no_number_that_becomes_infinite(self, app: FastAPI, body: bytes) -> None:
        """Wherever it is: a free-form field has no type that would refuse it."""
        answer = await send(app, "POST", "/json", body=body, content_type=b"application/json")
        assert answer.json()["errors"][0]["code"] == "finite_number"

    async def test_has_numbers_as_large_as_there_are(self, app: FastAPI) -> None:
        assert (await send(app, "POST", "/json", body=b"1e308", content_type=b"application/json")).json() == "float"

    async def test_may_have_a_name_in_several_objects(self, app: FastAPI) -> None:
        body = b'[{"a": 1}, {"a": {"a": 2}}]'
        assert (await send(app, "POST", "/json", body=body, content_type=b"application/json")).json() == "list"

    @pytest.mark.parametrize(
        "body", [b"NaN", b"[-Infinity]", b'{"a": Infinity}', b"\xef\xbb\xbf1", b'"\xff"', "1".encode("utf-16")]
    )
    async def test_is_json_in_utf8(self, app: FastAPI, body: bytes) -> None:
        assert (await send(app, "POST", "/json", body=body, content_type=b"application/json")).status == 400


class TestContentType:
    async def test_reads_json_and_forms_by_their_names(self, app: FastAPI) -> None:
        assert (await send(app, "POST", "/json", body=b"1", content_type=b"application/json")).json() == "int"
        form = await send(app, "POST", "/form", body=b"name=a", content_type=b"application/x-www-form-urlencoded")
        assert form.json() == "a"

    async def test_refuses_a_body_without_a_type_also_when_chunked(self, app: FastAPI) -> None:
        assert (await send(app, "POST", "/json", body=b"1")).status == 415
        assert (await send(app, "POST", "/json", body=b"1", transfer_encoding=b"chunked")).status == 415

    async def test_says_which_it_reads(self, app: FastAPI) -> None:
        answer = await send(app, "POST", "/form", body=b"{}", content_type=b"application/json")
        assert answer.header("accept") == "application/x-www-form-urlencoded, multipart/form-data"

    async def test_asks_for_no_type_where_there_is_no_body(self, app: FastAPI) -> None:
        assert (await send(app, "POST", "/json")).status == 422
        assert (await send(app, "POST", "/json", content_length=b"0")).status == 422
        assert (await send(app, "POST", "/nothing", body=b"x", content_type=b"image/png")).status == 200


class TestDepth:
    @pytest.mark.parametrize("opening", ["[", '{"a":'])
    @pytest.mark.parametrize(("depth", "status"), [(1, 200), (32, 200), (33, 400), (900, 400), (100_000, 400)])
    async def test_is_bounded(self, app: FastAPI, opening: str, depth: int, status: int) -> None:
        closing = "]" if opening == "[" else "}"
        inner = "" if opening == "[" else "1"
        body = (opening * depth + inner + closing * depth).encode()
        answer = await send(app, "POST", "/json", body=body, content_type=b"application/json")
        assert answer.status == status, answer.text

    async def test_does_not_count_brackets_side_by_side_or_in_text(self, app: FastAPI) -> None:
        wide = json.dumps([[] for _ in range(1_000)] + ["[" * 1_000]).encode()
        assert (await send(app, "POST", "/json", body=wide, content_type=b"application/json")).status == 200

    async def test_a_body_is_parsed_once(self, app: FastAPI) -> None:
        assert (await send(app, "POST", "/twice", body=b"[1]", content_type=b"application/json")).json() is True
