from fastapi import Depends

from app.api.deps import SigningKeysDep, kept_by_everybody
from app.schemas.keys import KeySet
from lintel.routing import Router

router = Router(prefix="/.well-known", tags=["auth"])


@router.get("/jwks.json", summary="Keys to verify access tokens with", dependencies=[Depends(kept_by_everybody)])
async def read_key_set(keys: SigningKeysDep) -> KeySet:
    """Answers with the public keys of ES256, so that other services can verify access tokens by themselves.

    Look again when a token names a key that you do not know, and after five minutes.
    """
    return KeySet.model_validate({"keys": keys.public()})
