import importlib
import pkgutil
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from types import ModuleType

import pytest

import app
import lintel
from app.core.exceptions import InactiveUser, LastAdmin, UserNotFound, WrongCredentials
from lintel.errors import (
    STATUSES,
    AlreadyExists,
    BadRequest,
    Conflict,
    ContentTooLarge,
    InvalidInput,
    NotFound,
    PermissionDenied,
    PreconditionFailed,
    PreconditionRequired,
    ServiceError,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    UnsupportedMediaType,
    kind_of,
    known_kinds,
    status_of,
)


def modules_of(package: ModuleType) -> Iterator[str]:
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield module.name


def all_kinds() -> list[type[ServiceError]]:
    """Every kind of the library and the service; none that a test may have made."""
    names = [*modules_of(lintel), *modules_of(app)]
    for name in names:
        importlib.import_module(name)
    return [kind for kind in known_kinds() if kind.__module__ in names]


EACH_KIND = pytest.mark.parametrize("kind", all_kinds(), ids=lambda kind: kind.__name__)


class TestEveryKind:
    @EACH_KIND
    def test_has_an_error_status(self, kind: type[ServiceError]) -> None:
        assert 400 <= status_of(kind) < 600

    @EACH_KIND
    def test_has_a_code_of_its_own_in_upper_case(self, kind: type[ServiceError]) -> None:
        assert "code" in vars(kind)
        assert kind.code.replace("_", "").isalpha()
        assert kind.code == kind.code.upper()

    @EACH_KIND
    def test_has_a_title_and_a_meaning_of_its_own(self, kind: type[ServiceError]) -> None:
        assert {"title", "meaning"} <= set(vars(kind))
        assert kind.title
        assert kind.meaning.endswith(".")

    @EACH_KIND
    def test_can_be_raised_without_a_word(self, kind: type[ServiceError]) -> None:
        assert str(kind()) == kind().detail == kind.title

    def test_no_two_share_a_code(self) -> None:
        counted = Counter(kind.code for kind in all_kinds())
        assert {code for code, times in counted.items() if times > 1} == set()

    def test_those_of_the_service_are_among_them(self) -> None:
        assert {UserNotFound, WrongCredentials, InactiveUser, LastAdmin, ServiceError} <= set(all_kinds())


class TestStatusOf:
    @pytest.mark.parametrize(
        ("kind", "status"),
        [
            (ServiceError, 500),
            (BadRequest, 400),
            (InvalidInput, 422),
            (Unauthenticated, 401),
            (PermissionDenied, 403),
            (NotFound, 404),
            (Conflict, 409),
            (AlreadyExists, 409),
            (PreconditionFailed, 412),
            (PreconditionRequired, 428),
            (ContentTooLarge, 413),
            (UnsupportedMediaType, 415),
            (TooManyRequests, 429),
            (Unavailable, 503),
        ],
    )
    def test_is_what_the_table_says(self, kind: type[ServiceError], status: int) -> None:
        assert status_of(kind) == status

    def test_the_table_lists_every_kind_of_the_library(self) -> None:
        assert {kind for kind in all_kinds() if kind.__module__ == "lintel.errors._tree"} == set(STATUSES)

    @pytest.mark.parametrize(
        ("kind", "status"), [(UserNotFound, 404), (WrongCredentials, 401), (InactiveUser, 403), (LastAdmin, 409)]
    )
    def test_a_kind_without_a_row_has_that_of_its_base(self, kind: type[ServiceError], status: int) -> None:
        assert kind not in STATUSES
        assert status_of(kind) == status


class TestKindOf:
    @pytest.mark.parametrize("status", sorted({int(status) for status in STATUSES.values()}))
    def test_leads_back_to_the_status(self, status: int) -> None:
        kind = kind_of(status)
        assert kind is not None
        assert status_of(kind) == status

    def test_is_the_general_one_of_several(self) -> None:
        assert kind_of(HTTPStatus.CONFLICT) is Conflict

    @pytest.mark.parametrize("status", [200, 304, 405, 418, 499, 599])
    def test_is_none_for_a_status_without_kind(self, status: int) -> None:
        assert kind_of(status) is None


class TestKnownKinds:
    def test_has_the_general_before_the_special(self) -> None:
        kinds = list(known_kinds())
        places = [(kinds.index(base), kinds.index(kind)) for kind in kinds[1:] for base in kind.__bases__]
        assert kinds[0] is ServiceError
        assert all(of_base < of_kind for of_base, of_kind in places)
