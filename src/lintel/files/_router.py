"""The route behind signed URLs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import Field

from lintel.api import MAX_ID, FormModel
from lintel.errors import RangeNotSatisfiable, problems
from lintel.files._answer import file_answer
from lintel.routing import Router
from lintel.storage import Disposition, FileLink, FileMissing, LinkRefused, LinkSigner, Storage

BINARY: dict[str, Any] = {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file.", **BINARY},
    206: {"description": "The parts that `Range` asks for.", **BINARY},
    304: {"description": "The client has it already (`If-None-Match`, `If-Modified-Since`)."},
    **problems(LinkRefused, FileMissing, RangeNotSatisfiable),
}


@dataclass(frozen=True, slots=True)
class SignedFiles:
    """What the route needs.

    Attributes:
        storage: Where the files are.
        links: Knows the links that were made here.
    """

    storage: Storage
    links: LinkSigner


class LinkQuery(FormModel):
    """What stands in a link beside the key; all of it is signed."""

    expires: Annotated[int, Field(ge=0, le=MAX_ID, description="Until when it is valid, in seconds since 1970.")]
    filename: Annotated[str, Field(max_length=150, description="Under which name to save the file.")]
    content_type: Annotated[str, Field(max_length=150, pattern=r"^[ -~]*$", description="What it is sent as.")]
    disposition: Annotated[Disposition, Field(description="Whether it may be shown.")]
    signature: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{43}$", description="Made by this service.")]


def files_router(provide: Callable[..., Any], *, path: str = "/files") -> APIRouter:
    """A router that answers signed URLs. Its one route is public: the signature is the permission.

    Args:
        provide: Dependency that returns the `SignedFiles`.
        path: Where; that of the `LinkSigner`, without the prefixes that the router is included under.
    """
    router = Router(prefix=path, tags=["files"])

    @router.get("/{key:path}", summary="Read a file by its link", response_class=Response, responses=ANSWERS)
    async def read_file(
        key: Annotated[str, Path(max_length=512, pattern=r"^[A-Za-z0-9._/-]+$", description="Which file.")],
        query: Annotated[LinkQuery, Query()],
        request: Request,
        files: Annotated[SignedFiles, Depends(provide)],
    ) -> Response:
        """Read a file, or parts of it, with a link that was made for it. Links are valid for a while only."""
        return await _answer(files, key, query, request)

    return router


async def _answer(files: SignedFiles, key: str, query: LinkQuery, request: Request) -> Response:
    link = FileLink(key, query.expires, query.filename, query.content_type, query.disposition)
    files.links.verify(link, query.signature)
    return await file_answer(
        files.storage,
        key,
        request_headers=request.headers,
        path=request.scope["path"],
        content_type=link.content_type,
        filename=link.filename,
        disposition=link.disposition,
    )
