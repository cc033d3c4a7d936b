"""acceptance.md: names, addresses and searches in every spelling (rows 33, 35, 38), on both databases."""

from typing import Any
from urllib.parse import quote_from_bytes

import pytest

from tests.acceptance.conftest import Oracle
from tests.acceptance.operations import operations
from tests.conftest import PASSWORD, Person
from tests.guards import cpu_guard

pytestmark = pytest.mark.anyio

REGISTER = "/api/v1/auth/register"
CPU_SECONDS = 0.5
"""Ten times the promise: a guard against hanging."""
UNSEEN = ["\u200b", "\u2060", "\ufeff", "\u00ad", "\u202e", "\u2066", "\u200e", "\u034f", "\u3164"]


async def register(oracle: Oracle, email: str, expected: set[int], **fields: Any) -> dict[str, Any]:
    body = {"email": email, "password": PASSWORD, **fields}
    made: dict[str, Any] = (await oracle.send_json("POST", REGISTER, body, expected=expected)).json()
    return made


async def found(oracle: Oracle, person: Person, search: str) -> set[str]:
    """The addresses of everybody whom a search finds."""
    with cpu_guard(CPU_SECONDS):
        query = b"size=100&search=" + quote_from_bytes(search.encode()).encode()
        headers = {"host": "localhost", "authorization": f"Bearer {person.token}"}
        answer = await oracle.request("GET", "/api/v1/users", headers=headers, query=query, expected={200})
    return {user["email"] for user in answer.json()["items"]}


class TestNames:
    """Row 33."""

    @pytest.mark.parametrize(
        ("typed", "stored"),
        [("Zoe\u0308", "Zoë"), ("\u1112\u1161\u11ab", "한"), ("\u212bsa", "Åsa"), ("  Zelda\u3000", "Zelda")],
    )
    async def test_are_stored_in_one_form(self, oracle: Oracle, admin: Person, typed: str, stored: str) -> None:
        made = await register(oracle, "one@example.com", {201}, full_name=typed)
        assert made["full_name"] == made["name"] == stored
        assert await found(oracle, admin, typed) == await found(oracle, admin, stored) == {"one@example.com"}

    @pytest.mark.parametrize("sign", UNSEEN, ids=ascii)
    async def test_have_no_character_that_cannot_be_seen(self, oracle: Oracle, sign: str) -> None:
        for name in (f"A{sign}da", f"{sign}Ada", f"Ada{sign}"):
            await register(oracle, "one@example.com", {422}, full_name=name)

    async def test_are_as_long_as_the_database_counts(self, oracle: Oracle) -> None:
        """In code points of the stored form: neither bytes, nor UTF-16 units, nor what was typed."""
        for number, sign in enumerate(["é", "e\u0301", "😀", "한", "\u1112\u1161\u11ab"]):
            await register(oracle, f"n{number}@example.com", {201}, full_name=sign * 100)
            await register(oracle, f"m{number}@example.com", {422}, full_name=sign * 101)

    async def test_in_scripts_that_need_joiners_are_kept(self, oracle: Oracle) -> None:
        name = "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627"
        assert (await register(oracle, "one@example.com", {201}, full_name=name))["full_name"] == name


class TestAddresses:
    """Row 33, and row 34 for what is equal."""

    @pytest.mark.parametrize(
        ("first", "second"),
        [
            ("a@x.com", "A@X.com"),
            ("zoé@example.com", "zoe\u0301@example.com"),
            ("zoé@example.com", "ZOÉ@EXAMPLE.COM"),
            ("ada@exämple.com", "ada@xn--exmple-cua.com"),
            ("ada@example.com", "ada@\uff45xample\u3002com"),
            ("kate@example.com", "\u212aate@example.com"),
        ],
        ids=ascii,
    )
    async def test_written_in_two_ways_are_one_account(self, oracle: Oracle, first: str, second: str) -> None:
        made = await register(oracle, first, {201})
        await register(oracle, second, {409})
        for written in (first, second):
            body = {"username": written, "password": PASSWORD}
            visitor = await oracle.service.visitor()
            assert (await visitor.post("/api/v1/auth/login", data=body)).status_code == 200
        assert made["email"] == first.lower()

    @pytest.mark.parametrize(
        "local", ["\uff41da", "\ufb01", "a\u034fda", "e\ufe0f", *(f"a{sign}b" for sign in UNSEEN)], ids=ascii
    )
    async def test_that_only_look_like_others_are_refused(self, oracle: Oracle, local: str) -> None:
        await register(oracle, f"{local}@example.com", {422})


