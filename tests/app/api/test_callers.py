"""Who may call: what no role shows, as every role has what these routes ask for."""

from types import MappingProxyType

import pytest

from app.core.enums import UserRole
from app.core.permissions import ROLE_PERMISSIONS, Permission
from app.services import auth
from tests.app.conftest import assert_problem
from tests.conftest import ON_SQLITE, Person

pytestmark = [pytest.mark.anyio, ON_SQLITE]

NO_JOB = "019a9c5e-0000-7000-8000-000000000000"


class TestRequiresToFollow:
    @pytest.mark.parametrize(
        ("path", "permission"),
        [
            (f"/api/v1/jobs/{NO_JOB}/events", Permission.JOBS_READ),
            ("/api/v1/batches/1/events", Permission.ANALYSES_READ),
        ],
    )
    async def test_is_closed_to_who_lacks_the_permission(
        self, ada: Person, monkeypatch: pytest.MonkeyPatch, path: str, permission: Permission
    ) -> None:
        assert_problem(await ada.client.get(path), 404, "JOB_NOT_FOUND" if "jobs" in path else "BATCH_NOT_FOUND")
        fewer = {UserRole.USER: ROLE_PERMISSIONS[UserRole.USER] - {permission}}
        monkeypatch.setattr(auth, "ROLE_PERMISSIONS", MappingProxyType({**ROLE_PERMISSIONS, **fewer}))
        assert_problem(await ada.client.get(path), 403, "FORBIDDEN")
