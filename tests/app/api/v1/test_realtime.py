import pytest

from app.core.enums import UserRole
from tests.conftest import Person, RunningService

pytestmark = pytest.mark.anyio

NEWS = "/api/v1/ws/news/messages"


class TestCreateTicket:
    async def test_gives_one_that_is_never_the_same(self, ada: Person) -> None:
        answers = [await ada.client.post("/api/v1/ws/tickets") for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        tickets = {answer.json()["ticket"] for answer in answers}
        assert len(tickets) == 2
        assert all(len(ticket) == 43 for ticket in tickets)
        assert answers[0].headers["cache-control"] == "no-store"

    async def test_is_for_those_we_know(self, service: RunningService) -> None:
        visitor = await service.visitor()
        assert (await visitor.post("/api/v1/ws/tickets")).status_code == 401


class TestSendMessage:
    @pytest.mark.parametrize(
        ("role", "status"), [(UserRole.USER, 403), (UserRole.MODERATOR, 202), (UserRole.ADMIN, 202)]
    )
    async def test_is_for_moderators(self, service: RunningService, role: UserRole, status: int) -> None:
        person = await service.person(f"{role}@example.com", role)
        answer = await person.client.post(NEWS, json={"data": {"text": "hello"}})
        assert answer.status_code == status
        if status == 202:
            assert answer.json() == {"channel": "news", "receivers": 0}

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"data": None},
            {"data": []},
            {"data": {}, "more": 1},
            {"data": {"text": "x" * 5_000}},
            {"data": {"text": "é" * 2_100}},
        ],
    )
    async def test_refuses_what_is_no_message(self, admin: Person, body: object) -> None:
        assert (await admin.client.post(NEWS, json=body)).status_code == 422

    @pytest.mark.parametrize("text", [b"NaN", b'"\\ud800"', b"[" * 2_000 + b"]" * 2_000])
    async def test_refuses_what_is_no_json(self, admin: Person, text: bytes) -> None:
        answer = await admin.client.post(
            NEWS, content=b'{"data": {"a": %b}}' % text, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code in {400, 422}

    @pytest.mark.parametrize(("channel", "status"), [("other", 404), ("job:1", 404), ("A", 422), ("x" * 129, 422)])
    async def test_refuses_other_channels(self, admin: Person, channel: str, status: int) -> None:
        answer = await admin.client.post(f"/api/v1/ws/{channel}/messages", json={"data": {}})
        assert answer.status_code == status
