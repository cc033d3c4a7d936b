"""acceptance.md row 12: forms that are broken, endless, or many. The form is the one that signs people in."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import Oracle
from tests.conftest import ON_SQLITE, PASSWORD, Person
from tests.guards import cpu_guard

pytestmark = [pytest.mark.anyio, ON_SQLITE]

LOGIN = "/api/v1/auth/login"
MULTIPART = "multipart/form-data; boundary=x"
URLENCODED = "application/x-www-form-urlencoded"
END = b"--x--\r\n"
CPU_SECONDS = 1.0
"""A guard against hanging: more than ten times what the slowest of these takes."""


def part(name: str, value: bytes, *, filename: str | None = None) -> bytes:
    named = f'; filename="{filename}"' if filename is not None else ""
    return f'--x\r\nContent-Disposition: form-data; name="{name}"{named}\r\n\r\n'.encode() + value + b"\r\n"


def right(person: Person) -> bytes:
    return part("username", person.user.email.encode()) + part("password", PASSWORD.encode())


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever is written on the way is gone afterwards, and no file stays open."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []
    open_files = [link for link in Path("/proc/self/fd").glob("*") if str(folder) in _target(link)]
    assert open_files == []


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except OSError:
        return ""


async def sign_in(oracle: Oracle, body: bytes, expected: set[int], content_type: str = MULTIPART) -> None:
    headers = {"host": "localhost", "content-type": content_type, "content-length": str(len(body))}
    with cpu_guard(CPU_SECONDS):
        answer = await oracle.request("POST", LOGIN, headers=headers, body=body, expected=expected)
    assert len(answer.body) < 4_096


class TestMultipart:
    async def test_that_is_right_signs_in(self, oracle: Oracle, ada: Person) -> None:
        await sign_in(oracle, right(ada) + END, {200})

    @pytest.mark.parametrize(
        "content_type",
        [
            "multipart/form-data",
            "multipart/form-data; boundary=",
            "multipart/form-data; boundary=y",
            "multipart/form-data; boundary=" + "y" * 1_000,
            'multipart/form-data; boundary="',
            "multipart/form-data; charset=utf-7; boundary=x",
            "multipart/mixed; boundary=x",
        ],
    )
    async def test_without_its_boundary_is_refused(self, oracle: Oracle, ada: Person, content_type: str) -> None:
        await sign_in(oracle, right(ada) + END, {400, 415, 422}, content_type)

    async def test_cut_off_anywhere_never_signs_in_with_less_than_was_sent(self, oracle: Oracle, ada: Person) -> None:
        whole = right(ada) + END
        for length in range(0, whole.index(PASSWORD.encode()) + len(PASSWORD), 7):
            await sign_in(oracle, whole[:length], {400, 401, 422})

    @pytest.mark.parametrize(
        "head",
        [
            b"Content-Disposition: form-data\r\n\r\n",
            b"Content-Disposition: attachment; name=\r\n\r\n",
            b"\r\n",
            b": x\r\n\r\n",
            b"Content-Disposition\r\n\r\n",
            b"X: " + b"y" * 100_000 + b"\r\n\r\n",
            b"X: y\r\n" * 10_000 + b"\r\n",
            b"Content-Disposition: form-data; " + b'a="b"; ' * 10_000 + b'name="x"\r\n\r\n',
        ],
    )
    async def test_with_a_part_whose_head_is_wrong_is_refused(self, oracle: Oracle, head: bytes) -> None:
        await sign_in(oracle, b"--x\r\n" + head + b"v\r\n" + END, {400, 422})

    async def test_with_too_much_of_anything_is_refused(self, oracle: Oracle, ada: Person) -> None:
        fields = b"".join(part(f"f{number}", b"") for number in range(2_000))
        files = b"".join(part(f"f{number}", b"x", filename="a") for number in range(2_000))
        await sign_in(oracle, right(ada) + fields + END, {400})
        await sign_in(oracle, right(ada) + files + END, {400})
        await sign_in(oracle, right(ada) + part("scope", b"x" * 1_000_000) + END, {400, 422})
        await sign_in(oracle, right(ada) + part("scope", b"x" * 2_000_000) + END, {413})

    async def test_with_a_file_in_place_of_text_is_refused(self, oracle: Oracle, ada: Person) -> None:
        name = part("username", ada.user.email.encode())
        for filename in ("", "a", "../../etc/passwd"):
            await sign_in(oracle, name + part("password", PASSWORD.encode(), filename=filename) + END, {422})
        await sign_in(oracle, right(ada) + part("avatar", b"x" * 500_000, filename="a.png") + END, {422})

    async def test_made_of_line_breaks_or_almost_boundaries_takes_no_time(self, oracle: Oracle) -> None:
        for filling in (b"\r\n", b"\r", b"-", b"\r\n-", b"\r\n--", b"\r\n--y"):
            await sign_in(oracle, part("username", filling * (1_000_000 // len(filling))) + END, {400, 401, 422})


class TestUrlencoded:
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            (b"&" * 1_000_000, {400}),
            (b"&".join(b"f%d=" % number for number in range(2_000)), {400}),
            (b"username=a&password=" + b"x" * 1_000_000, {422}),
            (b"username=a&password=" + b"%41" * 300_000, {422}),
            (b"username=a&password=" + b"%" * 1_000_000, {400}),
            (b"=" * 1_000_000, {422}),
            (b"username", {422}),
            (b"", {422}),
            (b"x" * 2_000_000, {413}),
        ],
        ids=["separators", "fields", "value", "encoded", "percent signs", "equal signs", "no value", "empty", "large"],
    )
    async def test_of_any_size_takes_no_time(self, oracle: Oracle, body: bytes, expected: set[int]) -> None:
        await sign_in(oracle, body, expected, URLENCODED)
