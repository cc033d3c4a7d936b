"""What the OpenAPI document says beyond what routes declare."""

from collections.abc import Callable
from typing import Any

TAGS = [
    {"name": "auth", "description": "Making an account and signing in."},
    {"name": "users", "description": "Your account; everybody's for administrators."},
    {"name": "analyses", "description": "Texts and what is found in them."},
    {"name": "exports", "description": "All your analyses in one file."},
    {"name": "files", "description": "Files, by links that were made for them."},
    {"name": "realtime", "description": "WebSockets: tickets to open one with, and messages to those who listen."},
    {"name": "jobs", "description": "What goes on when requests are over."},
    {"name": "batches", "description": "Many texts at once, read in the background."},
    {"name": "flags", "description": "What is switched on; switching it, for administrators."},
    {"name": "audit", "description": "What was done, by whom; for administrators."},
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
