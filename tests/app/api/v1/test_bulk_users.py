"""Many accounts in one request, over HTTP."""

import asyncio
from typing import Any

import httpx2
import pytest

from app.core.enums import UserRole
from app.schemas.users import MAX_MADE
from lintel.api import MAX_BULK
from tests.app.conftest import Statements, assert_problem
from tests.conftest import PASSWORD, Person, RunningService

pytestmark = pytest.mark.anyio

USERS = "/api/v1/users"
BULK = f"{USERS}/bulk"
NOBODY = 4_711
ITEMS: dict[str, Any] = {"items": [{}]}
ATOMIC = {"atomic": "true"}


def account(name: str, **values: Any) -> dict[str, Any]:
    return {"email": f"{name}@example.com", "password": PASSWORD, **values}


async def create(person: Person, *items: object, **options: Any) -> httpx2.Response:
    return await person.client.post(BULK, json={"items": items}, **options)


async def update(person: Person, *items: object, **options: Any) -> httpx2.Response:
    return await person.client.patch(BULK, json={"items": items}, **options)


async def delete(person: Person, *ids: int, **params: Any) -> httpx2.Response:
    return await person.client.delete(BULK, params={"ids": ",".join(map(str, ids)), **params})


def outcomes(answer: httpx2.Response) -> list[tuple[int, int, str | None]]:
    """Index, status and error code of each item."""
    assert answer.status_code == 207, answer.text
    body = answer.json()
    failed = sum(item["problem"] is not None for item in body["items"])
    assert (body["failed"], body["succeeded"]) == (failed, len(body["items"]) - failed)
    return [(i["index"], i["status"], i["problem"] and i["problem"]["error_code"]) for i in body["items"]]


async def emails(admin: Person) -> set[str]:
    answer = await admin.client.get(USERS, params={"size": 100})
    return {user["email"] for user in answer.json()["items"]}


async def actions(admin: Person, user_id: int) -> list[str]:
    answer = await admin.client.get("/api/v1/audit", params={"user_id": user_id, "sort_order": "asc"})
    return [entry["action"] for entry in answer.json()["items"]]


class TestEveryOperation:
    @pytest.mark.parametrize("method", ["POST", "PATCH", "DELETE"])
    async def test_is_for_administrators(self, service: RunningService, ada: Person, method: str) -> None:
        moderator = await service.person("moderator@example.com", UserRole.MODERATOR)
        for person in (ada, moderator):
            params = {"ids": "1"} if method == "DELETE" else {}
            answer = await person.client.request(method, BULK, params=params, json=ITEMS)
            assert_problem(answer, 403, "FORBIDDEN")

    async def test_that_reads_is_none(self, admin: Person) -> None:
        assert_problem(await admin.client.get(BULK), 405, "METHOD_NOT_ALLOWED")


