"""The vendored scripts and styles, served from the package."""

from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

STATIC = Path(__file__).parent / "static"

_VERSION_LENGTH = 16


class Assets:
    """The files of `static/` under one path, each addressed by its content.

    Args:
        path: Where the files answer, below the application's root path.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._files = StaticFiles(directory=STATIC)
        self._versions = _read_versions()

    def url(self, name: str, *, root_path: str) -> str:
        """The address of a file; it changes whenever the file does."""
        return f"{root_path}{self._path}/{name}?v={self._versions[name]}"

    def route(self) -> Route:
        """The one route that answers every file."""
        return Route(f"{self._path}/{{name}}", self._respond, name="documentation_asset", include_in_schema=False)

    async def _respond(self, request: Request) -> Response:
        name = request.path_params["name"]
        # SHA256SUMS is the list of what may leave: no name that a client makes up reaches the file system.
        if name not in self._versions:
            raise HTTPException(status_code=404)
        response = await self._files.get_response(name, request.scope)
        response.headers["cache-control"] = self._cache_control(name, request.query_params.get("v"))
        return response

    def _cache_control(self, name: str, version: str | None) -> str:
        # During a rolling deployment an old page may ask for a version that this process does not have.
        if version == self._versions[name]:
            return "public, max-age=31536000, immutable"
        return "no-cache"


def _read_versions() -> dict[str, str]:
    lines = (STATIC / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    return {name: digest[:_VERSION_LENGTH] for digest, name in (line.split(maxsplit=1) for line in lines)}
