"""Profiles, settings, usernames and searches, over HTTP."""

import asyncio
from typing import Any

import pytest

from tests.app.conftest import Statements, assert_problem
from tests.conftest import PASSWORD, Person, RunningService

pytestmark = pytest.mark.anyio

USERS = "/api/v1/users"
ANY = {"If-Match": "*"}
SETTINGS = f"{USERS}/me/settings"
PROFILE: dict[str, Any] = {
    "bio": "Notes on\nengines.",
    "birth_date": "1990-12-10",
    "address": {"street": "Square 12", "city": "London", "state": "England", "zip_code": "SW1Y", "country": "UK"},
    "preferences": {"theme": "dark", "sizes": [1, 2.5, None]},
}
WHOLE = {"email": "ada@example.com", "full_name": None, "username": "ada", "role": "user", "status": "active"}


async def profile_of(person: Person, user_id: int) -> Any:
    return await person.client.get(f"{USERS}/{user_id}/profile")


class TestProfile:
    async def test_is_empty_at_first(self, ada: Person) -> None:
        body = (await profile_of(ada, ada.id)).json()
        assert body.pop("user") == (await ada.client.get(f"{USERS}/me")).json()
        empty = dict.fromkeys(("bio", "birth_date", "age", "address", "avatar_url"))
        assert body == {**empty, "preferences": {}}

    async def test_is_replaced_as_a_whole(self, ada: Person) -> None:
        path = f"{USERS}/{ada.id}/profile"
        answer = await ada.client.put(path, json=PROFILE)
        assert (answer.status_code, answer.json()) == (200, (await ada.client.get(path)).json())
        assert {name: answer.json()[name] for name in PROFILE} == PROFILE
        assert answer.json()["age"] >= 35
        await ada.client.put(path, json={"bio": "Now this."})
        body = (await ada.client.get(path)).json()
        assert (body["bio"], body["address"], body["preferences"]) == ("Now this.", None, {})

    async def test_of_others_is_read_by_moderators_and_replaced_by_nobody(
        self, service: RunningService, ada: Person, bob: Person, admin: Person
    ) -> None:
        await ada.client.put(f"{USERS}/{ada.id}/profile", json=PROFILE)
        assert_problem(await profile_of(bob, ada.id), 404, "USER_NOT_FOUND")
        assert (await profile_of(admin, ada.id)).json()["bio"] == PROFILE["bio"]
        for person in (bob, admin):
            answer = await person.client.put(f"{USERS}/{ada.id}/profile", json={})
            assert_problem(answer, 404, "USER_NOT_FOUND")
        assert (await profile_of(ada, ada.id)).json()["bio"] == PROFILE["bio"]

    async def test_is_made_once_by_those_who_come_together(self, ada: Person) -> None:
        path = f"{USERS}/{ada.id}/profile"
        answers = await asyncio.gather(*(ada.client.put(path, json={"bio": str(number)}) for number in range(8)))
        assert [answer.status_code for answer in answers] == [200] * 8

    async def test_takes_one_statement_more_than_knowing_who_asks(self, ada: Person, statements: Statements) -> None:
        await profile_of(ada, ada.id)  # the account is kept from now on
        with statements() as seen:
            await profile_of(ada, ada.id)
        assert len(seen) == 2


class TestSettings:
    async def test_change_one_by_one(self, ada: Person) -> None:
        before = (await ada.client.get(SETTINGS)).json()
        answer = await ada.client.patch(SETTINGS, json={"timezone": "Europe/Zurich"})
        assert (answer.status_code, answer.json()) == (200, {**before, "timezone": "Europe/Zurich"})
        await ada.client.patch(SETTINGS, json={"email_notifications": False, "default_video_quality": "uhd"})
        after = {**before, "timezone": "Europe/Zurich", "email_notifications": False, "default_video_quality": "uhd"}
        assert (await ada.client.get(SETTINGS)).json() == after

    async def test_leave_the_profile_alone(self, ada: Person) -> None:
        await ada.client.put(f"{USERS}/{ada.id}/profile", json=PROFILE)
        await ada.client.patch(SETTINGS, json={"language": "de"})
        await ada.client.put(f"{USERS}/{ada.id}/profile", json={"bio": "x"})
        assert (await ada.client.get(SETTINGS)).json()["language"] == "de"
        assert (await profile_of(ada, ada.id)).json()["bio"] == "x"


