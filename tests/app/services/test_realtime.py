import asyncio
import time
from contextlib import aclosing, suppress
from datetime import timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from app.core.enums import UserStatus
from app.core.exceptions import ChannelNotFound, InactiveUser
from app.core.permissions import ROLE_PERMISSIONS
from app.jobs import PurgeJobs
from app.models import Ticket
from app.schemas.realtime import MessageCreate
from app.schemas.users import UserUpdate
from lintel.db import Session, utc_now
from lintel.errors import Unauthenticated
from lintel.pubsub import Message
from lintel.security import Access, Principal
from tests.conftest import Person, RunningService

pytestmark = pytest.mark.anyio


def access_of(person: Person, *, seconds: float = 900) -> Access:
    return Access(
        Principal(person.id, ROLE_PERMISSIONS[person.user.role], session_id=person.session_id), time.time() + seconds
    )


async def enqueue(service: RunningService, owner: Person) -> UUID:
    async def work(session: Session) -> UUID:
        return await service.services.queue.enqueue(session, PurgeJobs(), owner_id=owner.id)

    return await service.services.database.run(work)


class TestTicket:
    async def test_opens_once_as_whoever_asked_for_it(self, service: RunningService, ada: Person) -> None:
        realtime, access = service.services.realtime, access_of(ada)
        ticket = await realtime.create_ticket(access)
        assert ticket.expires_in == 30
        found = await realtime.identify(ticket=ticket.ticket, token=None)
        assert found.principal == access.principal
        assert abs(found.expires_at - access.expires_at) < 0.001
        with pytest.raises(Unauthenticated):
            await realtime.identify(ticket=ticket.ticket, token=None)

    async def test_of_many_at_once_one_gets_in(self, service: RunningService, ada: Person) -> None:
        realtime = service.services.realtime
        ticket = (await realtime.create_ticket(access_of(ada))).ticket
        ends = await asyncio.gather(
            *(realtime.identify(ticket=ticket, token=None) for _ in range(10)), return_exceptions=True
        )
        assert sorted(type(end).__name__ for end in ends) == ["Access", *["Unauthenticated"] * 9]

    async def test_is_good_no_more_when_its_time_is_over(self, service: RunningService, ada: Person) -> None:
        realtime = service.services.realtime
        ticket = (await realtime.create_ticket(access_of(ada))).ticket

        async def age(session: Session) -> None:
            await session.execute(update(Ticket).values(expires_at=utc_now() - timedelta(seconds=1)))

        await service.services.database.run(age)
        with pytest.raises(Unauthenticated):
            await realtime.identify(ticket=ticket, token=None)
        await realtime.create_ticket(access_of(ada))
        [row] = await service.services.database.fetch_all(select(func.count().label("count")).select_from(Ticket))
        assert row["count"] == 1  # the old one is gone
        assert await realtime.delete_expired_tickets() == 0
        await service.services.database.run(age)
        assert await realtime.delete_expired_tickets() == 1

    async def test_outlives_neither_token_nor_account(self, service: RunningService, ada: Person) -> None:
        realtime = service.services.realtime
        ticket = (await realtime.create_ticket(access_of(ada, seconds=-1))).ticket
        with pytest.raises(Unauthenticated):
            await realtime.identify(ticket=ticket, token=None)
        ticket = (await realtime.create_ticket(access_of(ada))).ticket
        await service.services.users.update_user(ada.id, UserUpdate(status=UserStatus.SUSPENDED))
        with pytest.raises(InactiveUser):
            await realtime.identify(ticket=ticket, token=None)

    async def test_is_kept_as_a_hash(self, service: RunningService, ada: Person) -> None:
        ticket = (await service.services.realtime.create_ticket(access_of(ada))).ticket
        [row] = await service.services.database.fetch_all(select(Ticket))
        assert ticket not in str(row)

    @pytest.mark.parametrize("ticket", ["", "no", "\ud800", "x" * 10_000])
    async def test_anything_else_opens_nothing(self, service: RunningService, ticket: str) -> None:
        with pytest.raises(Unauthenticated):
            await service.services.realtime.identify(ticket=ticket, token=None)

    async def test_a_token_opens_too_for_as_long_as_it_is_good(self, service: RunningService, ada: Person) -> None:
        access = await service.services.realtime.identify(ticket=None, token=ada.token)
        assert access.principal.id == ada.id
        assert 0 < access.expires_at - time.time() <= 900


