from functools import partial
from typing import Annotated

from fastapi import Query

from app.api.callers import SignedIn
from app.api.deps import ApiKeyServiceDep
from app.core.exceptions import ApiKeyNotFound, TooManyApiKeys
from app.schemas.api_keys import ApiKeyCreate, ApiKeyCreated, ApiKeyQuery, ApiKeyRead
from lintel.api import CursorPage, LocatorDep, Page, PagerDep, PathId
from lintel.errors import problems
from lintel.routing import Router

router = Router(prefix="/auth/api-keys", tags=["auth"])


# Without Idempotency-Key: the answer would have to be kept, and with it the key.
@router.post("", status_code=201, summary="Make an API key", responses=problems(TooManyApiKeys))
async def create_api_key(new: ApiKeyCreate, me: SignedIn, keys: ApiKeyServiceDep, locate: LocatorDep) -> ApiKeyCreated:
    """Make a key for a program, which sends it as `X-API-Key`. It is shown in this answer and never again.

    Keys are made and revoked by who is signed in; a key cannot make another one. An `Idempotency-Key` is not read here:
    if the answer was lost, revoke what you find in the list.
    """
    made = await keys.create_key(me, new)
    return locate.created("read_api_key", made, key_id=made.id)


@router.get("", summary="List your API keys")
async def list_api_keys(
    query: Annotated[ApiKeyQuery, Query()], me: SignedIn, keys: ApiKeyServiceDep, pager: PagerDep
) -> Page[ApiKeyRead] | CursorPage[ApiKeyRead]:
    """List your keys page by page, those that have expired among them, those that were revoked not."""
    return await pager.answer(query, partial(keys.list_keys, me))


@router.get("/{key_id}", summary="Read an API key", responses=problems(ApiKeyNotFound))
async def read_api_key(key_id: PathId, me: SignedIn, keys: ApiKeyServiceDep) -> ApiKeyRead:
    """Read what one of your keys is for, and when it was used."""
    return await keys.get_key(me, key_id)


@router.delete("/{key_id}", status_code=204, summary="Revoke an API key", responses=problems(ApiKeyNotFound))
async def revoke_api_key(key_id: PathId, me: SignedIn, keys: ApiKeyServiceDep) -> None:
    """Revoke one of your keys. It stops working at once."""
    await keys.revoke_key(me, key_id)
