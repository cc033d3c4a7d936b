import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from starlette.responses import Response

from lintel.context import bind_request_id, unbind_request_id
from lintel.errors import (
    AlreadyExists,
    ContentTooLarge,
    FieldError,
    InvalidInput,
    NotFound,
    Problem,
    RequestTimeout,
    ServiceError,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    problem_of,
    problem_of_status,
    problem_type,
)


def read(response: Response) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(bytes(response.body))
    return body


@pytest.fixture
def request_id() -> Iterator[str]:
    token = bind_request_id("0123456789")
    yield "0123456789"
    unbind_request_id(token)


class TestProblemType:
    @pytest.mark.parametrize(
        ("code", "address"), [("NOT_FOUND", "/problems/not-found"), ("CONFLICT", "/problems/conflict")]
    )
    def test_is_the_code_as_a_path(self, code: str, address: str) -> None:
        assert problem_type(code) == address


class TestProblemOf:
    def test_has_every_member_under_each_of_its_names(self, request_id: str) -> None:
        field = FieldError("/body/email", "Field required", "missing")
        body = read(problem_of(InvalidInput("/body/email: Field required", errors=[field]), "/api/v1/users"))
        timestamp = body.pop("timestamp")
        assert body == {
            "type": "/problems/validation-error",
            "title": "Validation error",
            "status": 422,
            "detail": "/body/email: Field required",
            "instance": "/api/v1/users",
            "error_code": "VALIDATION_ERROR",
            "errors": [{"pointer": "/body/email", "message": "Field required", "code": "missing"}],
            "request_id": request_id,
            "success": False,
            "error": "Validation error",
            "message": "/body/email: Field required",
            "path": "/api/v1/users",
        }
        assert timestamp.endswith("Z")
        assert timedelta(0) <= datetime.now(UTC) - datetime.fromisoformat(timestamp) < timedelta(minutes=1)

    def test_is_what_the_schema_says(self) -> None:
        response = problem_of(NotFound("There is no analysis 7."), "/x")
        assert Problem.model_validate_json(bytes(response.body), strict=True).status == response.status_code == 404
        assert set(read(response)) == set(Problem.model_fields)

    def test_is_labelled_as_a_problem(self) -> None:
        assert problem_of(NotFound(), "/x").headers["content-type"] == "application/problem+json"

    def test_has_no_id_outside_of_a_request(self) -> None:
        assert read(problem_of(NotFound(), "/x"))["request_id"] is None

    @pytest.mark.parametrize(
        ("error", "headers"),
        [
            (NotFound(), {}),
            (Unauthenticated(), {"www-authenticate": "Bearer"}),
            (TooManyRequests(retry_after=7), {"retry-after": "7"}),
            (TooManyRequests(retry_after=0), {"retry-after": "0"}),
            (Unavailable(), {"retry-after": "1"}),
            (Unavailable(retry_after=None), {}),
            (RequestTimeout(), {"connection": "close"}),
            (ContentTooLarge(), {"connection": "close"}),
        ],
    )
    def test_carries_the_headers_that_its_kind_calls_for(self, error: ServiceError, headers: dict[str, str]) -> None:
        found = problem_of(error, "/x").headers
        assert {
            name: found[name] for name in ("www-authenticate", "retry-after", "connection") if name in found
        } == headers

    def test_repeats_no_endless_path(self) -> None:
        assert read(problem_of(NotFound(), "/" + "x" * 10_000))["path"] == "/" + "x" * 499

    def test_carries_any_text(self) -> None:
        body = read(problem_of(NotFound('Grüße\r\n\x00 "🌍" <b>'), "/ä"))
        assert (body["detail"], body["path"]) == ('Grüße\r\n\x00 "🌍" <b>', "/ä")

    def test_lone_surrogates_do_not_break_it(self) -> None:
        field = FieldError("/body/\udcff", "\ud800", "\udfff")
        body = read(problem_of(InvalidInput("a\ud800b", errors=[field]), "/\udcff"))
        assert (body["detail"], body["path"]) == ("a?b", "/?")
        assert body["errors"] == [{"pointer": "/body/?", "message": "?", "code": "?"}]


class TestProblemOfStatus:
    @pytest.mark.parametrize(
        ("status", "code", "title"),
        [
            (404, "NOT_FOUND", "Not found"),
            (409, "CONFLICT", "Conflict"),
            (413, "CONTENT_TOO_LARGE", "Content too large"),
            (422, "VALIDATION_ERROR", "Validation error"),
            (500, "INTERNAL_ERROR", "Internal server error"),
            (405, "METHOD_NOT_ALLOWED", "Method not allowed"),
            (451, "UNAVAILABLE_FOR_LEGAL_REASONS", "Unavailable for legal reasons"),
            (499, "ERROR", "Error"),
            (599, "ERROR", "Error"),
        ],
    )
    def test_has_the_code_of_its_kind_or_of_the_standard(self, status: int, code: str, title: str) -> None:
        response = problem_of_status(status, "/x")
        body = read(response)
        assert response.status_code == body["status"] == status
        assert (body["error_code"], body["title"], body["detail"]) == (code, title, title)

    @pytest.mark.parametrize("detail", [None, "Not Found"])
    def test_the_phrase_of_the_standard_says_nothing_more(self, detail: str | None) -> None:
        assert read(problem_of_status(404, "/x", detail=detail))["detail"] == "Not found"

    def test_keeps_what_was_said_and_the_headers(self) -> None:
        response = problem_of_status(HTTPStatus.CONFLICT, "/x", detail="It is taken.", headers={"X-Why": "taken"})
        assert read(response)["detail"] == read(response)["message"] == "It is taken."
        assert response.headers["x-why"] == "taken"

    @pytest.mark.parametrize(
        ("status", "headers", "expected"),
        [
            (503, {}, {"retry-after": "1"}),
            (503, {"retry-after": "60"}, {"retry-after": "60"}),
            (401, {}, {"www-authenticate": "Bearer"}),
            (401, {"www-authenticate": "Basic"}, {"www-authenticate": "Basic"}),
            (413, {}, {"connection": "close"}),
            (404, {}, {}),
        ],
    )
    def test_carries_what_its_status_calls_for(
        self, status: int, headers: dict[str, str], expected: dict[str, str]
    ) -> None:
        found = problem_of_status(status, "/x", headers=headers).headers
        names = ("www-authenticate", "retry-after", "connection")
        assert {name: value for name, value in found.items() if name in names} == expected
        assert len(found.raw) == len(found)

    def test_a_special_kind_and_its_bare_status_differ_in_code_only(self) -> None:
        special, bare = read(problem_of(AlreadyExists(), "/x")), read(problem_of_status(409, "/x"))
        assert (special["error_code"], bare["error_code"]) == ("ALREADY_EXISTS", "CONFLICT")
        assert special["status"] == bare["status"]
