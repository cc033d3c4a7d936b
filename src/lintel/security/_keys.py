"""The keys of tokens: one that signs, and those before it, which only verify."""

import base64
import hmac
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey

from lintel.settings import SecuritySettings, SettingsError

ID_PURPOSE = b"lintel.security: the id of a signing key, 1"
ID_BYTES = 12
CURVE = "P-256"

_PEM = re.compile(r"-----BEGIN ([A-Z ]*KEY)-----.+?-----END \1-----", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """What tokens are signed and verified with.

    A token names its key by an id (`kid`), which is looked up here and nowhere else.

    Attributes:
        algorithm: The only one that is used, whatever a token's header says.
        current: The key that signs.
        current_id: Its id.
        by_id: Every key that verifies, among them the current one.
    """

    algorithm: str
    current: OctKey | ECKey
    current_id: str
    by_id: Mapping[str, OctKey | ECKey]

    @classmethod
    def of_secrets(cls, secrets: Sequence[str]) -> Self:
        """Keys of HS256: whoever can verify can sign as well.

        Their ids tell nothing of them.

        Args:
            secrets: The first signs, all verify; of 32 characters at least.
        """
        by_id: dict[str, OctKey | ECKey] = {_id_of_secret(secret): OctKey.import_key(secret) for secret in secrets}
        return cls("HS256", *_first(by_id), by_id)

    @classmethod
    def of_private_key(cls, private_key: str, previous: str = "") -> Self:
        """Keys of ES256: whoever has the published ones can verify, but not sign. Ids are thumbprints (RFC 7638).

        Args:
            private_key: Signs; PEM, on the curve P-256, without a password.
            previous: Only verify: public keys one after the other in PEM, or a JWK, or a set of them. Of a private key
                the public part is taken.

        Raises:
            ValueError: One cannot be read or is of another kind. Says which of the arguments, and nothing of it.
        """
        [key, *others] = _read(private_key, "private_key")
        if others or not key.is_private:
            raise ValueError("private_key")
        by_id: dict[str, OctKey | ECKey] = {key.thumbprint(): key}
        for former in _read(previous, "previous") if previous.strip() else []:
            by_id.setdefault(former.thumbprint(), ECKey.import_key(former.as_dict(private=False)))
        return cls("ES256", *_first(by_id), by_id)

    def find(self, key_id: object) -> OctKey | ECKey | None:
        """The key of this id; for a token that names none the current one, as such are older than ids are."""
        if key_id is None:
            return self.current
        return self.by_id.get(key_id) if isinstance(key_id, str) else None

    def public(self) -> list[dict[str, Any]]:
        """What everybody may know, each as a JWK (RFC 7517); nothing of secrets."""
        return [
            {**key.as_dict(private=False), "kid": key_id, "use": "sig", "alg": self.algorithm}
            for key_id, key in self.by_id.items()
            if isinstance(key, ECKey)
        ]


def signing_keys_of(settings: SecuritySettings) -> SigningKeys:
    """The keys that the settings name.

    Raises:
        SettingsError: One cannot be read.
    """
    if settings.algorithm == "HS256":
        return SigningKeys.of_secrets(settings.secret_keys)
    private_key, previous = (
        "" if text is None else text.get_secret_value()
        for text in (settings.jwt_private_key, settings.jwt_public_keys_previous)
    )
    try:
        return SigningKeys.of_private_key(private_key, previous)
    except ValueError as error:
        name = "JWT_PRIVATE_KEY" if str(error) == "private_key" else "JWT_PUBLIC_KEYS_PREVIOUS"
        raise SettingsError({name: f"must be of the curve {CURVE}, as PEM and without a password"}) from None


def _first(by_id: Mapping[str, OctKey | ECKey]) -> tuple[OctKey | ECKey, str]:
    key_id = next(iter(by_id))
    return by_id[key_id], key_id


def _id_of_secret(secret: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(secret.encode(), ID_PURPOSE, "sha256")[:ID_BYTES]).decode()


def _read(text: str, name: str) -> list[ECKey]:
    try:
        keys = [ECKey.import_key(data) for data in _written(text)]
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        keys = []
    if not keys or any(key.curve_name != CURVE for key in keys):
        raise ValueError(name)
    return keys


def _written(text: str) -> Iterable[Any]:
    """Each key in a text. Where a variable is one line, its line breaks may be written as a backslash and an n."""
    if text.lstrip().startswith("{"):
        data = json.loads(text)
        return data.get("keys", [data])  # type: ignore[no-any-return]
    return [found[0] for found in _PEM.finditer(text.replace("\\n", "\n"))]