class TestCreate:
    async def test_answers_item_by_item_in_their_order(self, admin: Person, ada: Person) -> None:
        answer = await create(
            admin,
            account("zoe", role="moderator"),
            account("new", email="no address"),
            account("ada"),
            account("zoe"),
            7,
            account("bea", hashed_password="x"),
            account("cleo", full_name="Cleo"),
        )
        assert outcomes(answer) == [
            (0, 201, None),
            (1, 422, "VALIDATION_ERROR"),
            (2, 409, "ALREADY_EXISTS"),
            (3, 409, "ALREADY_EXISTS"),
            (4, 422, "VALIDATION_ERROR"),
            (5, 422, "VALIDATION_ERROR"),
            (6, 201, None),
        ]
        first, *_, last = answer.json()["items"]
        assert (first["item"]["email"], first["item"]["role"]) == ("zoe@example.com", "moderator")
        assert last["item"] == (await admin.client.get(f"{USERS}/{last['id']}")).json()
        assert await emails(admin) == {f"{name}@example.com" for name in ("root", "ada", "zoe", "cleo")}

    async def test_says_of_a_failing_item_what_would_be_said_of_it_alone(self, admin: Person, ada: Person) -> None:
        answer = await create(admin, account("ada"), account("beatrix", password="Beatrix12"))
        duplicate, made_of_names = (item["problem"] for item in answer.json()["items"])
        alone = (await admin.client.post(USERS, json=account("ada"))).json()
        assert duplicate == {name: alone[name] for name in duplicate}
        assert [error["pointer"] for error in made_of_names["errors"]] == ["/body/items/1/password"]
        assert made_of_names["detail"].startswith("/body/items/1/password: ")

    async def test_repeats_nothing_that_was_sent(self, admin: Person) -> None:
        answer = await create(admin, account("a", email="canary", password="canary-1", canary="canary"), "canary")
        assert outcomes(answer) == [(0, 422, "VALIDATION_ERROR"), (1, 422, "VALIDATION_ERROR")]
        assert answer.text.replace("/canary", "").count("canary") == 0

    async def test_makes_accounts_that_can_be_signed_in_to(self, admin: Person, visitor: httpx2.AsyncClient) -> None:
        await create(admin, account("zoe"))
        form = {"username": "zoe@example.com", "password": PASSWORD}
        assert (await visitor.post("/api/v1/auth/login", data=form)).status_code == 200

    async def test_notes_each_in_the_audit_log(self, admin: Person) -> None:
        answer = await create(admin, account("zoe"), account("cleo"), account("cleo"))
        for item in answer.json()["items"][:2]:
            assert await actions(admin, item["id"]) == ["user.created"]

    @pytest.mark.parametrize("count", [0, MAX_MADE + 1])
    async def test_takes_some_and_not_too_many(self, admin: Person, count: int) -> None:
        answer = await create(admin, *(account(f"user{number}") for number in range(count)))
        assert_problem(answer, 422, "VALIDATION_ERROR", "/body/items")
        assert await emails(admin) == {"root@example.com"}

    async def test_takes_as_many_as_it_says(self, admin: Person) -> None:
        answer = await create(admin, *(account(f"user{number}") for number in range(MAX_MADE)))
        assert {status for _, status, _ in outcomes(answer)} == {201}

    async def test_all_or_nothing_makes_all(self, admin: Person) -> None:
        answer = await create(admin, account("zoe"), account("cleo"), params=ATOMIC)
        assert outcomes(answer) == [(0, 201, None), (1, 201, None)]

    @pytest.mark.parametrize(
        ("bad", "pointer"),
        [
            (account("ada"), "/body/items/1"),
            (account("new", email="no address"), "/body/items/1/email"),
            (account("beatrix", password="Beatrix12"), "/body/items/1/password"),
        ],
    )
    async def test_all_or_nothing_makes_none_and_names_what_failed(
        self, admin: Person, ada: Person, bad: dict[str, Any], pointer: str
    ) -> None:
        answer = await create(admin, account("zoe"), bad, account("cleo"), params=ATOMIC)
        assert_problem(answer, 422, "ITEMS_REFUSED", pointer)
        assert await emails(admin) == {"root@example.com", "ada@example.com"}

    async def test_all_or_nothing_names_everything_that_failed(self, admin: Person, ada: Person) -> None:
        answer = await create(admin, account("ada"), account("zoe"), account("zoe"), params=ATOMIC)
        assert_problem(answer, 422, "ITEMS_REFUSED", "/body/items/0", "/body/items/2")

    async def test_with_a_key_is_done_once(self, admin: Person) -> None:
        key = {"Idempotency-Key": "import-1"}
        first = await create(admin, account("zoe"), account("zoe"), headers=key)
        again = await create(admin, account("zoe"), account("zoe"), headers=key)
        assert outcomes(first) == [(0, 201, None), (1, 409, "ALREADY_EXISTS")]
        assert (again.status_code, again.content) == (207, first.content)
        assert again.headers["idempotency-replayed"] == "true"

    async def test_that_was_refused_as_a_whole_leaves_its_key_unused(self, admin: Person) -> None:
        sent: dict[str, Any] = {"headers": {"Idempotency-Key": "import-2"}, "params": ATOMIC}
        assert_problem(
            await create(admin, account("root"), account("zoe"), **sent), 422, "ITEMS_REFUSED", "/body/items/0"
        )
        assert outcomes(await create(admin, account("zoe"), **sent)) == [(0, 201, None)]


