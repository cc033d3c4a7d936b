"""Pictures that users show of themselves, over HTTP."""

import base64
import hashlib
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image

from tests.app.conftest import assert_problem
from tests.conftest import Person, RunningService

pytestmark = pytest.mark.anyio

AVATAR = "/api/v1/users/me/avatar"
UPLOAD = "/api/v1/users/upload"


def png(size: tuple[int, int] = (30, 30)) -> bytes:
    made = BytesIO()
    Image.new("RGB", size, "blue").save(made, "PNG")
    return made.getvalue()


async def send(person: Person, content: bytes, name: str = "me.png", said: str = "image/png") -> httpx2.Response:
    return await person.client.put(AVATAR, files={"file": (name, content, said)})


def digest_of(content: bytes) -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    return {"Content-Digest": f"sha-256=:{digest}:"}


def kept(tmp_path: Path) -> list[Path]:
    """The pictures that are there."""
    return [*(tmp_path / "data").rglob("*.webp")]


async def profile(person: Person, user_id: int) -> dict[str, Any]:
    body: dict[str, Any] = (await person.client.get(f"/api/v1/users/{user_id}/profile")).json()
    return body


class TestReplace:
    async def test_shows_a_small_picture_that_runs_nothing_and_replaces_the_one_before(
        self, tmp_path: Path, visitor: httpx2.AsyncClient, ada: Person, admin: Person
    ) -> None:
        assert (await profile(ada, ada.id))["avatar_url"] is None
        first = await send(ada, png())
        assert first.status_code == 200, first.text
        second = (await send(ada, png(), name="../../etc/passwd", said="application/octet-stream")).json()
        assert len(kept(tmp_path)) == 1
        assert (await visitor.get(first.json()["url"])).status_code == 404
        shown = await visitor.get(second["url"])
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/webp")
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert shown.headers["content-disposition"].startswith("inline")
        assert "sandbox" in shown.headers["content-security-policy"]
        assert Image.open(BytesIO(shown.content)).size == (30, 30)
        for person in (ada, admin):
            url = (await profile(person, ada.id))["avatar_url"]
            assert (await visitor.get(url)).status_code == 200
        assert (await visitor.get((await ada.client.get(AVATAR)).json()["url"])).content == shown.content

    async def test_keys_cannot_be_guessed_and_links_not_changed(
        self, visitor: httpx2.AsyncClient, ada: Person, bob: Person
    ) -> None:
        urls = [(await send(person, png())).json()["url"] for person in (ada, bob)]
        paths = [url.partition("?")[0] for url in urls]
        assert len({path.rpartition("/")[2] for path in paths}) == 2
        assert len(paths[0].rpartition("/")[2]) >= 32
        changed = urls[0].replace(paths[0], paths[1])
        assert_problem(await visitor.get(changed), 403, "LINK_REFUSED")

    async def test_stays_when_the_profile_is_replaced(self, ada: Person) -> None:
        await send(ada, png())
        replaced = await ada.client.put(f"/api/v1/users/{ada.id}/profile", json={"bio": "Poet"})
        assert replaced.json()["avatar_url"]
        assert (await profile(ada, ada.id))["avatar_url"]


class TestSecondPath:
    async def test_does_the_same_for_who_is_signed_in(
        self, tmp_path: Path, visitor: httpx2.AsyncClient, ada: Person, bob: Person
    ) -> None:
        sent = {"file": ("me.png", png(), "image/png", digest_of(png()))}
        answer = await ada.client.post(UPLOAD, files=sent)
        assert answer.status_code == 200, answer.text
        assert (await visitor.get(answer.json()["url"])).headers["content-type"] == "image/webp"
        assert (await profile(ada, ada.id))["avatar_url"]
        assert (await ada.client.post(UPLOAD, files=sent, data={"user_id": str(bob.id)})).status_code == 200
        assert (await profile(bob, bob.id))["avatar_url"] is None
        assert_problem(await visitor.post(UPLOAD, files=sent), 401, "UNAUTHENTICATED")
        assert len(kept(tmp_path)) == 1

    async def test_takes_nothing_that_was_spoilt_on_its_way(self, tmp_path: Path, ada: Person) -> None:
        for path, method in ((UPLOAD, "POST"), (AVATAR, "PUT")):
            sent = {"file": ("me.png", png(), "image/png", digest_of(png((31, 30))))}
            assert_problem(await ada.client.request(method, path, files=sent), 422, "DIGEST_MISMATCH")
        assert kept(tmp_path) == []


class TestRefused:
    async def test_what_is_no_picture_that_can_be_shown(
        self, tmp_path: Path, visitor: httpx2.AsyncClient, ada: Person
    ) -> None:
        assert_problem(await send(ada, b"<svg></svg>"), 415, "FILE_TYPE_REFUSED")
        assert_problem(await send(ada, b"GIF89a" + bytes(100), said="image/png"), 415, "FILE_TYPE_REFUSED")
        assert_problem(await send(ada, png(), said="image/jpeg"), 415, "FILE_TYPE_REFUSED")
        assert_problem(await send(ada, png()[:50]), 422, "PICTURE_REFUSED")
        assert_problem(await send(ada, b""), 422, "FILE_EMPTY")
        assert_problem(await ada.client.put(AVATAR, data={"file": "text"}), 422, "VALIDATION_ERROR", "/body/file")
        assert_problem(await ada.client.put(AVATAR, json={}), 415, "UNSUPPORTED_MEDIA_TYPE")
        assert_problem(await visitor.put(AVATAR, files={"file": png()}), 401, "UNAUTHENTICATED")
        assert kept(tmp_path) == []
        assert_problem(await ada.client.get(AVATAR), 404, "AVATAR_NOT_FOUND")

    async def test_what_is_too_large(self, start: Any, tmp_path: Path) -> None:
        service: RunningService = await start(avatar_max_bytes=2_000)
        ada = await service.person()
        assert_problem(await send(ada, png() + bytes(2_000)), 413, "FILE_TOO_LARGE")
        assert_problem(await send(ada, png() + bytes(2_000_000)), 413, "CONTENT_TOO_LARGE")
        assert kept(tmp_path) == []


class TestBehindAProxy:
    async def test_every_address_is_below_where_the_service_is_mounted(
        self, service: RunningService, ada: Person, admin: Person
    ) -> None:
        await send(ada, png())
        below = httpx2.ASGITransport(app=service.app, root_path="/below")
        base = "http://localhost/below/api/v1/users"
        async with httpx2.AsyncClient(transport=below, headers=admin.client.headers) as proxied:
            listed = (await proxied.get(f"{base}/with-profiles")).json()["items"]
            one = (await proxied.get(f"{base}/{ada.id}/profile")).json()
        [shown] = [each for each in listed if each["user"]["id"] == ada.id]
        assert shown["avatar_url"].partition("?")[0] == one["avatar_url"].partition("?")[0]
        assert shown["avatar_url"].startswith("/below/api/v1/files/avatars/")


class TestDelete:
    async def test_leaves_no_file_and_no_link(self, tmp_path: Path, visitor: httpx2.AsyncClient, ada: Person) -> None:
        url = (await send(ada, png())).json()["url"]
        assert (await ada.client.delete(AVATAR)).status_code == 204
        assert_problem(await ada.client.delete(AVATAR), 404, "AVATAR_NOT_FOUND")
        assert_problem(await visitor.get(url), 404, "FILE_NOT_FOUND")
        assert kept(tmp_path) == []
        assert (await profile(ada, ada.id))["avatar_url"] is None
