"""Campaigns on their way, without the whole of staff's steps, a clock and a channel."""

from collections.abc import Callable
from datetime import datetime, timedelta

from bot.catalogue.schema import Campaign as Content
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection
from scheduler import ledger, lifecycle
from scheduler.model import Campaign, Delivery, Kind, OneOff, Outcome, Run, Sent

AUDIENCE = ResidentsAudience(lambda: {"telegram"})
LASTS = timedelta(hours=24)
WORKER = "w"


async def scheduled(conn: Connection, content: Content, at: datetime) -> Campaign:
    """A campaign that went all the way to its schedule."""
    drafted = lifecycle.draft(
        kind=Kind(content.kind.value),
        title=content.title["pl"],
        content=content.model_dump(mode="json"),
        audience=content.audience.model_dump(mode="json"),
        author="ed",
        now=at,
    )
    made = await ledger.create_campaign(conn, drafted)
    approved = lifecycle.approve(lifecycle.submit(made, at), "ap", at)
    return await ledger.save_campaign(conn, lifecycle.schedule(approved, OneOff(at), at), who="ed", what="s", now=at)


async def open_run_of(conn: Connection, content: Content, at: datetime) -> Run:
    """The run of a campaign whose slot has come."""
    campaign = await scheduled(conn, content, at)
    run = await ledger.open_run(
        conn,
        AUDIENCE,
        key=f"campaign:{campaign.id}:{at:%Y-%m-%dT%H:%MZ}",
        kind=campaign.kind,
        slot_at=at,
        expires_at=at + LASTS,
        now=at,
        campaign=campaign,
    )
    await ledger.save_campaign(conn, lifecycle.start(campaign, at), who="planner", what="opened", now=at)
    return run


async def settle(
    conn: Connection, at: datetime, answer: Callable[[Delivery], Outcome] = lambda delivery: Sent(delivery.key)
) -> None:
    """Everything that is due leaves, and is answered, at one instant; by default all is sent."""
    while batch := await ledger.claim(conn, "telegram", 500, worker=WORKER, now=at, lease_s=60):
        marked = await ledger.mark(conn, batch, worker=WORKER, now=at, lease_s=60)
        await ledger.record(conn, [(delivery, answer(delivery)) for delivery in marked], at)
