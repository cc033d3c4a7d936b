import base64

import pytest

from lintel.security import FormTokens

OLD, NEW = "a secret from before, long enough 1234", "the present secret, long enough 12345"
SESSION = "019aa2c4-5d8e-7000-8000-000000000001"


def test_a_token_is_good_for_its_session() -> None:
    tokens = FormTokens(NEW)
    assert tokens.is_good(tokens.make(SESSION), SESSION)
    assert not tokens.is_good(tokens.make(SESSION), f"{SESSION[:-1]}2")


def test_each_looks_different() -> None:
    tokens = FormTokens(NEW)
    assert len({tokens.make(SESSION) for _ in range(20)}) == 20


def test_a_field_holds_one() -> None:
    tokens = FormTokens(NEW)
    before, _, rest = tokens.field(SESSION).partition('value="')
    assert before == '<input type="hidden" name="csrf_token" '
    assert tokens.is_good(rest.removesuffix('">'), SESSION)


def test_a_secret_may_be_replaced() -> None:
    assert FormTokens(NEW, OLD).is_good(FormTokens(OLD).make(SESSION), SESSION)
    assert FormTokens(NEW, OLD).is_good(FormTokens(NEW).make(SESSION), SESSION)
    assert not FormTokens(NEW).is_good(FormTokens(OLD).make(SESSION), SESSION)


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "é",
        "====",
        base64.urlsafe_b64encode(b"x" * 64).decode(),
        base64.urlsafe_b64encode(b"x" * 63).decode(),
        base64.urlsafe_b64encode(b"x" * 32).decode(),
    ],
)
def test_anything_else_is_none(token: str) -> None:
    assert not FormTokens(NEW).is_good(token, SESSION)
