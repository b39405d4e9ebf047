"""What is due, decided from the database alone: repeating it, at any point and in any process, repeats nothing."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from scheduler import ledger, lifecycle
from scheduler.calendar import next_slot, release_at
from scheduler.errors import StaleCampaign
from scheduler.model import Campaign, Run
from scheduler.ports import Audience, Begin

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

logger = logging.getLogger(__name__)

WHO = "planner"


@dataclass(frozen=True, slots=True)
class Planned:
    """What one round of planning did."""

    opened: tuple[Run, ...] = ()
    finished: tuple[Run, ...] = ()
    lost: int = 0
    delayed: tuple[str, ...] = ()
    """What could not be opened just now, and why: the next round tries again."""


async def plan(begin: Begin, audience: Audience, now: datetime) -> Planned:
    """One round: settle what dead senders left, finish what is done, open the run of every campaign that is due.

    Each campaign has its own transaction, so that one with a broken audience is paused with the reason and the others
    go out. Quiet hours hold all but alerts until their end. After downtime at most one missed slot of a campaign is
    caught up, and only while its send window lasts; the others are noted as missed in its history.
    """
    async with begin() as conn:
        if not await ledger.has_work(conn, now):
            return Planned()
        lost = await ledger.recover(conn, now)
        await ledger.end_doubts(conn, now)
        finished = await ledger.finish_runs(conn, now)
        for campaign_id in await ledger.idle_campaigns(conn):
            await _settle(conn, campaign_id, now)
        due = await ledger.due_campaigns(conn, now)
    tried = [await _try_to_fire(begin, audience, campaign_id, now) for campaign_id in due]
    opened = tuple(one for one in tried if isinstance(one, Run))
    return Planned(opened, tuple(finished), lost, tuple(one for one in tried if isinstance(one, str)))


async def _settle(conn: "AsyncConnection", campaign_id: int, now: datetime) -> None:
    campaign = lifecycle.settle(await ledger.load_campaign(conn, campaign_id), now)
    await ledger.save_campaign(conn, campaign, who=WHO, what=campaign.state, now=now)


async def _try_to_fire(begin: Begin, audience: Audience, campaign_id: int, now: datetime) -> Run | str | None:
    """Its run; or why it is delayed; or None, when there is nothing to open (any more)."""
    try:
        async with begin() as conn:
            return await _fire(conn, audience, campaign_id, now)
    except StaleCampaign:
        return None  # somebody changed it this moment; the next round sees what they did
    except ledger.FAULTS as error:
        return f"campaign {campaign_id}: {ledger.explain(error)}"
    except Exception as error:  # noqa: BLE001 - one campaign's fault must not hold the others
        # Only the class is logged: an exception's text can carry parameters, and so people.
        logger.error("campaign %d could not be opened: %s", campaign_id, type(error).__name__)  # noqa: TRY400
        await _pause(begin, campaign_id, f"its audience could not be written: {type(error).__name__}", now)
        return None


async def _pause(begin: Begin, campaign_id: int, reason: str, now: datetime) -> None:
    async with begin() as conn:
        campaign = await ledger.load_campaign(conn, campaign_id)
        if lifecycle.may("pause", campaign):
            paused = lifecycle.pause(campaign, now, reason)
            await ledger.save_campaign(conn, paused, who=WHO, what=lifecycle.PAUSED_FOR + reason, now=now)


async def _fire(conn: "AsyncConnection", audience: Audience, campaign_id: int, now: datetime) -> Run | None:
    campaign = await ledger.load_campaign(conn, campaign_id)
    if not lifecycle.may("start", campaign) or campaign.next_at is None or campaign.next_at > now:
        return None
    if release_at(campaign.kind, now) > now:
        return None
    slot_at, missed = _last_due(campaign, campaign.next_at, now)
    expires_at = release_at(campaign.kind, slot_at) + timedelta(seconds=campaign.window_s)
    if expires_at <= now:
        what = f"missed {missed + 1}, the last at {slot_at:%Y-%m-%d %H:%M}Z"
        await ledger.save_campaign(conn, lifecycle.miss(campaign, now), who=WHO, what=what, now=now)
        return None
    run = await ledger.open_run(
        conn,
        audience,
        key=f"campaign:{campaign.id}:{slot_at:%Y-%m-%dT%H:%MZ}",
        kind=campaign.kind,
        slot_at=slot_at,
        expires_at=expires_at,
        now=now,
        campaign=campaign,
    )
    what = f"opened {run.key} for {run.audience}" + (f", missed {missed} before it" if missed else "")
    await ledger.save_campaign(conn, lifecycle.start(campaign, now), who=WHO, what=what, now=now)
    return run


def _last_due(campaign: Campaign, first: datetime, now: datetime) -> tuple[datetime, int]:
    """The newest slot that is due, and how many older ones it leaves behind."""
    slot_at, older = first, 0
    while campaign.schedule and (following := next_slot(campaign.schedule, after=slot_at)) and following <= now:
        slot_at, older = following, older + 1
    return slot_at, older