class TestTexts:
    async def test_are_stored_composed_so_that_offsets_mean_one_thing(self, oracle: Oracle, ada: Person) -> None:
        body = {"text_content": "Cafe\u0301 was lovely.", "analysis_type": "sentiment"}
        made = (await oracle.send_json("POST", "/api/v1/analyses", body, token=ada.token, expected={201})).json()
        assert made["text_content"] == "Café was lovely."
        evidence = made["result"]["sentences"][0]["evidence"][0]
        assert made["text_content"][evidence["start"] : evidence["end"]] == evidence["text"] == "lovely"

    async def test_with_mountains_of_marks_are_refused_at_once(self, oracle: Oracle, ada: Person) -> None:
        with cpu_guard(CPU_SECONDS * 2):
            for text in ("a" + "\u0301" * 4_900 + "\u0316" * 4_900, "\u0301" * 80_000 + "\u0316" * 80_000):
                body = {"text_content": text, "analysis_type": "sentiment"}
                await oracle.send_json("POST", "/api/v1/analyses", body, token=ada.token, expected={422})


class TestSearch:
    """Row 35."""

    NAMES = ("100%", "a_b", "a\\b", "a/b", ".*", "(a|b)+$", "[a-z]", "O'Neil", '"quoted"', "--;", "plain")

    @pytest.fixture
    async def named(self, oracle: Oracle, admin: Person) -> dict[str, str]:
        """People with such names, their addresses by name."""
        people = {name: f"p{number}@other.org" for number, name in enumerate(self.NAMES)}
        for name, email in people.items():
            await register(oracle, email, {201}, full_name=name)
        return people

    @pytest.mark.parametrize(
        "sign", ["%", "_", "\\", "/", ".*", "(a|b)+$", "[a-z]", "'", '"', "--", "%%", "\\%", "^", "?"]
    )
    async def test_takes_every_sign_for_itself(
        self, oracle: Oracle, admin: Person, named: dict[str, str], sign: str
    ) -> None:
        expected = {email for name, email in named.items() if sign in name}
        assert await found(oracle, admin, sign) == expected

    async def test_of_any_kind_is_quick(self, oracle: Oracle, admin: Person, named: dict[str, str]) -> None:
        for pattern in ("%" * 100, "_" * 100, "(a+)+$" * 16, "a" * 99 + "!", "%_" * 50, "\\" * 100, "[" * 100):
            assert await found(oracle, admin, pattern) == set()

    async def test_finds_in_any_case_and_form(self, oracle: Oracle, admin: Person) -> None:
        await register(oracle, "one@example.org", {201}, full_name="Émile Łoś")
        for search in ("émile", "ÉMILE", "e\u0301mile", "łOŚ", "ONE@EXAMPLE"):
            assert await found(oracle, admin, search) == {"one@example.org"}, search


class TestColumns:
    """Row 38; tests/acceptance/test_input.py has the sorting."""

    @pytest.mark.parametrize(
        "query",
        [
            b"hashed_password=x",
            b"owner_id=1",
            b"id=1",
            b"email=a",
            b"deleted_at=null",
            b"filter%5Bhashed_password%5D=x",
            b"hashed_password__like=x",
            b"sort_by=email,hashed_password",
            b"sort_by=-hashed_password",
            b"sort=hashed_password",
            b"order_by=hashed_password",
            b"sort_order=desc,id",
            b"fields=hashed_password",
            b"where=1",
        ],
    )
    async def test_no_list_is_filtered_by_what_it_does_not_name(
        self, oracle: Oracle, admin: Person, query: bytes
    ) -> None:
        headers = {"host": "localhost", "authorization": f"Bearer {admin.token}"}
        lists = [o for o in operations(oracle.service.app) if "sort_by" in o.parameters_in("query")]
        assert len(lists) >= 2
        for operation in lists:
            answer = await oracle.request("GET", operation.path(), headers=headers, query=query, expected={422})
            assert "hashed" not in answer.json()["detail"].replace("/query/hashed", "")
