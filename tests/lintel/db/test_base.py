"""What every table has in common."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    insert,
    select,
    text,
)
from sqlalchemy.exc import StatementError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from lintel.db import Database, IdMixin, Session, SoftDeleteMixin, TimestampMixin, UtcDateTime, new_metadata, utc_now
from tests.lintel.db.conftest import Account, DatabaseFactory, execute, open_account

pytestmark = pytest.mark.anyio

NEPAL = timezone(timedelta(hours=5, minutes=45))


class Base(DeclarativeBase):
    metadata = new_metadata()


class Moment(SoftDeleteMixin, TimestampMixin, IdMixin, Base):
    __tablename__ = "moments"

    at: Mapped[datetime | None] = mapped_column(UtcDateTime, default=None)


@pytest.fixture
async def moments(make_database: DatabaseFactory) -> Database:
    database = await make_database()
    async with database.writer.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    return database


async def store(database: Database, *moments: datetime | None) -> None:
    async with database.writer.begin() as connection:
        for moment in moments:
            await connection.execute(insert(Moment).values(at=moment))


async def stored(database: Database) -> list[datetime | None]:
    async with database.read() as connection:
        return list((await connection.execute(select(Moment.at).order_by(Moment.id))).scalars())


class TestUtcDateTime:
    @pytest.mark.parametrize(
        "moment",
        [
            datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC),
            datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
            datetime(2026, 1, 1, 0, 30, tzinfo=NEPAL),
            datetime(1, 1, 2, tzinfo=UTC),
            datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
        ],
    )
    async def test_comes_back_as_the_same_moment_in_utc(self, moments: Database, moment: datetime) -> None:
        await store(moments, moment)
        [found] = await stored(moments)
        assert found == moment
        assert found is not None
        assert found.utcoffset() == timedelta(0)

    async def test_refuses_a_moment_without_an_offset(self, moments: Database) -> None:
        naive = datetime(2026, 1, 2)  # noqa: DTZ001 - what is refused
        with pytest.raises(StatementError, match="without an offset"):
            await store(moments, naive)
        assert await stored(moments) == []

    async def test_may_be_unknown(self, moments: Database) -> None:
        await store(moments, None)
        assert await stored(moments) == [None]

    async def test_sorts_and_compares_as_time_does(self, moments: Database) -> None:
        early = datetime(2026, 1, 1, 23, 0, tzinfo=UTC)
        later = [datetime(2026, 1, 2, 5, 0, tzinfo=NEPAL), early + timedelta(microseconds=1_000_000)]
        await store(moments, later[0], early, later[1])
        async with moments.read() as connection:
            order = (await connection.execute(select(Moment.at).order_by(Moment.at))).scalars().all()
            after = select(Moment.at).where(Moment.at > early.astimezone(NEPAL)).order_by(Moment.at)
            assert (await connection.execute(after)).scalars().all() == order[1:]
        assert order == [early, later[1], later[0]]

    def test_now_is_aware_and_now(self) -> None:
        before = datetime.now(UTC)
        now = utc_now()
        assert before <= now <= datetime.now(UTC)
        assert now.tzinfo is UTC


class TestIds:
    async def test_are_counted_from_one(self, database: Database) -> None:
        assert [await open_account(database, owner) for owner in ("ada", "bob")] == [1, 2]

    async def test_are_never_given_twice(self, database: Database) -> None:
        first = await open_account(database, "ada")
        await execute(database, "DELETE FROM accounts")
        assert await open_account(database, "ada") > first

    async def test_have_64_bits(self, database: Database) -> None:
        largest = 2**63 - 1
        assert await open_account(database, "ada", id=largest) == largest
        async with database.read() as connection:
            assert (await connection.execute(select(Account.id))).scalar_one() == largest


class TestTimestamps:
    async def test_of_a_new_row_are_now_and_the_same(self, moments: Database) -> None:
        before = utc_now()

        async def work(session: Session) -> Moment:
            moment = Moment()
            session.add(moment)
            await session.flush()
            return moment

        moment = await moments.run(work)
        assert before <= moment.created_at <= utc_now()
        assert abs(moment.updated_at - moment.created_at) < timedelta(seconds=1)

    async def test_of_a_changed_row_tell_the_change(self, moments: Database) -> None:
        await store(moments, None)

        async def work(session: Session) -> Moment:
            moment = await session.get_one(Moment, 1)
            moment.at = utc_now()
            await session.flush()
            return moment

        moment = await moments.run(work)
        assert moment.updated_at > moment.created_at

    async def test_of_deletion_are_unknown_at_first(self, moments: Database) -> None:
        await store(moments, None)
        async with moments.read() as connection:
            assert (await connection.execute(select(Moment.deleted_at))).scalars().all() == [None]


class TestColumns:
    def test_of_the_mixins_stand_around_those_of_the_model(self) -> None:
        names = Moment.__table__.c.keys()
        assert names[:2] == ["id", "at"]
        assert set(names[2:]) == {"created_at", "updated_at", "deleted_at"}

    async def test_of_moments_keep_their_offset_on_postgresql_and_are_text_on_sqlite(self, moments: Database) -> None:
        await store(moments, datetime(2026, 1, 2, tzinfo=UTC))
        kind = {"sqlite": "typeof(at)", "postgresql": "pg_typeof(at)::text"}[moments.writer.dialect.name]
        async with moments.read() as connection:
            found = (await connection.execute(text(f"SELECT {kind} FROM moments"))).scalar_one()  # noqa: S608
        assert found in {"text", "timestamp with time zone"}


class TestNamingConvention:
    def test_names_every_constraint(self) -> None:
        metadata = new_metadata()
        Table("parents", metadata, Column("id", Integer, primary_key=True))
        table = Table(
            "children",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("parent_id", ForeignKey("parents.id")),
            Column("a", Integer),
            Column("b", Integer),
            UniqueConstraint("a", "b"),
            CheckConstraint("a > 0", name="positive"),
        )
        Index(None, table.c.b, table.c.a)
        names = {str(one.name) for one in table.constraints} | {str(one.name) for one in table.indexes}
        assert names == {
            "pk_children",
            "fk_children_parent_id_parents",
            "uq_children_a_b",
            "ck_children_positive",
            "ix_children_b_a",
        }

    def test_of_two_services_share_nothing(self) -> None:
        one, other = new_metadata(), new_metadata()
        Table("things", one, Column("id", Integer, primary_key=True))
        assert list(other.tables) == []
