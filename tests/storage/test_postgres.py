"""PostgreSQL that goes and comes back: nothing but patience is asked of whoever uses it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Select, false, func, insert, literal, select, text
from sqlalchemy.exc import DBAPIError

from bot.storage import staff
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection, Database, DatabaseUnusableError
from bot.storage.staff import Member, Role
from bot.storage.tables import residents
from scheduler import ledger, lifecycle
from scheduler.model import Campaign, CampaignState, Kind, OneOff, Run
from scheduler.planner import plan
from scheduler.tables import deliveries
from tests.postgres import NoPostgres, Server, own_server
from tests.support import NOON, add_resident

ANA = Member("ana", Role.ADMIN)
HOUR = timedelta(hours=1)
Work = Callable[[Connection], Awaitable[None]]


@pytest.fixture
async def database(postgres: Server) -> AsyncIterator[Database]:
    url = postgres.new_database()
    opened = Database(url)
    yield opened
    await opened.close()
    postgres.drop(url)


@pytest.fixture
def own() -> Iterator[Server]:
    """A server that this test may stop."""
    try:
        with own_server() as server:
            yield server
    except NoPostgres as error:
        pytest.skip(str(error))


async def hire(database: Database) -> None:
    async with database.begin() as conn:
        await staff.add(conn, ANA, NOON)


async def hired(database: Database) -> list[Member]:
    async with database.read() as conn:
        return await staff.everyone(conn)


async def test_a_look_may_not_write(database: Database) -> None:
    with pytest.raises(DBAPIError, match="read-only"):
        async with database.read() as conn:
            await staff.add(conn, ANA, NOON)


async def test_many_turns_share_a_few_connections(database: Database) -> None:
    async def write(number: int) -> None:
        async with database.begin() as conn:
            await add_resident(conn, f"telegram:{number}")

    await asyncio.gather(*map(write, range(200)))
    async with database.read() as conn:
        open_now = await conn.execute(
            text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename IS NOT NULL")
        )
        assert open_now.scalar_one() <= 20


async def test_what_a_fault_says_names_nobody(database: Database) -> None:
    async with database.begin() as conn:
        await add_resident(conn, "telegram:4711")
    with pytest.raises(DBAPIError) as caught:
        async with database.begin() as conn:
            await add_resident(conn, "telegram:4711")
    assert "4711" not in str(caught.value)


async def test_an_audience_is_compared_with_many_at_once(database: Database) -> None:
    """However many had today's tip already, they are read once, not once for each resident."""
    nobody = ResidentsAudience(lambda: ())
    async with database.begin() as conn:
        earlier = await ledger.open_run(
            conn, nobody, key="earlier", kind=Kind.DAILY_TIP, slot_at=NOON - HOUR, expires_at=NOON, now=NOON
        )
        numbers = select(func.generate_series(1, 400_000).column_valued("recipient"))
        rows = select(literal(earlier.id), numbers.subquery().c.recipient, literal("telegram"), literal("sent"))
        columns = ["run_id", "recipient", "account", "state", "attempt", "doubts", "due_at"]
        await conn.execute(
            insert(deliveries).from_select(columns, rows.add_columns(literal(1), literal(0), func.now()))
        )
        await conn.execute(text("ANALYZE"))
        chosen = ResidentsAudience().select(replace(earlier, id=2, slot_at=NOON), None)
        words = chosen.compile(dialect=conn.dialect, compile_kwargs={"literal_binds": True})
        plan_of_it = (await conn.exec_driver_sql(f"EXPLAIN {words}".replace("%%", "%"))).scalars()
        assert "hashed SubPlan" in "\n".join(plan_of_it)


# What is away, and what is wrong


async def close_this(conn: Connection) -> None:
    await conn.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


async def deadlock(conn: Connection) -> None:
    await conn.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40P01'; END $$"))


async def no_room(conn: Connection) -> None:
    await conn.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53100'; END $$"))


async def starting(conn: Connection) -> None:
    await conn.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '57P03'; END $$"))


async def no_such_column(conn: Connection) -> None:
    await conn.execute(text("SELECT nothing FROM residents"))