class TestChannels:
    @pytest.mark.parametrize(("channel", "expected"), [("news", True), ("maintenance", True), ("other", False)])
    async def test_public_ones_are_for_all(
        self, service: RunningService, ada: Person, channel: str, *, expected: bool
    ) -> None:
        assert await service.services.realtime.may_hear(Principal(ada.id), channel) is expected

    async def test_of_users_their_own(self, service: RunningService, ada: Person, bob: Person) -> None:
        realtime = service.services.realtime
        for person in (ada, bob):
            heard = [await realtime.may_hear(Principal(ada.id), f"user:{person.id}{end}") for end in ("", " ", "0")]
            assert heard == [person is ada, False, False]

    async def test_of_jobs_their_owners_and_administrators(
        self, service: RunningService, ada: Person, bob: Person, admin: Person
    ) -> None:
        job_id = await enqueue(service, ada)
        realtime = service.services.realtime
        manager = await service.services.auth.authenticate(admin.token)
        listeners = (Principal(ada.id), Principal(bob.id), manager)
        assert [await realtime.may_hear(each, f"job:{job_id}") for each in listeners] == [True, False, True]
        for other in (f"job:{job_id.hex}", f"job:{str(job_id).upper()}", f"job:{uuid4()}", "job:1", str(job_id)):
            assert not await realtime.may_hear(Principal(ada.id), other)


class TestFollowing:
    async def test_a_job_from_its_beginning_to_its_end(self, service: RunningService, ada: Person) -> None:
        services = service.services
        principal = Principal(ada.id)
        started = time.perf_counter()
        job_id = await enqueue(service, ada)
        events = services.follower.follow(
            partial(services.jobs.look_at, principal, job_id),
            channel=f"job:{job_id}",
            name="job",
            still_allowed=partial(services.auth.still_allowed, access_of(ada)),
        )
        async with asyncio.timeout(20), aclosing(events):
            first = await anext(events)
            assert time.perf_counter() - started < 2  # ten times what it may take
            assert first.data.status == "pending"
            following = asyncio.ensure_future(anext(events))
            await asyncio.sleep(0.05)
            assert services.database.checked_out() == 0
            await services.jobs.cancel_job(principal, job_id)
            assert (await following).data.status == "cancelled"
            with pytest.raises(StopAsyncIteration):
                await anext(events)

    async def test_is_allowed_until_token_or_account_end(self, service: RunningService, ada: Person) -> None:
        auth = service.services.auth
        assert await auth.still_allowed(access_of(ada))
        assert not await auth.still_allowed(access_of(ada, seconds=-1))
        await service.services.users.update_user(ada.id, UserUpdate(status=UserStatus.INACTIVE))
        assert not await auth.still_allowed(access_of(ada))


class TestMessages:
    async def test_reach_who_listens(self, service: RunningService, admin: Person) -> None:
        services = service.services
        async with services.pubsub.subscribe("news", f"user:{admin.id}") as heard:
            for channel in ("news", f"user:{admin.id}"):
                sent = await services.realtime.send_message(
                    Principal(admin.id), channel, MessageCreate(data={"text": channel})
                )
                message = await anext(heard)
                assert isinstance(message, Message)
                assert (message.channel, message.data, sent.receivers) == (channel, {"text": channel}, 0)

    @pytest.mark.parametrize("channel", ["other", "job:1", "user:", "user:0", "user:x", "user:1:2", "user:¹"])
    async def test_go_nowhere_else(self, service: RunningService, channel: str) -> None:
        with pytest.raises(ChannelNotFound):
            await service.services.realtime.send_message(Principal(1), channel, MessageCreate(data={}))


class TestStillValid:
    async def test_those_who_are_what_they_were(self, service: RunningService, ada: Person, bob: Person) -> None:
        auth = service.services.auth
        ours = {access_of(ada), access_of(bob)}
        promoted = Access(Principal(ada.id, frozenset({"users:read"}), session_id=ada.session_id), 1.0)
        gone = Access(Principal(10**9, ROLE_PERMISSIONS[ada.user.role], session_id=ada.session_id), 1.0)
        elsewhere = Access(Principal(ada.id, ROLE_PERMISSIONS[ada.user.role], session_id=uuid4()), 1.0)
        assert set(await auth.still_valid({*ours, promoted, gone, elsewhere})) == ours
        await service.services.users.update_user(bob.id, UserUpdate(status=UserStatus.INACTIVE))
        assert [access.principal.id for access in await auth.still_valid(ours)] == [ada.id]

    async def test_of_very_many_at_once(self, service: RunningService, ada: Person) -> None:
        may = ROLE_PERMISSIONS[ada.user.role]
        many = {Access(Principal(ada.id + number, may, session_id=ada.session_id), 1.0) for number in range(1_700)}
        assert [access.principal.id for access in await service.services.auth.still_valid(many)] == [ada.id]


class TestNews:
    async def test_of_every_change_of_an_account(self, service: RunningService, ada: Person) -> None:
        async with service.services.pubsub.subscribe(f"user:{ada.id}") as heard:
            await service.services.users.update_user(ada.id, UserUpdate(full_name="Ada King"))
            await service.services.users.delete_user(ada.id)
            news = []
            with suppress(TimeoutError):
                async with asyncio.timeout(10):
                    news = [await anext(heard) for _ in range(2)]
        assert [message.data for message in news if isinstance(message, Message)] == [
            {"event": "account.changed"},
            {"event": "account.deleted"},
        ]