class TestUsername:
    async def test_is_one_persons_alone(self, ada: Person, bob: Person) -> None:
        assert (await ada.client.patch(f"{USERS}/me", json={"username": "Countess"})).json()["username"] == "countess"
        assert_problem(await bob.client.patch(f"{USERS}/me", json={"username": "COUNTESS"}), 409, "ALREADY_EXISTS")
        await ada.client.patch(f"{USERS}/me", json={"username": None})
        assert (await bob.client.patch(f"{USERS}/me", json={"username": "countess"})).status_code == 200

    async def test_is_free_when_its_owner_has_left(self, ada: Person, bob: Person) -> None:
        await ada.client.patch(f"{USERS}/me", json={"username": "countess"})
        await ada.client.delete(f"{USERS}/me")
        assert (await bob.client.patch(f"{USERS}/me", json={"username": "countess"})).status_code == 200

    async def test_finds_whom_one_may_see(self, ada: Person, bob: Person, admin: Person) -> None:
        await ada.client.patch(f"{USERS}/me", json={"username": "countess"})
        path = f"{USERS}/by-username/CountesS"
        for person in (ada, admin):
            assert (await person.client.get(path)).json()["id"] == ada.id
        assert_problem(await bob.client.get(path), 404, "USER_NOT_FOUND")
        assert_problem(await admin.client.get(f"{USERS}/by-username/nobody"), 404, "USER_NOT_FOUND")

    async def test_is_given_when_registering(self, service: RunningService, ada: Person) -> None:
        new = {"email": "new@example.com", "password": PASSWORD, "username": "New-One"}
        visitor = await service.visitor()
        assert (await visitor.post("/api/v1/auth/register", json=new)).json()["username"] == "new-one"
        again = await visitor.post("/api/v1/auth/register", json={**new, "email": "other@example.com"})
        assert_problem(again, 409, "ALREADY_EXISTS")
        assert "username" in again.json()["detail"]


class TestReplace:
    async def test_sets_all(self, ada: Person, admin: Person) -> None:
        answer = await admin.client.put(f"{USERS}/{ada.id}", json=WHOLE, headers=ANY)
        assert answer.status_code == 200, answer.text
        assert {name: answer.json()[name] for name in WHOLE} == WHOLE
        assert (await ada.client.get(f"{USERS}/me")).json() == answer.json()

    @pytest.mark.parametrize("field", WHOLE)
    async def test_needs_all(self, ada: Person, admin: Person, field: str) -> None:
        body = {name: value for name, value in WHOLE.items() if name != field}
        assert_problem(
            await admin.client.put(f"{USERS}/{ada.id}", json=body, headers=ANY),
            422,
            "VALIDATION_ERROR",
            f"/body/{field}",
        )

    async def test_is_for_administrators(self, ada: Person) -> None:
        assert_problem(await ada.client.put(f"{USERS}/{ada.id}", json=WHOLE, headers=ANY), 403, "FORBIDDEN")

    async def test_keeps_the_last_administrator(self, admin: Person) -> None:
        answer = await admin.client.put(f"{USERS}/{admin.id}", json={**WHOLE, "email": "root@example.com"}, headers=ANY)
        assert_problem(answer, 409, "LAST_ADMIN")

    async def test_of_oneself_sets_what_one_may(self, ada: Person) -> None:
        answer = await ada.client.put(f"{USERS}/me", json={"full_name": "Ada King", "username": None}, headers=ANY)
        assert (answer.status_code, answer.json()["full_name"]) == (200, "Ada King")
        for more in ({"role": "admin"}, {"status": "active"}, {"email": "x@example.com"}):
            refused = await ada.client.put(
                f"{USERS}/me", json={"full_name": "X", "username": None, **more}, headers=ANY
            )
            assert_problem(refused, 422, "VALIDATION_ERROR", f"/body/{next(iter(more))}")


