"""What was claimed by day does not leave by night."""

from datetime import datetime

from scheduler import ledger
from scheduler.calendar import ZONE
from scheduler.model import Balance, DeliveryState, Kind
from tests.scheduler.world import DAY, HOUR, Database

EVENING = datetime(2026, 12, 1, 20, 59, 58, tzinfo=ZONE)
NIGHT = EVENING + HOUR / 60
MORNING = EVENING.replace(hour=8, minute=0, second=0) + DAY


async def claimed_then_marked(db: Database, kind: Kind) -> Balance:
    """A delivery that is claimed in time, and whose turn comes at night: the channel asked for silence, say."""
    await db.populate("tg")
    run = await db.open(kind, now=EVENING)
    async with db.begin() as conn:
        batch = await ledger.claim(conn, "tg", 10, worker="w", now=EVENING, lease_s=120)
        assert len(batch) == 1
        await ledger.mark(conn, batch, worker="w", now=NIGHT, lease_s=120)
        return await ledger.balance(conn, run.id)


async def test_quiet_hours_hold_what_was_claimed_before_them(db: Database) -> None:
    assert (await claimed_then_marked(db, Kind.NEWS)).counts == {DeliveryState.WAITING: 1}
    async with db.begin() as conn:
        assert await ledger.claim(conn, "tg", 10, worker="w", now=NIGHT, lease_s=120) == []
        assert len(await ledger.claim(conn, "tg", 10, worker="w", now=MORNING, lease_s=120)) == 1


async def test_an_alert_leaves_at_any_hour(db: Database) -> None:
    assert (await claimed_then_marked(db, Kind.ALERT)).counts == {DeliveryState.SENDING: 1}
