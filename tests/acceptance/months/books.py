"""What stands in the database of the town: campaigns written into it, and the ledger read out of it."""

from datetime import UTC, datetime

from sqlalchemy import func, select

from bot.storage.database import Connection
from scheduler import ledger, lifecycle
from scheduler.model import Kind, OneOff, Recurring
from scheduler.tables import deliveries, runs, tallies
from tests.acceptance.months.house import marked
from tests.acceptance.months.town import Spec
from tests.support import campaign


def instant(text: str) -> datetime:
    """As SQLite keeps it."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def name_of(kind: Kind, mark: str | None, subject: str, titles: dict[int, str]) -> str:
    if kind is Kind.DAILY_TIP:
        return "tip"
    if kind is Kind.REMINDER:
        occasion, number, *_ = subject.split(":")
        return f"{occasion} {titles[int(number)]}"
    assert mark
    return mark


async def schedule(conn: Connection, spec: Spec, now: datetime) -> int:
    """A campaign that went all the way to its schedule."""
    content = campaign(
        kind=spec.kind, text=marked(spec.mark), audience={"districts": spec.districts, "languages": spec.languages}
    )
    drafted = lifecycle.draft(
        kind=Kind(spec.kind),
        title=spec.mark,
        content=content.model_dump(mode="json"),
        audience=content.audience.model_dump(mode="json"),
        author="ada",
        now=now,
    )
    when = OneOff(spec.once) if spec.once else Recurring(spec.cron, spec.skip)
    stored = await ledger.create_campaign(conn, drafted)
    approved = lifecycle.approve(lifecycle.submit(stored, now), "bob", now)
    saved = await ledger.save_campaign(conn, lifecycle.schedule(approved, when, now), who="ada", what="set", now=now)
    return saved.id


async def out_of_balance(conn: Connection) -> list[str]:
    """Keys of the runs whose audience is not what their deliveries and tallies add up to."""
    rows = select(func.count()).where(deliveries.c.run_id == runs.c.id).scalar_subquery()
    gone = select(func.coalesce(func.sum(tallies.c.count), 0)).where(tallies.c.run_id == runs.c.id).scalar_subquery()
    return list((await conn.execute(select(runs.c.key).where(runs.c.audience != rows + gone))).scalars())
