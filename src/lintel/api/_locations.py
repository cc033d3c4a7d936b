"""Where new resources are."""

from typing import Annotated, Any, TypeVar
from urllib.parse import quote

from fastapi import Depends, Request, Response

ResourceT = TypeVar("ResourceT")

IN_A_PATH = "/!$&'()*+,;=:@"
"""What stands for itself in a path (RFC 3986, 3.3), beside letters, digits and `-._~`."""


def quoted(path: str) -> str:
    """A path as it is written in a header or a link: whatever is in its parameters, it cannot end the line."""
    return quote(path, safe=IN_A_PATH)


class Locator:
    """Says where a new resource is (`Location`)."""

    def __init__(self, request: Request, response: Response) -> None:
        self._request = request
        self._response = response

    def created(self, route: str, resource: ResourceT, **path_params: Any) -> ResourceT:
        """The resource itself, after pointing `Location` at the named route that reads it."""
        # Starlette itself encodes nothing but a backslash.
        written = {name: quoted(value) if isinstance(value, str) else value for name, value in path_params.items()}
        path = self._request.app.url_path_for(route, **written)
        self._response.headers["Location"] = f"{quoted(self._request.scope.get('root_path', ''))}{path}"
        return resource


async def _locator(request: Request, response: Response) -> Locator:
    return Locator(request, response)


LocatorDep = Annotated[Locator, Depends(_locator)]
"""The maker of `Location`, in an endpoint's signature."""
