"""Who sees which rows."""

import pytest
from sqlalchemy import Table, select
from sqlalchemy.orm import Mapped, mapped_column

from app.core.exceptions import UserNotFound
from app.models import Analysis, Base, User
from app.repositories.visibility import PRINCIPAL_ID, seen_by, visible
from app.schemas.users import UserUpdateMe
from app.services.container import Services
from lintel.db import SoftDeleteMixin, new_metadata, utc_now
from lintel.security import Principal
from tests.app.conftest import add_user

pytestmark = pytest.mark.anyio


class Elsewhere(Base):
    """The base of tables that no migration knows."""

    __abstract__ = True
    metadata = new_metadata()


class Folder(SoftDeleteMixin, Elsewhere):
    __tablename__ = "folders"

    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int]


class Country(Elsewhere):
    __tablename__ = "countries"

    id: Mapped[int] = mapped_column(primary_key=True)


class TestVisible:
    @pytest.mark.parametrize(
        ("model", "expected"),
        [
            (User, {"users.deleted_at IS NULL"}),
            (Analysis, {"analyses.owner_id = :principal_id"}),
            (Folder, {"folders.deleted_at IS NULL", "folders.owner_id = :principal_id"}),
            (Country, set()),
        ],
    )
    def test_minds_owners_and_deletion_where_there_are_any(self, model: type[Base], expected: set[str]) -> None:
        assert {str(condition) for condition in visible(model)} == expected

    def test_gives_a_list_of_ones_own_to_add_to(self) -> None:
        visible(User).clear()
        assert len(visible(User)) == 1

    async def test_hides_the_deleted_and_what_is_of_others(self, services: Services) -> None:
        table = Folder.__table__
        assert isinstance(table, Table)
        rows = [(1, 7, None), (2, 7, utc_now()), (3, 8, None)]
        async with services.database.writer.connect() as connection:
            # Undone with the connection: nobody else meets this table.
            await connection.run_sync(table.create)
            for number, owner, deleted in rows:
                await connection.execute(table.insert().values(id=number, owner_id=owner, deleted_at=deleted))
            statement = select(Folder.id).where(*visible(Folder))
            mine = (await connection.execute(statement, seen_by(Principal(7)))).scalars().all()
            theirs = (await connection.execute(statement, seen_by(Principal(8)))).scalars().all()
        assert (mine, theirs) == ([1], [3])

    async def test_is_minded_by_writers_as_well(self, services: Services) -> None:
        ada = await add_user(services)
        await services.users.delete_user(ada.id)
        with pytest.raises(UserNotFound):
            await services.users.update_user(ada.id, UserUpdateMe(full_name="X"))


class TestSeenBy:
    def test_names_the_principal(self) -> None:
        assert seen_by(Principal(7)) == {PRINCIPAL_ID: 7}
