"""Forms with one meaning only."""

import re
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.types import Receive, Scope

from lintel.errors import BadRequest
from lintel.routing._params import Params, check_form

MULTIPART = "multipart/form-data"
MAX_FIELDS = 1_000
_STRAY_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
"""Some readers keep it, some drop it, and a million of them take Python a second."""


class FormRequest(Request):
    """A request whose form is UTF-8 and has no field twice, except those that are lists.

    Starlette takes bytes that are not UTF-8 for U+FFFD in one kind of form and for Latin-1 in the other.

    Args:
        scope: The request's scope.
        receive: Where its body comes from.
        fields: What the form was declared to have.
        takes_files: Whether it may hold files, which are not text and are not kept in memory.
    """

    def __init__(self, scope: Scope, receive: Receive, *, fields: Params, takes_files: bool) -> None:
        super().__init__(scope, receive)
        self._fields = fields
        self._takes_files = takes_files

    async def _get_form(self, **limits: Any) -> FormData:
        """The form; what `form()` awaits.

        Raises:
            BadRequest: It is not percent-encoded UTF-8, or has too many fields.
            RequestValidationError: It has a field twice, or a number that is not plainly written.
        """
        if self._form is None:
            form = await self._read(limits)
            try:
                check_form(form.multi_items(), self._fields)
            except BaseException:
                await form.close()
                raise
            self._form = form
        return self._form

    async def _read(self, limits: dict[str, Any]) -> FormData:
        if self.headers.get("content-type", "").lower().startswith(MULTIPART):
            if not self._takes_files:
                _text(await self.body())
            try:
                return await super()._get_form(**limits)
            finally:
                self._form = None  # not before it is checked
        return _urlencoded(await self.body(), limits.get("max_fields", MAX_FIELDS))


def _urlencoded(body: bytes, max_fields: float) -> FormData:
    text = _text(body)
    if text.count("&") >= max_fields:
        raise BadRequest(f"The form has more than {max_fields:g} fields.")
    if _STRAY_PERCENT.search(text):
        raise BadRequest("The form is not percent-encoded.")
    try:
        return FormData([*parse_qsl(text, keep_blank_values=True, errors="strict")])
    except UnicodeDecodeError:
        raise BadRequest("The body is not UTF-8.") from None


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise BadRequest("The body is not UTF-8.") from None
