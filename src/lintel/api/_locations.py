"""Where new resources are."""

from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request, Response

ResourceT = TypeVar("ResourceT")


class Locator:
    """Says where a new resource is (`Location`)."""

    def __init__(self, request: Request, response: Response) -> None:
        self._request = request
        self._response = response

    def created(self, route: str, resource: ResourceT, **path_params: Any) -> ResourceT:
        """The resource itself, after pointing `Location` at the named route that reads it."""
        path = self._request.app.url_path_for(route, **path_params)
        self._response.headers["Location"] = f"{self._request.scope.get('root_path', '')}{path}"
        return resource


async def _locator(request: Request, response: Response) -> Locator:
    return Locator(request, response)


LocatorDep = Annotated[Locator, Depends(_locator)]
"""The maker of `Location`, in an endpoint's signature."""
