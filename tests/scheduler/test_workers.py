"""Workers of several machines, on PostgreSQL alone: SQLite has one process, which needs no list."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

import pytest
from sqlalchemy import DateTime, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from scheduler import ledger
from scheduler.heartbeat import Heartbeat
from scheduler.ledger.workers import SILENT_S
from scheduler.model import Delivery, DeliveryState, Kind, Sent
from scheduler.tables import deliveries, workers
from tests.postgres import OwnServer, Server, postgres_server
from tests.scheduler.world import NOON, Database, database_at, fill

LEASE_S = 120.0


@pytest.fixture
async def db(postgres: Server) -> AsyncIterator[Database]:
    url = postgres.new_database(fill)
    async with database_at(url) as opened:
        await wait_for_the_server_to_be_old(opened)
        yield opened
    postgres.drop(url)


async def wait_for_the_server_to_be_old(db: Database) -> None:
    """After its start the server gives all workers as long as they may be silent."""
    async with db.begin() as conn:
        age = func.extract("epoch", func.clock_timestamp() - func.pg_postmaster_start_time())
        age_s = float((await conn.execute(select(age))).scalar_one())
    await asyncio.sleep(max(0.0, SILENT_S + 0.1 - age_s))


async def silence(db: Database, name: str, seconds: float) -> None:
    """Let this worker have been heard of so long ago."""
    async with db.begin() as conn:
        await conn.execute(
            update(workers)
            .where(workers.c.name == name)
            .values(seen_at=func.clock_timestamp(type_=DateTime(timezone=True)) - timedelta(seconds=seconds))
        )


async def known(db: Database) -> list[str]:
    async with db.begin() as conn:
        return list((await conn.execute(select(workers.c.name).order_by(workers.c.name))).scalars())


async def beat(db: Database, *names: str) -> None:
    async with db.begin() as conn:
        for name in names:
            await ledger.beat(conn, name)


async def claim(db: Database, worker: str, limit: int) -> list[Delivery]:
    async with db.begin() as conn:
        return await ledger.claim(conn, "telegram", limit, worker=worker, now=NOON, lease_s=LEASE_S)


async def mark(db: Database, batch: list[Delivery], worker: str) -> list[Delivery]:
    async with db.begin() as conn:
        return await ledger.mark(conn, batch, worker=worker, now=NOON, lease_s=LEASE_S)


async def recover(db: Database) -> int:
    async with db.begin() as conn:
        return await ledger.recover(conn, NOON)


async def states(db: Database) -> dict[int, DeliveryState]:
    async with db.begin() as conn:
        rows = await conn.execute(select(deliveries.c.recipient, deliveries.c.state))
        return {recipient: state for recipient, state in rows}  # noqa: C416 - dict() of rows has no types


async def test_the_silent_are_struck_off_and_the_others_stay(db: Database) -> None:
    await beat(db, "lives", "slow", "silent")
    await silence(db, "slow", SILENT_S - 2)
    await silence(db, "silent", SILENT_S + 1)
    async with db.begin() as conn:
        assert await ledger.bury_silent(conn) == ["silent"]
        assert await ledger.bury_silent(conn) == []
    assert await known(db) == ["lives", "slow"]


async def test_who_speaks_again_lives(db: Database) -> None:
    await beat(db, "slow")
    await silence(db, "slow", SILENT_S + 1)
    await beat(db, "slow")
    async with db.begin() as conn:
        assert await ledger.bury_silent(conn) == []


async def test_what_a_silent_worker_held_is_settled_long_before_its_lease_ends(db: Database) -> None:
    await db.populate(*["telegram"] * 5)
    await db.open()
    await beat(db, "dead", "lives")
    held, (theirs,) = await claim(db, "dead", 4), await claim(db, "lives", 1)
    await mark(db, held[:2], "dead")
    await mark(db, [theirs], "lives")
    assert await recover(db) == 0, "both live"
    await silence(db, "dead", SILENT_S + 1)
    assert await recover(db) == 2
    found = await states(db)
    assert [found[one.recipient] for one in held] == [DeliveryState.UNCERTAIN] * 2 + [DeliveryState.WAITING] * 2
    assert found[theirs.recipient] is DeliveryState.SENDING, "a living worker's messages are its own"
    assert {one.recipient for one in await claim(db, "lives", 9)} == {one.recipient for one in held[2:]}


async def test_a_worker_that_was_only_frozen_does_no_harm_when_it_wakes(db: Database) -> None:
    """Its claims are somebody else's by now, its late answer is the truth, and it may claim anew."""
    await db.populate(*["telegram"] * 3)
    await db.open()
    await beat(db, "frozen", "lives")
    flying, leased, taken = await claim(db, "frozen", 3)
    await mark(db, [flying], "frozen")
    await silence(db, "frozen", 30)
    await recover(db)
    async with db.begin() as conn:
        again = await ledger.claim(conn, "telegram", 1, worker="lives", now=NOON, lease_s=LEASE_S)
    assert await mark(db, again, "lives") == again
    assert await mark(db, [flying, leased, taken], "frozen") == []
    found = await states(db)
    assert found[again[0].recipient] is DeliveryState.SENDING, "nobody took it from who has it now"
    async with db.begin() as conn:
        await ledger.record(conn, [(flying, Sent("m1"))], NOON)
    await beat(db, "frozen")
    assert (await states(db))[flying.recipient] is DeliveryState.SENT
    assert len(await mark(db, await claim(db, "frozen", 3), "frozen")) == 1
    assert await known(db) == ["frozen", "lives"]


async def test_an_alert_a_silent_worker_left_in_flight_waits_to_be_sent_again(db: Database) -> None:
    await db.populate("telegram")
    await db.open(Kind.ALERT)
    await beat(db, "dead")
    await mark(db, await claim(db, "dead", 1), "dead")
    await silence(db, "dead", SILENT_S + 1)
    assert await recover(db) == 1
    assert set((await states(db)).values()) == {DeliveryState.WAITING}


async def test_while_the_server_was_away_nobody_was_silent() -> None:
    """Right after its start it has heard of nobody for long: all get their time to speak up."""
    with postgres_server() as just_started:
        if not isinstance(just_started, OwnServer):
            pytest.skip("the server of this test has to be its own, so that it has just started")
        async with database_at(just_started.new_database(fill)) as db:
            await beat(db, "lives")
            await silence(db, "lives", SILENT_S + 1)
            async with db.begin() as conn:
                assert await ledger.bury_silent(conn) == []


async def test_a_heart_beats_until_it_is_stopped_and_then_takes_leave(db: Database) -> None:
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(Heartbeat(db.begin, "mine").run(stop))
        async with asyncio.timeout(30):
            while await known(db) != ["mine"]:  # noqa: ASYNC110 - the database is asked
                await asyncio.sleep(0.01)
        stop.set()
    assert await known(db) == []


async def test_a_heart_outlives_a_database_that_is_away(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    stop, tries = asyncio.Event(), 0

    def begin() -> AbstractAsyncContextManager[AsyncConnection]:
        nonlocal tries
        tries += 1
        stop.set()
        if tries == 1:
            raise ConnectionRefusedError
        return db.begin()

    await beat(db, "mine")
    await Heartbeat(begin, "mine").run(stop)
    assert "this worker cannot say that it lives, trying again: ConnectionRefusedError" in caplog.text
    assert await known(db) == [], "it still took leave"
