"""The Idempotency-Key header over HTTP, and its declaration."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import Depends, FastAPI, Request, Response

from lintel.api import (
    Idempotency,
    IdempotencyKeyHeader,
    LocatorDep,
    PathId,
    RequestModel,
    ResponseModel,
    declare_idempotency,
    install_replays,
)
from lintel.db import Database
from lintel.errors import Conflict, declare_errors, install_error_handlers
from lintel.idempotency import IdempotencyKeys
from lintel.routing import Router
from lintel.settings import DatabaseSettings, load_settings
from tests.lintel.idempotency.conftest import SECRET, Base, Key, accounts, open_account

pytestmark = pytest.mark.anyio

UUID = "0b9e9a52-6d4c-4b6a-9a5e-0c4f0d1f7a11"
NEW = {"owner": "ada"}


class AccountCreate(RequestModel):
    """An account to be."""

    owner: str


class AccountRead(ResponseModel):
    """An account."""

    id: int
    owner: str


def keyed(*, is_required: bool) -> Callable[..., Any]:
    async def dependency(
        request: Request, response: Response, caller: int = 1, key: IdempotencyKeyHeader = None
    ) -> Idempotency:
        keys = request.app.state.keys
        return Idempotency(request, response, keys=keys, principal_id=caller, key=key, is_required=is_required)

    return dependency


KeyDep = Annotated[Idempotency, Depends(keyed(is_required=False))]
RequiredKeyDep = Annotated[Idempotency, Depends(keyed(is_required=True))]


def router_of(database: Database) -> Router:
    router = Router()

    async def create(new: AccountCreate, once: Any) -> AccountRead:
        async def work(session: Any) -> AccountRead:
            made = await open_account(session)
            if new.owner == "nobody":
                raise Conflict
            return AccountRead(id=made, owner=new.owner)

        return await once.run(database, work)  # type: ignore[no-any-return]

    @router.get("/accounts/{account_id}")
    async def read_account(account_id: PathId) -> None: ...

    @router.post("/accounts", status_code=201)
    @router.post("/twin", status_code=201, name="twin")
    async def create_account(new: AccountCreate, locate: LocatorDep, key: KeyDep) -> AccountRead:
        return await create(new, key.answering(lambda made: locate.created("read_account", made, account_id=made.id)))

    @router.post("/banks/{bank_id}/accounts", status_code=201)
    async def create_there(bank_id: PathId, new: AccountCreate, key: KeyDep) -> AccountRead:
        return await create(new, key.answering(lambda made: made))

    @router.post("/strict", status_code=202)
    async def create_strictly(new: AccountCreate, key: RequiredKeyDep) -> AccountRead:
        return await create(new, key.answering(lambda made: made))

    return router


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite:///{tmp_path / 'keys.db'}"
    database = Database(load_settings(DatabaseSettings, env_file=None, database_url=url))
    async with database.opened():
        async with database.writer.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        yield database


@pytest.fixture
def app(database: Database) -> FastAPI:
    app = FastAPI()
    app.state.keys = IdempotencyKeys(database, Key, secret=SECRET)
    install_error_handlers(app)
    install_replays(app)
    app.include_router(router_of(database))
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    async with AsyncExitStack() as stack:
        transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
        yield await stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url="http://test"))


async def post(client: httpx2.AsyncClient, path: str = "/accounts", key: str | None = UUID, **values: Any) -> Any:
    headers = {} if key is None else {"Idempotency-Key": key}
    return await client.post(path, json=values.pop("json", NEW), headers=headers, **values)


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_code"]


class TestReplay:
    async def test_has_the_first_status_body_and_headers(self, client: httpx2.AsyncClient, database: Database) -> None:
        first, again = await post(client), await post(client)
        assert (first.status_code, first.headers["location"]) == (201, "/accounts/1")
        assert "idempotency-replayed" not in first.headers
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert {**again.headers} == {**first.headers, "idempotency-replayed": "true"}
        assert await accounts(database) == 1

    async def test_is_not_for_requests_without_a_key(self, client: httpx2.AsyncClient, database: Database) -> None:
        first, again = await post(client, key=None), await post(client, key=None)
        assert (first.headers["location"], again.headers["location"]) == ("/accounts/1", "/accounts/2")
        assert await accounts(database) == 2

    async def test_is_the_same_with_the_key_in_quotes(self, client: httpx2.AsyncClient) -> None:
        first, again = await post(client, key=UUID), await post(client, key=f'"{UUID}"')
        assert again.content == first.content
        assert again.headers["idempotency-replayed"] == "true"

    async def test_is_the_same_under_the_second_path_of_one_operation(self, client: httpx2.AsyncClient) -> None:
        first, again = await post(client), await post(client, "/twin")
        assert (again.content, again.headers["location"]) == (first.content, first.headers["location"])


class TestOtherRequest:
    async def test_with_another_body_is_refused(self, client: httpx2.AsyncClient, database: Database) -> None:
        await post(client)
        refused = await post(client, json={"owner": "bob"})
        assert code_of(refused) == (422, "IDEMPOTENCY_KEY_REUSED")
        assert [error["pointer"] for error in refused.json()["errors"]] == ["/header/Idempotency-Key"]
        assert await accounts(database) == 1

    async def test_for_another_operation_is_refused(self, client: httpx2.AsyncClient) -> None:
        await post(client)
        assert code_of(await post(client, "/strict")) == (422, "IDEMPOTENCY_KEY_REUSED")

    async def test_with_another_parameter_of_the_path_is_refused(self, client: httpx2.AsyncClient) -> None:
        assert (await post(client, "/banks/1/accounts")).status_code == 201
        assert code_of(await post(client, "/banks/2/accounts")) == (422, "IDEMPOTENCY_KEY_REUSED")

    async def test_of_another_caller_is_independent(self, client: httpx2.AsyncClient) -> None:
        first = await post(client, params={"caller": 1})
        other = await post(client, params={"caller": 2})
        assert (first.json()["id"], other.json()["id"]) == (1, 2)


class TestFailedRequest:
    @pytest.mark.parametrize("body", [{"owner": 5}, {"owner": "nobody"}, {}])
    async def test_leaves_the_key_unused(
        self, client: httpx2.AsyncClient, database: Database, body: dict[str, Any]
    ) -> None:
        assert (await post(client, json=body)).status_code in {409, 422}
        assert (await post(client)).status_code == 201
        assert await accounts(database) == 1


class TestKey:
    @pytest.mark.parametrize(
        "key", ["", '""', "a b", "a,b", "a;b", 'a"b', '"a', "a\\b", "é", "x" * 256, "x" * 10_240, '"' + "x" * 256 + '"']
    )
    async def test_that_is_none_is_refused(self, client: httpx2.AsyncClient, database: Database, key: str) -> None:
        answer = await client.post("/accounts", json=NEW, headers=[(b"Idempotency-Key", key.encode("latin-1"))])
        assert code_of(answer) == (422, "VALIDATION_ERROR")
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/header/Idempotency-Key"]
        assert await accounts(database) == 0

    @pytest.mark.parametrize("key", ["1", "x" * 255, '"' + "x" * 255 + '"', "!#$%&'()*+-./:<=>?@[]^_`{|}~"])
    async def test_may_be_any_visible_ascii(self, client: httpx2.AsyncClient, key: str) -> None:
        assert (await post(client, key=key)).status_code == 201
        assert (await post(client, key=key)).headers["idempotency-replayed"] == "true"

    async def test_that_stands_twice_is_refused(self, client: httpx2.AsyncClient) -> None:
        answer = await client.post("/accounts", json=NEW, headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")])
        assert code_of(answer) == (400, "BAD_REQUEST")

    async def test_that_is_required_and_missing_is_refused(
        self, client: httpx2.AsyncClient, database: Database
    ) -> None:
        assert code_of(await post(client, "/strict", key=None)) == (400, "IDEMPOTENCY_KEY_MISSING")
        assert await accounts(database) == 0
        assert [(await post(client, "/strict")).status_code for _ in range(2)] == [202, 202]


class TestOpenApi:
    async def test_declares_what_a_key_brings(self, app: FastAPI) -> None:
        document = app.openapi()
        declare_errors(document)
        declare_idempotency(document)
        operation = document["paths"]["/accounts"]["post"]
        [header] = [one for one in operation["parameters"] if one["in"] == "header"]
        assert (header["name"], header["required"]) == ("Idempotency-Key", False)
        examples = {
            status: set(operation["responses"][status]["content"]["application/problem+json"]["examples"])
            for status in ("409", "422")
        }
        assert examples == {"409": {"IDEMPOTENCY_KEY_IN_USE"}, "422": {"IDEMPOTENCY_KEY_REUSED", "VALIDATION_ERROR"}}
        assert set(operation["responses"]["409"]["headers"]) == {"Retry-After"}
        assert set(operation["responses"]["201"]["headers"]) == {"Idempotency-Replayed"}

    async def test_leaves_other_operations_alone(self, app: FastAPI) -> None:
        document = app.openapi()
        declare_errors(document)
        declare_idempotency(document)
        assert "409" not in document["paths"]["/accounts/{account_id}"]["get"]["responses"]
