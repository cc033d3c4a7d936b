from typing import Any

import pytest
from fastapi import APIRouter, FastAPI

from lintel.ratelimit import GENERAL, CostTable, UnknownPolicyError, costs
from lintel.routing import Router


@costs(of="texts")
async def analyse() -> None: ...


@costs(5)
@costs(2, of="texts")
async def export(name: str) -> str:
    return name


async def read() -> None: ...


@pytest.fixture
def table() -> CostTable:
    """Of an application with routers within routers."""
    inner, outer, app = Router(prefix="/texts"), APIRouter(prefix="/v1"), FastAPI()
    inner.post("")(analyse)
    inner.get("")(read)
    inner.put("/{name}/export")(export)
    outer.include_router(inner)
    app.include_router(outer)
    return CostTable(app.routes, ["texts"])


def request(method: str, path: str, **more: Any) -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, **more}


class TestTable:
    @pytest.mark.parametrize("path", ["/v1/texts", "/v1/texts/"])
    def test_knows_what_a_route_declares_in_every_spelling_that_is_answered(self, table: CostTable, path: str) -> None:
        assert table.of(request("POST", path)) == {"texts": 1}

    def test_knows_routes_with_parameters(self, table: CostTable) -> None:
        assert table.of(request("PUT", "/v1/texts/a/export")) == {GENERAL: 5, "texts": 2}

    def test_knows_them_below_a_root_path(self, table: CostTable) -> None:
        assert table.of(request("POST", "/api/v1/texts", root_path="/api")) == {"texts": 1}

    @pytest.mark.parametrize(
        ("method", "path"),
        [("GET", "/v1/texts"), ("POST", "/v1/texts//"), ("POST", "/texts"), ("PUT", "/v1/texts/a/b/export"), ("X", "")],
    )
    def test_says_nothing_of_others(self, table: CostTable, method: str, path: str) -> None:
        assert table.of(request(method, path)) is None

    def test_says_nothing_of_a_websocket(self, table: CostTable) -> None:
        assert table.of({"type": "websocket", "path": "/v1/texts"}) is None

    def test_a_policy_that_there_is_not_is_refused(self) -> None:
        app = FastAPI()
        app.post("/texts")(analyse)
        with pytest.raises(UnknownPolicyError, match="/texts counts under a policy that there is not: texts"):
            CostTable(app.routes, [])


class TestCosts:
    def test_nothing_is_for_free(self) -> None:
        with pytest.raises(ValueError, match="1 or more"):
            costs(0)
