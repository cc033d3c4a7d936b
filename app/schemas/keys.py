"""Public keys, in the standard form (RFC 7517)."""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from lintel.api import ResponseModel

EXAMPLE: JsonDict = {
    "kty": "EC",
    "crv": "P-256",
    "x": "di_dDCfKM-onfwElqidRwdV5Uk36lnop1QIYDml94q0",
    "y": "hC-BN3Ud1Od2VXR8GDB-yJxqz280TYCGOZJHk7y7KWM",
    "kid": "uy_qAy3bhrCWsqgwalzzCk-8sXSXyEwoOEYkKw1Lfr8",
    "use": "sig",
    "alg": "ES256",
}


class PublicKey(ResponseModel):
    """A key that signatures of ours can be verified with."""

    kty: Annotated[str, Field(description="Kind of the key.")]
    crv: Annotated[str, Field(description="Its curve.")]
    x: Annotated[str, Field(description="Its place on the curve.")]
    y: Annotated[str, Field(description="Its place on the curve.")]
    kid: Annotated[str, Field(description="Its id, which the header of a token names.")]
    use: Annotated[str, Field(description="What it is for.")]
    alg: Annotated[str, Field(description="What it is used with.")]


class KeySet(ResponseModel):
    """All of them; none where tokens are signed with a secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"keys": [EXAMPLE]}]})

    keys: Annotated[list[PublicKey], Field(description="The one that signs now first.")]
