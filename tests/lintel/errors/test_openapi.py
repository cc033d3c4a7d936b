from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Query
from fastapi.security import HTTPBearer
from pydantic import BaseModel

from app.core.exceptions import UserNotFound, WrongCredentials
from lintel.errors import (
    MEDIA_TYPE,
    AlreadyExists,
    Conflict,
    InvalidInput,
    NotFound,
    Problem,
    ServiceError,
    declare_errors,
    known_kinds,
    problem_type,
    problems,
    status_of,
)

OF_EVERY_OPERATION = {"400", "422", "500", "503"}
"""Those that any request can meet; 422 too, since strict routes refuse unknown parameters."""


class Body(BaseModel):
    text: str


def declared(app: FastAPI) -> dict[str, Any]:
    schema = app.openapi()
    declare_errors(schema)
    return schema


def statuses(schema: dict[str, Any], method: str = "get", path: str = "/x") -> set[str]:
    return set(schema["paths"][path][method]["responses"])


@pytest.fixture
def app() -> FastAPI:
    return FastAPI()


class TestProblems:
    def test_has_one_response_for_each_status(self) -> None:
        found = problems(NotFound, Conflict)
        assert list(found) == [404, 409]
        assert found[404]["description"] == f"{NotFound.title}. {NotFound.meaning}"
        assert list(found[404]["content"]) == [MEDIA_TYPE]

    def test_kinds_of_one_status_stand_side_by_side(self) -> None:
        found = problems(NotFound, UserNotFound, Conflict, AlreadyExists)
        assert list(found[404]["content"][MEDIA_TYPE]["examples"]) == ["NOT_FOUND", "USER_NOT_FOUND"]
        assert list(found[409]["content"][MEDIA_TYPE]["examples"]) == ["CONFLICT", "ALREADY_EXISTS"]

    def test_calls_share_nothing(self) -> None:
        problems(NotFound)[404]["content"][MEDIA_TYPE]["examples"].clear()
        assert problems(NotFound)[404]["content"][MEDIA_TYPE]["examples"]

    @pytest.mark.parametrize("kind", list(known_kinds()), ids=lambda kind: kind.__name__)
    def test_examples_are_problems_of_their_kind(self, kind: type[ServiceError]) -> None:
        example = problems(kind)[int(status_of(kind))]["content"][MEDIA_TYPE]["examples"][kind.code]
        problem = Problem.model_validate(example["value"])
        assert (problem.error_code, problem.status, problem.type) == (
            kind.code,
            status_of(kind),
            problem_type(kind.code),
        )
        assert set(example["value"]) == set(Problem.model_fields)

    def test_only_invalid_input_names_fields(self) -> None:
        kinds = [kind for kind in known_kinds() if _example(kind)["errors"]]
        assert kinds == [InvalidInput]


def _example(kind: type[ServiceError]) -> dict[str, Any]:
    value: dict[str, Any] = problems(kind)[int(status_of(kind))]["content"][MEDIA_TYPE]["examples"][kind.code]["value"]
    return value


class TestDeclareErrors:
    def test_an_operation_without_input_or_guard_has_the_least(self, app: FastAPI) -> None:
        @app.get("/x")
        async def endpoint() -> None: ...

        assert statuses(declared(app)) == {"200"} | OF_EVERY_OPERATION

    def test_the_refusal_of_the_framework_is_replaced_by_ours(self, app: FastAPI) -> None:
        @app.get("/x")
        async def endpoint(page: Annotated[int, Query()] = 1) -> None: ...

        schema = declared(app)
        assert statuses(schema) == {"200"} | OF_EVERY_OPERATION
        assert list(schema["paths"]["/x"]["get"]["responses"]["422"]["content"]) == [MEDIA_TYPE]

    def test_a_body_can_be_too_slow_too_large_or_of_another_type(self, app: FastAPI) -> None:
        @app.post("/x")
        async def endpoint(body: Body) -> None: ...

        assert statuses(declared(app), "post") == {"200", "408", "413", "415"} | OF_EVERY_OPERATION

    def test_a_guard_can_refuse(self, app: FastAPI) -> None:
        @app.get("/x", dependencies=[Depends(HTTPBearer())])
        async def endpoint() -> None: ...

        assert statuses(declared(app)) == {"200", "401", "403"} | OF_EVERY_OPERATION

    def test_what_a_route_declares_itself_is_kept_and_completed(self, app: FastAPI) -> None:
        @app.get("/x", responses=problems(UserNotFound, WrongCredentials), dependencies=[Depends(HTTPBearer())])
        async def endpoint() -> None: ...

        responses = declared(app)["paths"]["/x"]["get"]["responses"]
        assert list(responses["404"]["content"][MEDIA_TYPE]["examples"]) == ["USER_NOT_FOUND"]
        assert list(responses["401"]["content"][MEDIA_TYPE]["examples"]) == ["WRONG_CREDENTIALS", "UNAUTHENTICATED"]

    def test_statuses_are_in_order(self, app: FastAPI) -> None:
        @app.post("/x", status_code=201, responses=problems(NotFound), dependencies=[Depends(HTTPBearer())])
        async def endpoint(body: Body) -> None: ...

        found = list(declared(app)["paths"]["/x"]["post"]["responses"])
        assert found == sorted(found)
        assert found[0] == "201"

    def test_the_schema_of_a_problem_replaces_those_of_the_framework(self, app: FastAPI) -> None:
        @app.post("/x")
        async def endpoint(body: Body) -> None: ...

        schemas = declared(app)["components"]["schemas"]
        assert set(schemas) == {"Body", "Problem", "ProblemField"}
        assert "$defs" not in schemas["Problem"]
        assert schemas["Problem"]["properties"]["errors"]["items"] == {"$ref": "#/components/schemas/ProblemField"}

    def test_every_member_is_promised(self, app: FastAPI) -> None:
        schema = declared(app)["components"]["schemas"]["Problem"]
        assert set(schema["required"]) == set(schema["properties"]) == set(Problem.model_fields)

    def test_every_reference_leads_somewhere(self, app: FastAPI) -> None:
        @app.post("/x", responses=problems(NotFound))
        async def endpoint(body: Body) -> None: ...

        schema = declared(app)
        names = {reference.rpartition("/")[2] for reference in _references(schema)}
        assert {"Problem", "ProblemField"} <= names <= set(schema["components"]["schemas"])

    def test_every_method_of_a_path_counts_and_nothing_else_does(self) -> None:
        path: dict[str, Any] = {"parameters": [{"name": "id"}], "summary": "x", "get": {}, "delete": {"responses": {}}}
        declare_errors({"paths": {"/x": path}})
        assert (path["parameters"], path["summary"]) == ([{"name": "id"}], "x")
        assert set(path["get"]["responses"]) == set(path["delete"]["responses"]) == OF_EVERY_OPERATION

    def test_an_empty_document_only_learns_the_shape(self) -> None:
        schema: dict[str, Any] = {}
        declare_errors(schema)
        assert list(schema) == ["components"]

    @pytest.mark.parametrize("own", [{"description": "Sleeping."}, {"model": Body}], ids=["text", "model"])
    def test_a_response_of_another_shape_is_kept(self, app: FastAPI, own: dict[str, Any]) -> None:
        @app.get("/x", responses={503: own})
        async def endpoint() -> None: ...

        assert "503" in statuses(declared(app))


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [reference for item in node for reference in _references(item)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if "$ref" in node else []
    return own + [reference for item in node.values() for reference in _references(item)]