async def no_number(conn: Connection) -> None:
    await conn.execute(select(residents).where(residents.c.district == "first"))


async def too_long(conn: Connection) -> None:
    await add_resident(conn, "telegram:1", language="much too long")


async def nobodys(conn: Connection) -> None:
    await conn.execute(insert(residents).values(channel="telegram"))


@pytest.mark.parametrize("trouble", [close_this, deadlock, no_room, starting])
async def test_a_database_that_is_away_is_to_be_tried_again(database: Database, trouble: Work) -> None:
    with pytest.raises(ledger.FAULTS):
        async with database.begin() as conn:
            await trouble(conn)
    await hire(database)
    assert await hired(database) == [ANA]


@pytest.mark.parametrize("mistake", [no_such_column, no_number, too_long, nobodys])
async def test_a_mistake_is_not_taken_for_a_database_that_is_away(database: Database, mistake: Work) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with database.begin() as conn:
            await mistake(conn)
    assert not isinstance(caught.value, ledger.FAULTS)


# A server that is stopped and started


async def test_the_first_thing_after_a_restart_simply_works(own: Server) -> None:
    database = Database(own.new_database())
    await hire(database)
    await asyncio.gather(*(hired(database) for _ in range(8)))  # several connections, all of which will be dead
    await asyncio.to_thread(own.restart)
    assert await asyncio.gather(*(hired(database) for _ in range(8))) == [[ANA]] * 8
    await database.close()


async def test_what_was_begun_before_a_restart_fails_as_a_fault_and_leaves_nothing(own: Server) -> None:
    database = Database(own.new_database())
    for only_the_commit in (False, True):
        with pytest.raises(ledger.FAULTS):
            await interrupted(database, own, only_the_commit=only_the_commit)
        assert await hired(database) == []
    await database.close()


async def interrupted(database: Database, own: Server, *, only_the_commit: bool) -> None:
    async with database.begin() as conn:
        await staff.add(conn, ANA, NOON)
        await asyncio.to_thread(own.restart)
        if not only_the_commit:
            await staff.everyone(conn)


async def test_while_it_is_away_everything_fails_as_a_fault_and_afterwards_nothing_does(own: Server) -> None:
    database = Database(own.new_database())
    await hire(database)
    await asyncio.to_thread(own.stop)
    for work in (hire, hired):
        with pytest.raises(ledger.FAULTS):
            await work(database)
    with pytest.raises(DatabaseUnusableError) as caught:
        await database.check()
    assert "\n" not in str(caught.value)
    await asyncio.to_thread(own.start)
    await hire(database)
    assert await hired(database) == [ANA]
    await database.close()


async def test_a_restart_while_an_audience_is_written_pauses_no_campaign(own: Server) -> None:
    database = Database(own.new_database())
    async with database.begin() as conn:
        drafted = lifecycle.draft(kind=Kind.NEWS, title="t", content={}, audience={}, author="ada", now=NOON)
        campaign = await ledger.create_campaign(conn, drafted)
        campaign = lifecycle.approve(lifecycle.submit(campaign, NOON), "bob", NOON)
        campaign = lifecycle.schedule(campaign, OneOff(NOON), NOON)
        await ledger.save_campaign(conn, campaign, who="ada", what="scheduled", now=NOON)
        await add_resident(conn)

    class Fateful:
        restarted = False

        def select(self, run: Run, campaign: Campaign | None) -> Select[*tuple[Any, ...]]:  # noqa: ARG002 - a port's signature
            if not self.restarted:
                self.restarted = True
                own.restart()
            columns = residents.c.id.label("recipient"), residents.c.channel.label("account"), false().label("held_out")
            return select(*columns)

    audience = Fateful()
    assert (await plan(database.begin, audience, NOON)).opened == ()
    async with database.read() as conn:
        assert (await ledger.load_campaign(conn, campaign.id)).state is CampaignState.SCHEDULED
    (run,) = (await plan(database.begin, audience, NOON)).opened
    assert run.audience == 1
    await database.close()