class TestUpdate:
    async def test_answers_item_by_item_in_their_order(self, admin: Person, ada: Person, bob: Person) -> None:
        answer = await update(
            admin,
            {"id": bob.id, "version": 1, "changes": {"full_name": "Bob"}},
            {"id": NOBODY, "changes": {"full_name": "Nobody"}},
            {"id": ada.id, "changes": {"email": "bob@example.com"}},
            {"id": admin.id, "changes": {"email": "other@example.com"}},
            {"id": 5, "changes": {}},
            {"id": "x", "changes": {"full_name": "X"}},
        )
        assert outcomes(answer) == [
            (0, 200, None),
            (1, 404, "USER_NOT_FOUND"),
            (2, 409, "ALREADY_EXISTS"),
            (3, 403, "OWN_EMAIL"),
            (4, 422, "VALIDATION_ERROR"),
            (5, 422, "VALIDATION_ERROR"),
        ]
        items = answer.json()["items"]
        assert [item["id"] for item in items] == [bob.id, NOBODY, ada.id, admin.id, None, None]
        assert items[0]["item"] == (await admin.client.get(f"{USERS}/{bob.id}")).json()
        assert (await admin.client.get(f"{USERS}/{ada.id}")).json()["version"] == 1

    async def test_an_item_that_names_a_version_changes_no_other(self, admin: Person, ada: Person, bob: Person) -> None:
        answer = await update(
            admin,
            {"id": ada.id, "version": 7, "changes": {"full_name": "Ada"}},
            {"id": bob.id, "version": 1, "changes": {"full_name": "Bob"}},
        )
        assert outcomes(answer) == [(0, 412, "PRECONDITION_FAILED"), (1, 200, None)]
        assert answer.json()["items"][1]["item"]["version"] == 2

    async def test_ends_sessions_where_one_alone_would(self, admin: Person, ada: Person, bob: Person) -> None:
        await update(
            admin,
            {"id": ada.id, "changes": {"role": "moderator"}},
            {"id": bob.id, "changes": {"full_name": "Bob"}},
        )
        assert (await ada.client.get(f"{USERS}/me")).status_code == 401
        assert (await bob.client.get(f"{USERS}/me")).json()["full_name"] == "Bob"

    async def test_leaves_no_trace_of_an_item_that_failed(self, admin: Person, ada: Person, bob: Person) -> None:
        answer = await update(
            admin,
            {"id": ada.id, "changes": {"role": "moderator", "email": "bob@example.com"}},
            {"id": bob.id, "changes": {"status": "suspended"}},
        )
        assert outcomes(answer) == [(0, 409, "ALREADY_EXISTS"), (1, 200, None)]
        assert (await ada.client.get(f"{USERS}/me")).json()["role"] == "user"
        assert "user.role_changed" not in await actions(admin, ada.id)
        assert "user.deactivated" in await actions(admin, bob.id)

    async def test_all_or_nothing_changes_none(self, admin: Person, ada: Person, bob: Person) -> None:
        answer = await update(
            admin,
            {"id": ada.id, "changes": {"status": "suspended"}},
            {"id": NOBODY, "changes": {"status": "suspended"}},
            params=ATOMIC,
        )
        assert_problem(answer, 422, "ITEMS_REFUSED", "/body/items/1")
        assert answer.json()["errors"][0]["code"] == "user_not_found"
        assert (await ada.client.get(f"{USERS}/me")).json()["version"] == 1
        assert "user.deactivated" not in await actions(admin, ada.id)

    async def test_names_the_address_that_the_policy_refuses(self, service: RunningService, admin: Person) -> None:
        answer = await update(admin, {"id": admin.id, "changes": {"email": "nothing"}})
        [item] = answer.json()["items"]
        assert [error["pointer"] for error in item["problem"]["errors"]] == ["/body/items/0/changes/email"]

    async def test_changes_nobody_twice(self, admin: Person, ada: Person) -> None:
        change = {"id": ada.id, "changes": {"full_name": "Ada"}}
        assert_problem(await update(admin, change, change), 422, "VALIDATION_ERROR", "/body")

    async def test_takes_so_many(self, admin: Person) -> None:
        changes = [{"id": NOBODY + number, "changes": {"full_name": "X"}} for number in range(MAX_BULK + 1)]
        assert_problem(await update(admin, *changes), 422, "VALIDATION_ERROR", "/body/items")
        assert len(outcomes(await update(admin, *changes[1:]))) == MAX_BULK

    async def test_the_last_administrator_stays(self, service: RunningService, admin: Person) -> None:
        other = await service.person("second@example.com", UserRole.ADMIN)
        demoted = [{"id": person.id, "changes": {"role": "user"}} for person in (other, admin)]
        assert outcomes(await update(admin, *demoted)) == [(0, 200, None), (1, 409, "LAST_ADMIN")]

    async def test_an_heir_may_come_first(self, admin: Person, ada: Person) -> None:
        answer = await update(
            admin,
            {"id": ada.id, "changes": {"role": "admin"}},
            {"id": admin.id, "changes": {"role": "user"}},
        )
        assert outcomes(answer) == [(0, 200, None), (1, 200, None)]

    async def test_is_seen_at_once_by_who_had_it_cached(self, admin: Person, ada: Person) -> None:
        assert (await admin.client.get(f"{USERS}/{ada.id}")).json()["full_name"] == "Ada Lovelace"
        await update(admin, {"id": ada.id, "changes": {"full_name": "Ada King"}})
        assert (await admin.client.get(f"{USERS}/{ada.id}")).json()["full_name"] == "Ada King"

    async def test_takes_so_many_statements(self, admin: Person, ada: Person, statements: Statements) -> None:
        with statements() as seen:
            await update(admin, {"id": ada.id, "changes": {"full_name": "Ada"}})
        assert len(seen) <= 10


