"""Forms with one meaning only."""

import tempfile
from pathlib import Path
from typing import Annotated

import pytest
from fastapi import FastAPI, File, Form, Request, UploadFile
from pydantic import BaseModel

from lintel.errors import install_error_handlers
from lintel.routing import Router
from lintel.testing import AsgiResponse, asgi_request

pytestmark = pytest.mark.anyio

URLENCODED = b"application/x-www-form-urlencoded"
MULTIPART = b"multipart/form-data; boundary=x"


class Order(BaseModel):
    name: str
    number: int = 1
    tags: list[str] = []


@pytest.fixture
def app() -> FastAPI:
    router = Router()

    @router.post("/model")
    async def model(order: Annotated[Order, Form()]) -> Order:
        return order

    @router.post("/fields")
    async def fields(name: Annotated[str, Form()], agreed: Annotated[bool, Form()] = False) -> tuple[str, bool]:  # noqa: FBT002
        return name, agreed

    @router.post("/file")
    async def file(content: Annotated[UploadFile, File()], name: Annotated[str, Form()]) -> int:
        return len(await content.read()) + len(name)

    @router.post("/again")
    async def again(order: Annotated[Order, Form()], request: Request) -> int:
        return len(await request.form())

    application = FastAPI()
    install_error_handlers(application)
    application.include_router(router)
    return application


async def post(app: FastAPI, path: str, body: bytes, content_type: bytes = URLENCODED) -> AsgiResponse:
    headers = [(b"content-type", content_type), (b"content-length", str(len(body)).encode())]
    return await asgi_request(app, "POST", path, headers=headers, body=body)


def part(name: bytes, value: bytes, *, filename: bytes | None = None) -> bytes:
    named = b'; filename="%s"' % filename if filename is not None else b""
    return b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (name, named, value)


END = b"--x--\r\n"


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


class TestFields:
    async def test_are_read_from_both_kinds_of_form(self, app: FastAPI) -> None:
        expected = {"name": "Zoë &", "number": 7, "tags": ["a", "b"]}
        text = b"name=Zo%C3%AB+%26&number=7&tags=a&tags=b"
        parts = (
            part(b"name", "Zoë &".encode()) + part(b"number", b"7") + part(b"tags", b"a") + part(b"tags", b"b") + END
        )
        assert (await post(app, "/model", text)).json() == expected
        assert (await post(app, "/model", parts, MULTIPART)).json() == expected

    async def test_may_be_utf8_that_is_not_percent_encoded(self, app: FastAPI) -> None:
        """As `curl -d` sends it; Starlette reads it as Latin-1."""
        assert (await post(app, "/model", "name=Zoë".encode())).json()["name"] == "Zoë"

    async def test_may_be_empty(self, app: FastAPI) -> None:
        assert (await post(app, "/fields", b"name=")).status == 422
        assert (await post(app, "/again", b"name=a&tags=")).json() == 2

    @pytest.mark.parametrize("path", ["/model", "/fields"])
    async def test_are_given_once(self, app: FastAPI, path: str) -> None:
        for body, kind in ((b"name=a&name=b", URLENCODED), (part(b"name", b"a") * 2 + END, MULTIPART)):
            answer = await post(app, path, body, kind)
            assert answer.status == 422
            assert answer.json()["errors"][0] == {
                "pointer": "/body/name",
                "message": "Given more than once",
                "code": "repeated",
            }

    async def test_hold_plain_numbers(self, app: FastAPI) -> None:
        assert (await post(app, "/model", b"name=1_0&number=1_0")).json()["errors"][0]["pointer"] == "/body/number"
        assert (await post(app, "/fields", b"name=1_0&agreed=yes")).json()["errors"][0]["code"] == "bool_parsing"
        assert (await post(app, "/fields", b"name=1_0&agreed=true")).json() == ["1_0", True]

    async def test_are_at_most_a_thousand(self, app: FastAPI) -> None:
        many = b"&".join(b"x%d=1" % number for number in range(1_001))
        assert (await post(app, "/model", many)).status == 400
        assert (
            await post(app, "/model", b"".join(part(b"x", b"") for _ in range(1_001)) + END, MULTIPART)
        ).status == 400


class TestEncoding:
    @pytest.mark.parametrize("value", [b"\xff", b"%ff", b"%c3", b"\xc3", b"%ed%a0%80", b"100%", b"%u0041"])
    async def test_other_than_utf8_is_refused(self, app: FastAPI, value: bytes) -> None:
        for body in (b"name=" + value, value + b"=name"):
            assert (await post(app, "/model", body)).status == 400

    async def test_of_parts_is_utf8_as_well(self, app: FastAPI) -> None:
        assert (await post(app, "/model", part(b"name", b"\xff") + END, MULTIPART)).status == 400
        assert (await post(app, "/model", part(b"\xff", b"name") + END, MULTIPART)).status == 400


class TestFiles:
    async def test_may_hold_any_bytes(self, app: FastAPI) -> None:
        body = part(b"content", b"\xff\0", filename=b"a.bin") + part(b"name", b"a") + END
        assert (await post(app, "/file", body, MULTIPART)).json() == 3

    async def test_leave_nothing_behind_when_the_form_is_refused(
        self, app: FastAPI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        before = open_files()
        large = part(b"content", b"x" * 3_000_000, filename=b"a.bin")
        answer = await post(app, "/file", large + part(b"name", b"a") * 2 + END, MULTIPART)
        assert answer.status == 422
        assert open_files() == before
