from datetime import timedelta

import pytest
from starlette.requests import HTTPConnection
from starlette.responses import Response

from lintel.security import SessionCookie

OLD, NEW = "a secret from before, long enough 1234", "the present secret, long enough 12345"
SESSION = "019aa2c4-5d8e-7000-8000-000000000001"


def given(cookie: SessionCookie, session: str = SESSION) -> str:
    response = Response()
    cookie.set(response, session)
    return response.headers["set-cookie"]


def value(*secrets: str) -> str:
    return given(SessionCookie(*secrets)).partition(";")[0]


def sent(*cookies: str) -> HTTPConnection:
    return HTTPConnection({"type": "http", "headers": [(b"cookie", cookie.encode()) for cookie in cookies]})


class TestSet:
    def test_with_every_flag(self) -> None:
        first, *attributes = given(SessionCookie(NEW)).split("; ")
        assert first.startswith(f"__Host-session={SESSION}.")
        assert sorted(attributes) == ["HttpOnly", "Path=/", "SameSite=lax", "Secure"]

    def test_for_as_long_as_is_said(self) -> None:
        assert "; Max-Age=3600;" in given(SessionCookie(NEW, lifetime=timedelta(hours=1)))

    def test_cleared_with_the_same_attributes(self) -> None:
        response = Response()
        SessionCookie(NEW).clear(response)
        first, *attributes = response.headers["set-cookie"].split("; ")
        assert first == '__Host-session=""'
        kept = [attribute for attribute in attributes if not attribute.startswith(("expires", "Max-Age"))]
        assert sorted(kept) == ["HttpOnly", "Path=/", "SameSite=lax", "Secure"]
        assert "Max-Age=0" in attributes

    @pytest.mark.parametrize("session", ["", "short", "x" * 129, "with.dot.inside", "a;b; Domain=x", "line\r\nbreak"])
    def test_an_id_that_would_not_come_back_is_refused(self, session: str) -> None:
        with pytest.raises(ValueError, match="id of a session"):
            given(SessionCookie(NEW), session)


class TestRead:
    def test_our_own(self) -> None:
        assert SessionCookie(NEW).read(sent(value(NEW))) == SESSION
        assert SessionCookie(NEW).read(sent(f"a=1; {value(NEW)};b=2")) == SESSION
        assert SessionCookie(NEW, OLD).read(sent(value(OLD))) == SESSION

    @pytest.mark.parametrize(
        "cookies",
        [
            [],
            ["session=x"],
            [f"__Host-session={SESSION}"],
            [f"__Host-session={SESSION}."],
            [f"__Host-session={SESSION}.AAAA"],
            [f"__Host-session={SESSION}.é"],
            [value(OLD)],
            [value(NEW).replace(SESSION, f"{SESSION[:-1]}2")],
            [value(NEW) + "A"],
            [f"{value(NEW)}; {value(NEW)}"],
            [value(NEW), value(NEW)],
            ["__Host-session=a; " + value(NEW)],
        ],
    )
    def test_nothing_else(self, cookies: list[str]) -> None:
        connection = sent(*cookies)
        assert SessionCookie(NEW).read(connection) is None
        assert SessionCookie(NEW).is_sent(connection) is any("__Host-session" in cookie for cookie in cookies)