class TestDelete:
    async def test_answers_item_by_item_in_their_order(self, admin: Person, ada: Person, bob: Person) -> None:
        answer = await delete(admin, bob.id, NOBODY, ada.id)
        assert outcomes(answer) == [(0, 204, None), (1, 404, "USER_NOT_FOUND"), (2, 204, None)]
        assert [item["id"] for item in answer.json()["items"]] == [bob.id, NOBODY, ada.id]
        assert (await ada.client.get(f"{USERS}/me")).status_code == 401
        assert (await actions(admin, ada.id))[-1] == "user.deleted"

    async def test_again_finds_nobody(self, admin: Person, ada: Person) -> None:
        await delete(admin, ada.id)
        assert outcomes(await delete(admin, ada.id)) == [(0, 404, "USER_NOT_FOUND")]

    async def test_all_or_nothing_deletes_none(self, admin: Person, ada: Person) -> None:
        answer = await delete(admin, ada.id, NOBODY, **ATOMIC)
        assert_problem(answer, 422, "ITEMS_REFUSED", "/query/ids/1")
        assert (await ada.client.get(f"{USERS}/me")).status_code == 200

    async def test_the_last_administrator_stays(self, service: RunningService, admin: Person, ada: Person) -> None:
        other = await service.person("second@example.com", UserRole.ADMIN)
        answer = await delete(admin, other.id, ada.id, admin.id)
        assert outcomes(answer) == [(0, 204, None), (1, 204, None), (2, 409, "LAST_ADMIN")]

    @pytest.mark.parametrize("ids", ["", "0", "-1", "1,", ",1", "a", "1,1", "01", "1.0", str(2**63), "1 ,2"])
    async def test_takes_numbers_that_are_plainly_written(self, admin: Person, ids: str) -> None:
        answer = await admin.client.delete(BULK, params={"ids": ids})
        assert_problem(answer, 422, "VALIDATION_ERROR", "/query/ids")

    async def test_takes_so_many(self, admin: Person) -> None:
        ids = range(NOBODY, NOBODY + MAX_BULK + 1)
        assert_problem(await delete(admin, *ids), 422, "VALIDATION_ERROR", "/query/ids")
        assert len(outcomes(await delete(admin, *ids[1:]))) == MAX_BULK


class TestAtTheSameTime:
    async def test_two_updates_of_the_same_users_in_other_orders_both_end(
        self, service: RunningService, admin: Person
    ) -> None:
        people = [await service.person(f"user{number}@example.com") for number in range(8)]
        named = [{"id": person.id, "changes": {"full_name": "One"}} for person in people]
        promoted = [{"id": person.id, "changes": {"role": "moderator"}} for person in reversed(people)]
        for answer in await asyncio.gather(update(admin, *named), update(admin, *promoted)):
            assert {status for _, status, _ in outcomes(answer)} == {200}
        for person in people:
            user = (await admin.client.get(f"{USERS}/{person.id}")).json()
            assert (user["full_name"], user["role"], user["version"]) == ("One", "moderator", 3)

    async def test_of_two_who_have_seen_the_same_version_one_changes_it(self, admin: Person, ada: Person) -> None:
        ends = await asyncio.gather(
            *(update(admin, {"id": ada.id, "version": 1, "changes": {"full_name": name}}) for name in ("One", "Two"))
        )
        assert sorted(outcomes(end)[0][1] for end in ends) == [200, 412]

    async def test_an_administrator_is_left_when_each_removes_all(self, service: RunningService, admin: Person) -> None:
        admins = [admin, *[await service.person(f"admin{n}@example.com", UserRole.ADMIN) for n in range(3)]]
        demoted = [{"id": person.id, "changes": {"role": "user"}} for person in admins]
        await asyncio.gather(
            update(admins[0], *demoted),
            update(admins[1], *reversed(demoted)),
            delete(admins[2], *(person.id for person in admins)),
            update(admins[3], *demoted, params=ATOMIC),
        )
        newcomer = await service.person("newcomer@example.com", UserRole.ADMIN)
        answer = await newcomer.client.get(USERS, params={"role": "admin", "status": "active"})
        assert answer.json()["total"] == 2

    async def test_two_who_make_the_same_accounts_make_each_once(self, admin: Person) -> None:
        names = [f"user{number}" for number in range(6)]
        ends = await asyncio.gather(create(admin, *map(account, names)), create(admin, *map(account, reversed(names))))
        assert sorted(status for end in ends for _, status, _ in outcomes(end)) == [201] * 6 + [409] * 6
