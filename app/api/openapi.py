"""What the OpenAPI document says beyond what routes declare."""

import json
from collections.abc import Callable
from typing import Any

from app.core.config import Settings

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
HERE = {"url": "/", "description": "Where this document comes from."}


def head(settings: Settings) -> dict[str, Any]:
    """The document's head: its tags, licence, and where the service is."""
    servers = [HERE]
    if settings.public_url is not None:
        servers.append({"url": settings.public_url.rstrip("/"), "description": "As people reach it."})
    return {"openapi_tags": TAGS, "license_info": {"name": "MIT", "identifier": "MIT"}, "servers": servers}


def written(document: dict[str, Any]) -> str:
    """The document as `docs/openapi.json` has it."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def completed(prefix: str) -> Callable[[dict[str, Any]], None]:
    """A function that completes the security schemes: a form to sign in with, or a token from elsewhere."""

    def complete(schema: dict[str, Any]) -> None:
        schemes = schema["components"].setdefault("securitySchemes", {})
        schemes["OAuth2Password"]["flows"]["password"]["tokenUrl"] = f"{prefix}/auth/login"
        schemes["OAuth2Password"]["description"] = "Your e-mail address and password, for a token."
        schemes["BearerAuth"] = {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token that you have.",
        }
        for path in schema["paths"].values():
            for operation in path.values():
                if operation.get("security"):
                    operation["security"].append({"BearerAuth": []})

    return complete
