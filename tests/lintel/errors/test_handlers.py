import json
from typing import Annotated, Any, Literal

import pytest
from fastapi import Cookie, FastAPI, Header, HTTPException, Query
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive, Scope, Send

from lintel.errors import (
    AlreadyExists,
    BadRequest,
    FieldError,
    InvalidInput,
    NotFound,
    RequestTimeout,
    ServiceError,
    Unauthenticated,
    Unavailable,
    error_response,
    install_error_handlers,
    is_expected,
)
from lintel.testing import AsgiResponse, NoResponseError, asgi_request

pytestmark = pytest.mark.anyio

JSON = [(b"content-type", b"application/json")]


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: int = 0


class Form(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=5)]
    password: SecretStr = SecretStr("")
    inner: list[Inner] = []
    pet: Annotated[Cat | Dog | None, Field(discriminator="kind")] = None

    @field_validator("name")
    @classmethod
    def _no_x(cls, value: str) -> str:
        if "x" in value:
            raise ValueError("must be without x" + "!" * 1_000)
        return value


@pytest.fixture
def app() -> FastAPI:
    app = FastAPI()
    install_error_handlers(app)

    @app.post("/forms")
    async def create_form(form: Form) -> None: ...

    @app.get("/things/{number}")
    async def get_thing(
        number: int,
        page: Annotated[int, Query(ge=1)] = 1,
        x_number: Annotated[int, Header()] = 1,
        taste: Annotated[int, Cookie()] = 1,
    ) -> None: ...

    return app


async def raised(app: FastAPI, error: Exception) -> AsgiResponse:
    """The answer of an endpoint that raises this."""

    @app.get("/raises")
    async def raises() -> None:
        raise error

    return await asgi_request(app, "GET", "/raises")


async def posted(app: FastAPI, body: Any) -> AsgiResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await asgi_request(app, "POST", "/forms", headers=JSON, body=content)


class TestHttpException:
    @pytest.mark.parametrize("kind", [HTTPException, StarletteHTTPException])
    async def test_keeps_its_status_text_and_headers(self, app: FastAPI, kind: type[StarletteHTTPException]) -> None:
        response = await raised(app, kind(402, "Pay first.", {"X-Price": "5"}))
        assert (response.status, response.json()["detail"]) == (402, "Pay first.")
        assert (response.header("x-price"), response.header("content-type")) == ("5", "application/problem+json")

    @pytest.mark.parametrize("detail", [{"secret": "hunter2"}, ["hunter2"], {}, [], "", None, 5])
    async def test_a_detail_that_is_no_text_is_left_out(self, app: FastAPI, detail: Any) -> None:
        response = await raised(app, HTTPException(409, detail))
        assert response.json()["detail"] == "Conflict"
        assert "hunter2" not in response.text

    async def test_an_unknown_path_is_answered_in_the_same_shape(self, app: FastAPI) -> None:
        response = await asgi_request(app, "GET", "/nowhere")
        assert (response.status, response.json()["error_code"], response.json()["path"]) == (
            404,
            "NOT_FOUND",
            "/nowhere",
        )

    @pytest.mark.parametrize(
        ("path", "allow"), [("/things/1", {"GET", "HEAD"}), ("/forms", {"POST"})], ids=["get", "post"]
    )
    async def test_a_wrong_method_learns_the_right_ones(self, app: FastAPI, path: str, allow: set[str]) -> None:
        response = await asgi_request(app, "DELETE", path)
        assert (response.status, response.json()["error_code"]) == (405, "METHOD_NOT_ALLOWED")
        assert set((response.header("allow") or "").split(", ")) == allow


class TestWhileReading:
    """FastAPI hides what its reading of a body raised behind a 400 of its own."""

    async def read(self, app: FastAPI, error: Exception) -> AsgiResponse:
        async def failing(scope: Scope, _: Receive, send: Send) -> None:
            async def receive() -> Message:
                raise error

            await app(scope, receive, send)

        return await asgi_request(failing, "POST", "/forms", headers=JSON)

    async def test_an_error_of_ours_is_answered_as_what_it_is(self, app: FastAPI) -> None:
        answer = await self.read(app, RequestTimeout())
        assert (answer.status, answer.json()["error_code"]) == (408, "REQUEST_TIMEOUT")

    async def test_any_other_is_a_bad_request_that_says_nothing(self, app: FastAPI) -> None:
        answer = await self.read(app, ValueError("hunter2"))
        assert answer.status == 400
        assert "hunter2" not in answer.text

    async def test_a_400_that_was_meant_is_kept_whatever_caused_it(self, app: FastAPI) -> None:
        error = HTTPException(400, "Not like that.")
        error.__cause__ = NotFound()
        assert (await raised(app, error)).json()["detail"] == "Not like that."

    async def test_who_has_left_is_told_nothing(self, app: FastAPI) -> None:
        with pytest.raises(NoResponseError):
            await self.read(app, ClientDisconnect())
        with pytest.raises(NoResponseError):
            await raised(app, ClientDisconnect())