class TestSearch:
    async def test_finds_active_users_by_a_part_of_address_or_name_in_any_case(
        self, service: RunningService, admin: Person, ada: Person, bob: Person
    ) -> None:
        await service.person("adalbert@example.com")
        await admin.client.patch(f"{USERS}/{ada.id}", json={"full_name": "Countess of L_velace"})
        await admin.client.patch(f"{USERS}/{bob.id}", json={"full_name": "Bob"})

        async def found(text: str, **query: Any) -> list[str]:
            answer = await admin.client.get(f"{USERS}/search", params={"q": text, "sort_by": "email", **query})
            assert answer.status_code == 200, answer.text
            return [item["email"] for item in answer.json()["items"]]

        assert await found("ADA", sort_order="asc") == [f"{name}@example.com" for name in ("ada", "adalbert", "root")]
        assert await found("l_v") == ["ada@example.com"]
        assert await found("%") == []
        assert await found("ADA", size=1, fields="email") == ["root@example.com"]
        await admin.client.patch(f"{USERS}/{ada.id}", json={"status": "suspended"})
        assert await found("ada@") == []

    async def test_takes_a_text_and_the_permission_to_see_everybody(self, admin: Person, ada: Person) -> None:
        assert_problem(await admin.client.get(f"{USERS}/search"), 422, "VALIDATION_ERROR", "/query/q")
        assert_problem(await admin.client.get(f"{USERS}/search?q="), 422, "VALIDATION_ERROR", "/query/q")
        assert_problem(await ada.client.get(f"{USERS}/search?q=a"), 403, "FORBIDDEN")


class TestWithProfiles:
    async def test_lists_active_users_with_what_they_say_of_themselves(
        self, admin: Person, ada: Person, bob: Person, statements: Statements
    ) -> None:
        await ada.client.put(f"{USERS}/{ada.id}/profile", json=PROFILE)
        await admin.client.patch(f"{USERS}/{bob.id}", json={"status": "inactive"})
        with statements() as seen:
            answer = await admin.client.get(f"{USERS}/with-profiles", params={"sort_by": "email", "sort_order": "asc"})
        assert answer.status_code == 200, answer.text
        assert len(seen) == 3  # who asks, the users, their profiles
        assert answer.json()["total"] == 2
        first, second = answer.json()["items"]
        assert first == (await profile_of(ada, ada.id)).json()
        assert (second["user"]["email"], second["bio"], second["avatar_url"]) == ("root@example.com", None, None)
        assert_problem(await ada.client.get(f"{USERS}/with-profiles"), 403, "FORBIDDEN")

    async def test_goes_on_by_cursor(self, admin: Person, ada: Person) -> None:
        first = (await admin.client.get(f"{USERS}/with-profiles", params={"cursor": "", "size": 1})).json()
        second = await admin.client.get(f"{USERS}/with-profiles", params={"cursor": first["next_cursor"], "size": 1})
        assert [first["items"][0]["user"]["id"], second.json()["items"][0]["user"]["id"]] == [ada.id, admin.id]


class TestNames:
    """What stands beside a number in a path is not taken for one."""

    @pytest.mark.parametrize("name", ["search", "with-profiles"])
    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "POST"])
    async def test_are_answered_with_their_own_methods(self, admin: Person, name: str, method: str) -> None:
        answer = await admin.client.request(method, f"{USERS}/{name}")
        assert_problem(answer, 405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"] == "GET, HEAD"

    async def test_that_are_nothing_are_not_found_and_numbers_are_judged(self, admin: Person) -> None:
        assert_problem(await admin.client.get(f"{USERS}/nothing"), 404, "NOT_FOUND")
        for text in ("-1", "0", "1.0", "01", "9" * 5_000):
            assert_problem(await admin.client.get(f"{USERS}/{text}"), 422, "VALIDATION_ERROR", "/path/user_id")
        assert (await admin.client.get(f"{USERS}/{admin.id}")).status_code == 200
