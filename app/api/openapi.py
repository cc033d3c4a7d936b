"""What the OpenAPI document says beyond what routes declare."""

from collections.abc import Callable
from typing import Any

TAGS = [
    {"name": "auth", "description": "Making an account and signing in."},
    {"name": "users", "description": "Your account; everybody's for administrators."},
    {"name": "analyses", "description": "Texts and what is found in them."},
    {"name": "health", "description": "How the service is doing."},
]
HEAD = {"openapi_tags": TAGS, "license_info": {"name": "MIT", "identifier": "MIT"}}


def completed(prefix: str) -> Callable[[dict[str, Any]], None]:
    """A function that completes the security schemes: a form to sign in with, or a token from elsewhere."""

    def complete(schema: dict[str, Any]) -> None:
        schemes = schema["components"].setdefault("securitySchemes", {})
        schemes["OAuth2Password"]["flows"]["password"]["tokenUrl"] = f"{prefix}/auth/login"
        schemes["BearerAuth"] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
        for path in schema["paths"].values():
            for operation in path.values():
                if operation.get("security"):
                    operation["security"].append({"BearerAuth": []})

    return complete