class TestServiceErrors:
    @pytest.mark.parametrize(
        ("error", "status", "code"),
        [
            (NotFound("Gone."), 404, "NOT_FOUND"),
            (AlreadyExists("Gone."), 409, "ALREADY_EXISTS"),
            (Unauthenticated("Gone."), 401, "UNAUTHENTICATED"),
            (Unavailable("Gone."), 503, "SERVICE_UNAVAILABLE"),
        ],
    )
    async def test_are_answered_as_what_they_are(
        self, app: FastAPI, error: ServiceError, status: int, code: str
    ) -> None:
        response = await raised(app, error)
        assert (response.status, response.json()["error_code"]) == (status, code)
        assert response.json()["detail"] == "Gone."
        assert response.raised is None


class TestUnexpected:
    @pytest.mark.parametrize(
        "error", [RuntimeError("hunter2"), KeyError("hunter2"), ExceptionGroup("hunter2", [OSError()])]
    )
    async def test_is_a_500_that_says_nothing(self, app: FastAPI, error: Exception) -> None:
        response = await raised(app, error)
        body = response.json()
        assert (response.status, body["error_code"], body["detail"]) == (500, "INTERNAL_ERROR", "Internal server error")
        assert "hunter2" not in response.text
        assert type(error).__name__ not in response.text

    async def test_is_still_raised_for_the_server_to_log(self, app: FastAPI) -> None:
        error = RuntimeError()
        assert (await raised(app, error)).raised is error


