"""Several processes at the ledger at the same moment: nobody is counted twice or lost, and nobody waits for ever."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, select

from scheduler import ledger, lifecycle
from scheduler.errors import StaleCampaign
from scheduler.model import Campaign, CampaignState, Delivery, Kind, OneOff, Run, RunState, Sent
from scheduler.planner import plan
from scheduler.tables import deliveries
from tests.scheduler.world import DAY, HOUR, NOON, Database, Everyone, people

ROUNDS = 10
LEASE_S = 60.0


async def take(db: Database, limit: int, worker: str) -> list[Delivery]:
    async with db.begin() as conn:
        return await ledger.claim(conn, "tg", limit, worker=worker, now=NOON, lease_s=LEASE_S)


async def in_flight(db: Database, limit: int) -> list[Delivery]:
    async with db.begin() as conn:
        batch = await ledger.claim(conn, "tg", limit, worker="w", now=NOON, lease_s=LEASE_S)
        return await ledger.mark(conn, batch, worker="w", now=NOON, lease_s=LEASE_S)


async def balances(db: Database, run: Run) -> bool:
    async with db.begin() as conn:
        return (await ledger.balance(conn, run.id)).holds


async def outcome(work: Coroutine[Any, Any, object]) -> str:
    """`done`, or `stale` when somebody else was quicker; whatever else goes wrong fails the test."""
    try:
        await work
    except StaleCampaign:
        return "stale"
    return "done"


async def test_of_two_changes_at_once_one_is_refused(db: Database) -> None:
    for _ in range(ROUNDS):
        seen = await db.schedule(OneOff(NOON + HOUR))
        results = await asyncio.gather(
            outcome(db.save(lifecycle.pause(seen, NOON))), outcome(db.save(lifecycle.cancel(seen, NOON)))
        )
        assert sorted(results) == ["done", "stale"]
        async with db.begin() as conn:
            assert len(await ledger.list_events(conn, seen.id)) == 3, "what was refused is not in the history"


async def test_two_planners_open_one_run(db: Database) -> None:
    await db.populate(*["tg"] * 20)
    for number in range(ROUNDS):
        now = NOON + timedelta(minutes=number)
        campaign = await db.schedule(OneOff(now), now=now)
        planned = await asyncio.gather(*(plan(db.begin, Everyone(), now) for _ in range(3)))
        opened = {run.id for one in planned for run in one.opened}
        async with db.begin() as conn:
            runs = await ledger.list_runs(conn, campaign.id)
        assert [run.id for run in runs] == list(opened)
        assert runs[0].audience == 20
        assert await balances(db, runs[0])


async def test_a_run_of_one_key_is_written_once_however_many_open_it(db: Database) -> None:
    await db.populate(*["tg"] * 20)
    for number in range(ROUNDS):
        runs = await asyncio.gather(*(db.open(key=f"run {number}") for _ in range(4)))
        assert {run.id for run in runs} == {runs[0].id}
        assert {run.audience for run in runs} == {20}
        assert await balances(db, runs[0])


async def test_claims_at_once_are_disjoint_full_and_no_larger_than_asked(db: Database) -> None:
    await db.populate(*["tg"] * 100)
    await db.open()
    batches = await asyncio.gather(*(take(db, 20, f"w{number}") for number in range(5)))
    assert [len(batch) for batch in batches] == [20] * 5
    assert len({delivery.recipient for batch in batches for delivery in batch}) == 100


async def test_erasure_while_answers_come_in_loses_no_count(db: Database) -> None:
    await db.populate(*["tg"] * 40)
    runs = [await db.open(key=f"run {number}") for number in range(3)]
    marked = await in_flight(db, 120)

    async def answer(batch: list[Delivery]) -> None:
        async with db.begin() as conn:
            await ledger.record(conn, [(delivery, Sent("m")) for delivery in batch], NOON)

    async def forget(recipient: int) -> None:
        async with db.begin() as conn:
            await ledger.forget(conn, recipient)

    batches = [
        sorted(marked[start : start + 30], key=lambda one: (one.run_id, one.recipient)) for start in (0, 30, 60, 90)
    ]
    await asyncio.gather(*map(answer, batches), *map(forget, range(1, 41, 2)))
    assert all([await balances(db, run) for run in runs])
    async with db.begin() as conn:
        left = set((await conn.execute(select(deliveries.c.recipient).distinct())).scalars())
    assert left == set(range(2, 41, 2))


async def test_who_leaves_while_an_audience_is_written_is_not_in_the_ledger(db: Database) -> None:
    await db.populate(*["tg"] * 200)

    async def leave(person: int) -> None:
        async with db.begin() as conn:
            await conn.execute(delete(people).where(people.c.id == person))
            await ledger.forget(conn, person)

    for number in range(ROUNDS):
        leaving = range(number * 10 + 1, number * 10 + 11)
        opening = asyncio.create_task(db.open(key=f"run {number}"))
        await asyncio.gather(opening, *map(leave, leaving))
        run = opening.result()
        assert await balances(db, run)
        async with db.begin() as conn:
            kept = (await conn.execute(select(func.count()).where(deliveries.c.recipient.in_(leaving)))).scalar_one()
        assert kept == 0, "somebody who is gone stands in the ledger"


async def test_erasure_while_old_runs_are_archived_counts_each_once(db: Database) -> None:
    await db.populate(*["tg"] * 20)
    for number in range(ROUNDS):
        run = await db.open(key=f"run {number}")
        async with db.begin() as conn:
            await ledger.cancel_run(conn, run.id, "enough", NOON)

        async def forget(recipient: int) -> None:
            async with db.begin() as conn:
                await ledger.forget(conn, recipient)

        async def archive() -> None:
            async with db.begin() as conn:
                await ledger.archive(conn, NOON + DAY)

        await asyncio.gather(archive(), archive(), *map(forget, range(1, 21)))
        assert await balances(db, run)


async def test_a_deliverer_and_staff_pause_at_once_and_neither_waits_for_ever(db: Database) -> None:
    await db.populate("tg")

    async def pause_run(run: Run) -> None:
        async with db.begin() as conn:
            await ledger.pause_run(conn, run.id, "30 of 50", who="delivery", now=NOON)

    for number in range(ROUNDS):
        campaign, run = await running(db, f"run {number}")
        results = await asyncio.gather(outcome(pause_run(run)), outcome(db.save(lifecycle.pause(campaign, NOON))))
        assert "done" in results
        assert (await db.load(campaign.id)).state is CampaignState.PAUSED
        async with db.begin() as conn:
            assert (await ledger.load_run(conn, run.id)).state is RunState.PAUSED


async def test_staff_pause_while_the_planner_finishes_and_neither_waits_for_ever(db: Database) -> None:
    for number in range(ROUNDS):
        campaign, _ = await running(db, f"run {number}")  # nobody is in it: there is nothing to wait for
        results = await asyncio.gather(
            outcome(plan(db.begin, Everyone(), NOON)), outcome(db.save(lifecycle.pause(campaign, NOON)))
        )
        assert "done" in results
        ended = await db.load(campaign.id)
        async with db.begin() as conn:
            (run,) = await ledger.list_runs(conn, campaign.id)
        assert (ended.state, run.state) in {
            (CampaignState.PAUSED, RunState.PAUSED),
            (CampaignState.FINISHED, RunState.FINISHED),
        }


async def running(db: Database, key: str) -> tuple[Campaign, Run]:
    campaign = await db.schedule()
    run = await db.open(Kind.NEWS, key, campaign=campaign)
    return await db.save(lifecycle.start(campaign, NOON)), run
