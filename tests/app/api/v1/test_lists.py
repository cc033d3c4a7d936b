"""What every list over HTTP has in common."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest

from app.core.enums import AnalysisType, UserRole, UserStatus
from app.schemas.analyses import AnalysisCreate, AnalysisSort
from app.schemas.users import UserSort, UserUpdateMe
from tests.app.conftest import Statements, add_user, assert_problem, principal_of
from tests.conftest import Person, RunningService

pytestmark = pytest.mark.anyio

TOTAL = 7
TEXTS = ["Good.", "Bad!", "Great, great.", "Awful.", "A table.", "Good.", "I love it."]
SORTS = {"users": [sort.value for sort in UserSort], "analyses": [sort.value for sort in AnalysisSort]}


@dataclass(frozen=True)
class Listing:
    """A list of `TOTAL` items, and a client who may read it."""

    path: str
    client: httpx2.AsyncClient
    ids: Sequence[int]

    async def get(self, **query: Any) -> httpx2.Response:
        return await self.client.get(self.path, params=query)


@pytest.fixture(params=["users", "analyses"])
async def listing(request: pytest.FixtureRequest, service: RunningService, admin: Person) -> Listing:
    path = f"/api/v1/{request.param}"
    if request.param == "analyses":
        mine = principal_of(admin.user)
        news = [AnalysisCreate(text_content=text, analysis_type=AnalysisType.SENTIMENT) for text in TEXTS]
        ids = [(await service.services.analyses.create_analysis(mine, new)).id for new in news]
        return Listing(path, admin.client, ids)
    people = [
        await add_user(
            service.services,
            f"{letter}@example.com",
            list(UserRole)[number % 3],
            status=list(UserStatus)[number % 4],
            full_name=f"name {number % 2}",
        )
        for number, letter in enumerate("febdca")
    ]
    await service.services.users.update_user(admin.id, UserUpdateMe(full_name="name 2"))
    return Listing(path, admin.client, [admin.id, *(person.id for person in people)])


def ids_of(answer: httpx2.Response) -> list[int]:
    return [item["id"] for item in answer.json()["items"]]


def link_header(answer: httpx2.Response) -> dict[str, str]:
    found = re.findall(r'<([^>]*)>; rel="(first|prev|next|last)"', answer.headers["link"])
    return {name: target for target, name in found}


class TestPage:
    async def test_is_the_newest_twenty_unless_asked_otherwise(self, listing: Listing) -> None:
        answer = await listing.get()
        assert answer.status_code == 200
        assert ids_of(answer) == list(reversed(listing.ids))
        body = answer.json()
        assert {name: body[name] for name in body.keys() - {"items", "links"}} == {
            "page": 1, "size": 20, "total": TOTAL, "pages": 1, "has_next": False, "has_prev": False,
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("page", "size", "length", "pages", "has_prev", "has_next"),
        [
            (1, 3, 3, 3, False, True),
            (2, 3, 3, 3, True, True),
            (3, 3, 1, 3, True, False),
            (4, 3, 0, 3, True, False),
            (1, 7, 7, 1, False, False),
            (1, 100, 7, 1, False, False),
            (7, 1, 1, 7, True, False),
            (10_000_000, 100, 0, 1, True, False),
        ],
    )
    async def test_tells_where_it_stands(
        self, listing: Listing, page: int, size: int, length: int, pages: int, *, has_prev: bool, has_next: bool
    ) -> None:
        answer = await listing.get(page=page, size=size)
        body = answer.json()
        assert (len(body["items"]), body["total"], body["pages"]) == (length, TOTAL, pages)
        assert (body["has_prev"], body["has_next"]) == (has_prev, has_next)
        assert (answer.headers["x-total-count"], answer.headers["x-page-count"]) == (str(TOTAL), str(pages))

    @pytest.mark.parametrize("size", [1, 2, 3, 7])
    async def test_leads_through_the_whole_list_and_back(self, listing: Listing, size: int) -> None:
        forth: list[int] = []
        back: list[int] = []
        answer = await listing.get(size=size)
        while True:
            forth += ids_of(answer)
            if answer.json()["links"]["next"] is None:
                break
            answer = await listing.client.get(answer.json()["links"]["next"])
        while True:
            back = ids_of(answer) + back
            if answer.json()["links"]["prev"] is None:
                break
            answer = await listing.client.get(answer.json()["links"]["prev"])
        assert forth == back == list(reversed(listing.ids))

    async def test_links_to_itself_the_first_and_the_last(self, listing: Listing) -> None:
        answer = await listing.get(page=2, size=3, sort_by="id", sort_order="asc")
        links = answer.json()["links"]
        assert ids_of(await listing.client.get(links["self"])) == ids_of(answer)
        assert ids_of(await listing.client.get(links["first"])) == list(listing.ids[:3])
        assert ids_of(await listing.client.get(links["last"])) == list(listing.ids[6:])

    @pytest.mark.parametrize("page", [1, 2, 3])
    async def test_has_the_same_links_in_its_header(self, listing: Listing, page: int) -> None:
        answer = await listing.get(page=page, size=3)
        links = {name: target for name, target in answer.json()["links"].items() if target and name != "self"}
        assert link_header(answer) == links

    @pytest.mark.parametrize("page", [4, 5, 99])
    async def test_past_the_end_leads_back_to_the_last(self, listing: Listing, page: int) -> None:
        links = (await listing.get(page=page, size=3)).json()["links"]
        assert links["prev"] == links["last"]
        assert len(ids_of(await listing.client.get(links["prev"]))) == 1

    async def test_takes_two_statements(self, listing: Listing, statements: Statements) -> None:
        with statements() as seen:
            answer = await listing.get(page=2, size=3, sort_by="status")
        assert answer.status_code == 200
        assert len(seen) <= 2, seen


class TestSort:
    @pytest.mark.parametrize("descending", [True, False])
    @pytest.mark.parametrize(
        ("listing", "field"),
        [(name, field) for name, fields in SORTS.items() for field in fields],
        indirect=["listing"],
    )
    async def test_orders_by_each_field_and_the_number_breaks_ties(
        self, listing: Listing, field: str, *, descending: bool
    ) -> None:
        answers = [
            await listing.get(sort_by=field, sort_order="desc" if descending else "asc", size=4, page=page)
            for page in (1, 2)
        ]
        items = [item for answer in answers for item in answer.json()["items"]]
        assert len(items) == TOTAL
        assert items == sorted(items, key=lambda item: (item[field], item["id"]), reverse=descending)

    @pytest.mark.parametrize("field", ["hashed_password", "owner_id", "text_content", "nope", "id desc", ""])
    async def test_refuses_every_other_field(self, listing: Listing, field: str) -> None:
        assert_problem(await listing.get(sort_by=field), 422, "VALIDATION_ERROR", "/query/sort_by")

    @pytest.mark.parametrize("order", ["up", "DESC", ""])
    async def test_refuses_every_other_direction(self, listing: Listing, order: str) -> None:
        assert_problem(await listing.get(sort_order=order), 422, "VALIDATION_ERROR", "/query/sort_order")


class TestQuery:
    @pytest.mark.parametrize(
        ("query", "pointer"),
        [
            ("page=0", "/query/page"),
            ("page=-1", "/query/page"),
            ("page=x", "/query/page"),
            ("page=10000001", "/query/page"),
            ("size=0", "/query/size"),
            ("size=101", "/query/size"),
            ("size=1.5", "/query/size"),
            ("status=gone", "/query/status"),
            ("limit=5", "/query/limit"),
            ("offset=5", "/query/offset"),
            ("Page=1", "/query/Page"),
            ("page=1&page=2", "/query/page"),
            ("size=5&size=5", "/query/size"),
        ],
    )
    async def test_that_is_unknown_repeated_or_out_of_bounds_is_refused(
        self, listing: Listing, query: str, pointer: str
    ) -> None:
        assert_problem(await listing.client.get(f"{listing.path}?{query}"), 422, "VALIDATION_ERROR", pointer)

    async def test_names_every_fault(self, listing: Listing) -> None:
        answer = await listing.get(page=0, size=0, sort_by="x")
        assert_problem(answer, 422, "VALIDATION_ERROR", "/query/size", "/query/page", "/query/sort_by")

    async def test_is_kept_in_the_links(self, listing: Listing) -> None:
        links = (await listing.get(size=2, sort_by="status", sort_order="asc")).json()["links"]
        for target in (links["first"], links["next"], links["last"]):
            assert {"size=2", "sort_by=status", "sort_order=asc"} < set(target.partition("?")[2].split("&"))


class TestMethods:
    async def test_the_slashed_twin_answers_alike(self, listing: Listing) -> None:
        twin = await listing.client.get(f"{listing.path}/", params={"size": 2})
        assert (twin.status_code, twin.json()) == (200, (await listing.get(size=2)).json())

    async def test_head_has_the_headers_and_no_body(self, listing: Listing) -> None:
        head, get = await listing.client.head(listing.path, params={"size": 2}), await listing.get(size=2)
        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-type", "x-total-count", "x-page-count", "link"):
            assert head.headers[name] == get.headers[name]

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    async def test_others_are_not_allowed(self, listing: Listing, method: str) -> None:
        assert_problem(await listing.client.request(method, listing.path), 405, "METHOD_NOT_ALLOWED")

    async def test_others_are_told_all_that_are_allowed(self, listing: Listing) -> None:
        answer = await listing.client.delete(listing.path)
        assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "POST"}

    async def test_strangers_get_nothing(self, listing: Listing, visitor: httpx2.AsyncClient) -> None:
        answer = await visitor.get(listing.path)
        assert_problem(answer, 401, "UNAUTHENTICATED")
        assert answer.headers["www-authenticate"] == "Bearer"