class TestValidation:
    async def test_points_to_each_field_with_its_rule(self, app: FastAPI) -> None:
        response = await posted(app, {"name": "hunter2", "inner": [{}, {"count": "many"}]})
        assert response.status == 422
        assert response.json()["errors"] == [
            {"pointer": "/body/name", "message": "String should have at most 5 characters", "code": "string_too_long"},
            {
                "pointer": "/body/inner/1/count",
                "message": "Input should be a valid integer, unable to parse string as an integer",
                "code": "int_parsing",
            },
        ]
        assert response.json()["detail"] == "/body/name: String should have at most 5 characters (and 1 more)"

    @pytest.mark.parametrize(
        ("path", "query", "headers", "pointer"),
        [
            ("/things/one", b"", [], "/path/number"),
            ("/things/1", b"page=0", [], "/query/page"),
            ("/things/1", b"", [(b"x-number", b"one")], "/header/x-number"),
            ("/things/1", b"", [(b"cookie", b"taste=sweet")], "/cookie/taste"),
        ],
        ids=["path", "query", "header", "cookie"],
    )
    async def test_points_into_every_part_of_a_request(
        self, app: FastAPI, path: str, query: bytes, headers: list[tuple[bytes, bytes]], pointer: str
    ) -> None:
        response = await asgi_request(app, "GET", path, query=query, headers=headers)
        assert response.status == 422
        assert [item["pointer"] for item in response.json()["errors"]] == [pointer]
        assert "more" not in response.json()["detail"]

    async def test_a_missing_body_is_a_field_at_fault(self, app: FastAPI) -> None:
        response = await asgi_request(app, "POST", "/forms", headers=JSON)
        assert response.status == 422
        assert response.json()["errors"] == [{"pointer": "/body", "message": "Field required", "code": "missing"}]

    @pytest.mark.parametrize(
        "name",
        ["<script>", "a b", "a\nb", "a/b", "ä", "", "\u202e", "a'; --", "x" * 65, "%0a", "{}"],
    )
    async def test_a_hostile_name_is_not_repeated(self, app: FastAPI, name: str) -> None:
        response = await posted(app, {"name": "a", name: 1})
        assert [item["pointer"] for item in response.json()["errors"]] == ["/body/?"]
        assert response.json()["detail"] == "/body/?: Extra inputs are not permitted"

    @pytest.mark.parametrize("name", ["extra", "x" * 64, "a.b-c_d", "0"])
    async def test_a_harmless_name_is(self, app: FastAPI, name: str) -> None:
        response = await posted(app, {"name": "a", name: 1})
        assert [item["pointer"] for item in response.json()["errors"]] == [f"/body/{name}"]

    async def test_names_twenty_at_most_and_counts_the_rest(self, app: FastAPI) -> None:
        twenty = await posted(app, {"name": "a"} | {f"extra{n}": 1 for n in range(20)})
        hundred = await posted(app, {"name": "a"} | {f"extra{n}": 1 for n in range(100)})
        assert len(twenty.json()["errors"]) == len(hundred.json()["errors"]) == 20
        assert twenty.json()["detail"].endswith("(and 19 more)")
        assert hundred.json()["detail"].endswith("(and 99 more)")

    @pytest.mark.parametrize(
        "extra",
        [
            {f"{n:05}{'x' * 59}": "hunter2" for n in range(5_000)},
            {"inner": [{"count": "hunter2", "y" * 64: "hunter2"}] * 5_000},
            {"name": "hunter2" * 700_000},
        ],
        ids=["many names", "many items", "5 MB"],
    )
    async def test_however_much_was_sent_little_is_answered(self, app: FastAPI, extra: dict[str, Any]) -> None:
        response = await posted(app, {"password": "hunter2"} | extra)
        assert response.status == 422
        assert len(response.body) < 4_096
        assert "hunter2" not in response.text

    async def test_a_long_message_is_cut(self, app: FastAPI) -> None:
        response = await posted(app, {"name": "x"})
        [error] = response.json()["errors"]
        assert (error["message"], error["code"]) == (f"must be without x{'!' * 183}", "value_error")

    @pytest.mark.parametrize(
        "body",
        [
            {"name": ["hunter2"]},
            {"name": {"hunter2": 1}},
            {"name": "a", "password": ["hunter2"]},
            {"name": "a", "inner": "hunter2"},
            {"name": "a", "inner": [{"count": "hunter2"}]},
            "hunter2",
            ["hunter2"],
            None,
            5,
            {"name": "a", "pet": {"kind": "hunter2"}},
        ],
    )
    async def test_the_input_is_never_repeated(self, app: FastAPI, body: Any) -> None:
        response = await posted(app, body)
        assert response.status == 422
        assert "hunter2" not in response.text

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b'{"name": "hunter2"',
            b"hunter2",
            b'{"name": hunter2}',
            b"\xff\xfe",
            b"[" * 100_000,
            b'{"a": 1} hunter2',
        ],
        ids=["open", "cut", "word", "bare value", "no UTF-8", "deep", "trailing"],
    )
    async def test_what_is_no_json_is_a_bad_request(self, app: FastAPI, body: bytes) -> None:
        response = await posted(app, body)
        assert (response.status, response.json()["error_code"], response.json()["errors"]) == (400, "BAD_REQUEST", [])
        assert "hunter2" not in response.text


class TestErrorResponse:
    async def test_a_long_path_is_cut(self, app: FastAPI) -> None:
        body = (await asgi_request(app, "GET", "/" + "x" * 5_000)).json()
        assert body["path"] == body["instance"] == "/" + "x" * 499

    async def test_a_path_that_is_no_unicode_is_shown_as_far_as_it_is(self, app: FastAPI) -> None:
        response = await asgi_request(app, "GET", "/a\udcff", raw_path=b"/a%ff")
        assert (response.status, response.json()["path"]) == (404, "/a?")

    async def test_validation_that_found_nothing_still_has_an_answer(self) -> None:
        response = error_response(RequestValidationError([]), {"type": "http", "path": "/x"})
        assert json.loads(bytes(response.body))["detail"] == "Validation error"
        assert response.status_code == 422


class TestIsExpected:
    @pytest.mark.parametrize(
        "error",
        [
            NotFound(),
            BadRequest(),
            InvalidInput(errors=[FieldError("/a", "b", "c")]),
            Unavailable(),
            HTTPException(500),
            StarletteHTTPException(404),
            RequestValidationError([]),
            ClientDisconnect(),
        ],
        ids=lambda error: type(error).__name__,
    )
    async def test_what_was_raised_on_purpose_is(self, error: Exception) -> None:
        assert is_expected(error)

    @pytest.mark.parametrize("error", [ServiceError(), ValueError(), OSError()], ids=lambda error: type(error).__name__)
    async def test_everything_else_is_not(self, error: Exception) -> None:
        assert not is_expected(error)
