"""The Idempotency-Key header (draft-ietf-httpapi-idempotency-key-header-07)."""

import json
from collections.abc import Callable
from typing import Annotated, Generic, TypeVar

from fastapi import FastAPI, Header, Request, Response
from pydantic import BaseModel

from lintel.db import Database, Work
from lintel.errors import BadRequest
from lintel.idempotency import Answer, AnsweredBefore, IdempotencyKeys, KeyedRequest, KeyMissing, Once

ModelT = TypeVar("ModelT", bound=BaseModel)

KEY = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
MAX_KEY = 255
_SIGNS = r"[!#-+\--:<-\[\]-~]"
_PATTERN = rf'^(?:{_SIGNS}{{1,{MAX_KEY}}}|"{_SIGNS}{{1,{MAX_KEY}}}")$'

IdempotencyKeyHeader = Annotated[
    str | None,
    Header(
        alias=KEY,
        pattern=_PATTERN,
        max_length=MAX_KEY + 2,
        description="A name of your own for this request, such as a UUID, with or without quotes: up to 255 visible "
        "ASCII characters but quotes, backslash, comma and semicolon. Sent again with the same body it has no further "
        "effect and gets the first answer. Each caller's keys are their own.",
        examples=["0b9e9a52-6d4c-4b6a-9a5e-0c4f0d1f7a11"],
    ),
]
"""The header, in the signature of a service's dependency."""


def _as_it_is(made: ModelT) -> ModelT:
    return made


class Idempotency:
    """The key of one request, if it came with one. A service's dependency makes it of who is calling.

    Args:
        request: The request.
        response: Where the endpoint's headers go.
        keys: The service's keys.
        principal_id: Who is calling.
        key: What `IdempotencyKeyHeader` read.
        is_required: Whether the operation is only done with a key.

    Raises:
        BadRequest: There are several keys.
        KeyMissing: There is none, and one is required.
    """

    def __init__(
        self,
        request: Request,
        response: Response,
        *,
        keys: IdempotencyKeys,
        principal_id: int,
        key: str | None,
        is_required: bool = False,
    ) -> None:
        if key is None and is_required:
            raise KeyMissing
        if key is not None and len(request.headers.getlist(KEY)) > 1:
            raise BadRequest(f"{KEY} stands twice in the request.")
        self._request = request
        self._response = response
        self._keys = keys
        self._principal_id = principal_id
        self._key = key

    def answering(
        self, finish: Callable[[ModelT], ModelT] | None = None, *, shown: Callable[[ModelT], BaseModel] = _as_it_is
    ) -> Once[ModelT]:
        """For the service: runs its unit once for the key, and keeps what is answered.

        Args:
            finish: Sets the answer's headers (`Location`, `Link`), and returns what was made. Called before the commit,
                and again if the unit is run again. None: there are no such headers.
            shown: The body, where it is not what was made but what another version of the API shows of it.
        """
        return _Answering(self, finish or _as_it_is, shown)

    async def run(
        self,
        database: Database,
        work: Work[ModelT],
        finish: Callable[[ModelT], ModelT],
        shown: Callable[[ModelT], BaseModel],
    ) -> ModelT:
        """What `answering` makes does this."""
        if self._key is None:
            return finish(await database.run(work))
        keyed = await self._keyed(self._key)
        return await self._keys.run(keyed, work, lambda result: self._answer(shown(finish(result))))

    async def _keyed(self, key: str) -> KeyedRequest:
        scope = self._request.scope
        parameters = json.dumps(self._request.path_params, sort_keys=True, default=str).encode()
        content = b"\0".join([parameters, scope["query_string"], await self._request.body()])
        # One function may answer under two paths: it is the same operation.
        return KeyedRequest(self._principal_id, key.strip('"'), scope["route"].endpoint.__name__, content)

    def _answer(self, result: BaseModel) -> Answer:
        # What FastAPI makes of it, byte for byte; a test compares them.
        body = result.model_dump_json(by_alias=True).encode()
        status = self._response.status_code or self._request.scope["route"].status_code
        headers = {"content-type": "application/json", **self._response.headers}
        return Answer(status, headers, body)


class _Answering(Generic[ModelT]):
    def __init__(
        self, idempotency: Idempotency, finish: Callable[[ModelT], ModelT], shown: Callable[[ModelT], BaseModel]
    ) -> None:
        self._idempotency = idempotency
        self._finish = finish
        self._shown = shown

    async def run(self, database: Database, work: Work[ModelT]) -> ModelT:
        return await self._idempotency.run(database, work, self._finish, self._shown)


def install_replays(app: FastAPI) -> None:
    """Answer `AnsweredBefore` with the answer of the first request, and say so in a header."""

    async def replay(_: Request, before: Exception) -> Response:
        if not isinstance(before, AnsweredBefore):  # pragma: no cover - Starlette calls it with no other
            raise before
        answer = before.answer
        return Response(answer.body, status_code=answer.status, headers={**answer.headers, REPLAYED: "true"})

    app.add_exception_handler(AnsweredBefore, replay)
