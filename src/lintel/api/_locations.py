"""Where new resources are."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from lintel.paths import as_reached, quoted

ResourceT = TypeVar("ResourceT")


def accepted(answer: BaseModel) -> Response:
    """A 202 with this body, for an operation that usually answers otherwise."""
    return Response(answer.model_dump_json(), status_code=202, media_type="application/json")


class Locator:
    """Says where a new resource is (`Location`)."""

    def __init__(self, request: Request, response: Response) -> None:
        self._request = request
        self._response = response

    def created(self, route: str, resource: ResourceT, **path_params: Any) -> ResourceT:
        """The resource itself, after pointing `Location` at the named route that reads it."""
        self._response.headers["Location"] = self._path_of(route, path_params)
        return resource

    def monitored(self, route: str, resource: ResourceT, **path_params: Any) -> ResourceT:
        """The resource itself, after pointing `Link` (`rel="monitor"`) at the route that tells how work on it goes."""
        self._response.headers["Link"] = f'<{self._path_of(route, path_params)}>; rel="monitor"'
        return resource

    def _path_of(self, route: str, path_params: Mapping[str, Any]) -> str:
        # Starlette itself encodes nothing but a backslash.
        written = {name: quoted(value) if isinstance(value, str) else value for name, value in path_params.items()}
        return as_reached(self._request.scope, self._request.app.url_path_for(route, **written))

    def reachable(self, url: str | None) -> str | None:
        """An address as clients reach it: a path on this service, such as a signed one, below where it is mounted."""
        if url is None or not url.startswith("/"):
            return url
        return as_reached(self._request.scope, url)


async def _locator(request: Request, response: Response) -> Locator:
    return Locator(request, response)


LocatorDep = Annotated[Locator, Depends(_locator)]
"""The maker of `Location`, in an endpoint's signature."""
