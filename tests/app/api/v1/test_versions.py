"""Conditional requests on accounts: nobody overwrites what they have not seen, and what is known is not sent again."""

import asyncio
from typing import Any

import pytest

from tests.app.conftest import assert_problem
from tests.conftest import Person, RunningService

pytestmark = pytest.mark.anyio

ME = "/api/v1/users/me"
WHOLE: dict[str, Any] = {"full_name": "Ada King", "username": "ada"}


async def etag(person: Person) -> str:
    answer = await person.client.get(ME)
    return str(answer.headers["etag"])


class TestReading:
    async def test_tells_the_version(self, ada: Person) -> None:
        answer = await ada.client.get(ME)
        assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
        assert answer.headers["cache-control"] == "private, no-cache"

    async def test_is_304_for_who_has_it(self, ada: Person) -> None:
        known = await etag(ada)
        for tags in (known, f"W/{known}", f'"x", {known}', "*"):
            answer = await ada.client.get(ME, headers={"If-None-Match": tags})
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", known)
            assert "content-type" not in answer.headers
        for tags in ('"0"', "nonsense", known.strip('"'), '""'):
            assert (await ada.client.get(ME, headers={"If-None-Match": tags})).status_code == 200

    async def test_is_200_again_after_any_change(self, ada: Person, admin: Person) -> None:
        known = await etag(ada)
        assert (await admin.client.patch(f"/api/v1/users/{ada.id}", json={"full_name": "A."})).status_code == 200
        answer = await ada.client.get(ME, headers={"If-None-Match": known})
        assert (answer.status_code, answer.json()["full_name"]) == (200, "A.")
        assert answer.headers["etag"] != known

    async def test_is_nobody_elses_answer(self, ada: Person, bob: Person) -> None:
        answer = await bob.client.get(f"/api/v1/users/{ada.id}", headers={"If-None-Match": "*"})
        assert_problem(answer, 404, "USER_NOT_FOUND")

    async def test_of_an_analysis_has_a_weak_tag(self, ada: Person) -> None:
        new = {"text_content": "Good.", "analysis_type": "sentiment"}
        path = (await ada.client.post("/api/v1/analyses", json=new)).headers["location"]
        known = (await ada.client.get(path)).headers["etag"]
        assert known.startswith('W/"')
        assert (await ada.client.get(path, headers={"If-None-Match": known})).status_code == 304


class TestChanging:
    @pytest.mark.parametrize("method", ["PATCH", "PUT"])
    async def test_what_one_has_seen_tells_the_next_version(self, ada: Person, method: str) -> None:
        known = await etag(ada)
        answer = await ada.client.request(method, ME, json=WHOLE, headers={"If-Match": f'"99", {known}'})
        assert answer.status_code == 200, answer.text
        assert answer.headers["etag"] == await etag(ada) != known

    @pytest.mark.parametrize("method", ["PATCH", "PUT"])
    async def test_what_was_changed_since_is_412(self, ada: Person, method: str) -> None:
        known = await etag(ada)
        await ada.client.patch(ME, json={"full_name": "First"})
        for tags in (known, f"W/{await etag(ada)}", '"x"'):
            answer = await ada.client.request(method, ME, json=WHOLE, headers={"If-Match": tags})
            assert_problem(answer, 412, "PRECONDITION_FAILED")
        assert (await ada.client.get(ME)).json()["full_name"] == "First"

    async def test_the_whole_takes_a_condition(self, ada: Person, admin: Person) -> None:
        whole = {**WHOLE, "email": "ada@example.com", "role": "user", "status": "active"}
        for answer in (
            await ada.client.put(ME, json=WHOLE),
            await admin.client.put(f"/api/v1/users/{ada.id}", json=whole),
        ):
            assert_problem(answer, 428, "PRECONDITION_REQUIRED")
        assert (await ada.client.put(ME, json=WHOLE, headers={"If-Match": "*"})).status_code == 200

    @pytest.mark.parametrize("tags", ["7", "", '"7', '"7" "8"', '"7",', 'w/"7"'])
    async def test_what_is_no_tag_is_refused(self, ada: Person, tags: str) -> None:
        answer = await ada.client.patch(ME, json={"full_name": "X"}, headers={"If-Match": tags})
        assert_problem(answer, 422, "VALIDATION_ERROR", "/header/If-Match")

    async def test_deleting_may_have_one(self, ada: Person, admin: Person) -> None:
        path, known = f"/api/v1/users/{ada.id}", await etag(ada)
        await ada.client.patch(ME, json={"full_name": "First"})
        assert_problem(await admin.client.delete(path, headers={"If-Match": known}), 412, "PRECONDITION_FAILED")
        assert (await admin.client.delete(path, headers={"If-Match": await etag(ada)})).status_code == 204

    async def test_of_many_at_once_one_wins_and_nothing_is_lost(self, ada: Person) -> None:
        known = await etag(ada)
        names = [f"Name {number}" for number in range(12)]
        answers = await asyncio.gather(
            *(ada.client.patch(ME, json={"full_name": name}, headers={"If-Match": known}) for name in names)
        )
        assert sorted(answer.status_code for answer in answers) == [200, *[412] * 11]
        [won] = [name for name, answer in zip(names, answers, strict=True) if answer.status_code == 200]
        assert (await ada.client.get(ME)).json()["full_name"] == won

    async def test_who_reads_and_tries_again_loses_nothing(self, service: RunningService, ada: Person) -> None:
        async def append(sign: str) -> None:
            while True:
                seen = await ada.client.get(ME)
                name = {"full_name": f"{seen.json()['full_name']}{sign}"}
                answer = await ada.client.patch(ME, json=name, headers={"If-Match": seen.headers["etag"]})
                if answer.status_code == 200:
                    return

        before = (await ada.client.get(ME)).json()
        await asyncio.gather(*map(append, "abcdefgh"))
        after = (await ada.client.get(ME)).json()
        assert sorted(after["full_name"].removeprefix(before["full_name"])) == list("abcdefgh")
        assert after["version"] == before["version"] + 8
