"""Who has had enough for a week: messages that arrived, may have arrived, or are on their way."""

from sqlalchemy import update

from scheduler import ledger
from scheduler.model import DeliveryState, Kind, RunState
from scheduler.tables import deliveries, runs
from tests.scheduler.world import DAY, NOON, Database

D = DeliveryState


async def capped(db: Database) -> list[int]:
    """Who has had one message or more, by person: one person for each state."""
    async with db.begin() as conn:
        return sorted((await conn.execute(ledger.over_cap({Kind.NEWS}, NOON - DAY, 1))).scalars())


async def set_state(db: Database, run_id: int, *, run: RunState, **of: DeliveryState) -> None:
    async with db.begin() as conn:
        await conn.execute(update(runs).where(runs.c.id == run_id).values(state=run))
        for person, state in of.items():
            its = deliveries.c.recipient == int(person.removeprefix("p"))
            await conn.execute(update(deliveries).where(deliveries.c.run_id == run_id, its).values(state=state))


async def test_what_may_still_come_counts_and_what_will_not_does_not(db: Database) -> None:
    await db.populate(*["tg"] * 8)
    run = await db.open()
    states = {
        "p1": D.WAITING,
        "p2": D.SENDING,
        "p3": D.SENT,
        "p4": D.UNCERTAIN,
        "p5": D.BLOCKED,
        "p6": D.FAILED,
        "p7": D.OPTED_OUT,
        "p8": D.EXPIRED,
    }
    await set_state(db, run.id, run=RunState.RUNNING, **states)
    assert await capped(db) == [1, 2, 3, 4]
    await set_state(db, run.id, run=RunState.PAUSED)
    assert await capped(db) == [1, 2, 3, 4]
    await set_state(db, run.id, run=RunState.CANCELLED)
    assert await capped(db) == [2, 3, 4], "a cancelled run's waiting messages stay unsent"
