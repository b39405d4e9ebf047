"""What needs one member of the staff now: what waits for their yes, came back, runs, fails, takes place, grows old."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from bot.catalogue.library import Library
from bot.domain.workshops import Workshop
from bot.services import quality, staff
from bot.services.quality import Review
from bot.services.snapshots import midnight
from bot.storage import workshops
from bot.storage.database import Connection
from bot.storage.staff import Member, Role
from scheduler import ledger
from scheduler.calendar import ZONE
from scheduler.model import Campaign, CampaignState, Run, RunState

MOST = 20
"""Of each kind; whoever has more finds them in their list."""


@dataclass(frozen=True, slots=True)
class Running:
    """A campaign that is going out."""

    campaign: Campaign
    run: Run
    waiting: int

    @property
    def gone(self) -> int:
        """How many of its messages are not waiting any more."""
        return self.run.audience - self.waiting


@dataclass(frozen=True, slots=True)
class Today:
    """All of it; what is not this member's business is empty."""

    to_approve: tuple[Campaign, ...] = ()
    returned: tuple[Campaign, ...] = ()
    paused: tuple[Campaign, ...] = ()
    held: tuple[Run, ...] = ()
    """What goes out by itself (daily tips, reminders) and was paused."""
    running: tuple[Running, ...] = ()
    workshops: tuple[Workshop, ...] = ()
    """Those of today and tomorrow that are not over."""
    due: tuple[Review, ...] = ()

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to do."""
        calm = (self.to_approve, self.returned, self.paused, self.held, self.workshops, self.due)
        return not any(calm)


async def look(conn: Connection, library: Library, member: Member, now: datetime) -> Today:
    """What is on this member's desk. A partner's is their own campaigns and workshops alone."""
    only = member.name if member.role is Role.PARTNER else None
    today = now.astimezone(ZONE).date()
    paused = await ledger.list_campaigns(conn, [CampaignState.PAUSED], created_by=only, most=MOST)
    return Today(
        to_approve=await _to_approve(conn, member),
        returned=await _returned(conn, member),
        paused=tuple(paused),
        held=await _held(conn, member),
        running=await _running(conn, only),
        workshops=await _soon(conn, member, only, today, now),
        due=_due(library, member, today),
    )


async def _to_approve(conn: Connection, member: Member) -> tuple[Campaign, ...]:
    if not staff.may(member.role, "approve"):
        return ()
    found = await ledger.list_campaigns(conn, [CampaignState.IN_REVIEW], most=MOST)
    return tuple(one for one in found if one.author != member.name)


async def _returned(conn: Connection, member: Member) -> tuple[Campaign, ...]:
    if not staff.may(member.role, "revise"):
        return ()
    drafts = await ledger.list_campaigns(conn, [CampaignState.DRAFT], created_by=member.name)
    return tuple(one for one in drafts if one.reason)[:MOST]


async def _held(conn: Connection, member: Member) -> tuple[Run, ...]:
    if not staff.may(member.role, "resume_run"):
        return ()
    paused = await ledger.list_runs(conn, states=[RunState.PAUSED])
    return tuple(run for run in paused if run.campaign_id is None)[:MOST]


async def _running(conn: Connection, only: str | None) -> tuple[Running, ...]:
    going = await ledger.list_campaigns(conn, [CampaignState.RUNNING], created_by=only, most=MOST)
    campaigns = {one.id: one for one in going}
    runs = [run for run in await ledger.list_runs(conn, states=[RunState.RUNNING]) if run.campaign_id in campaigns]
    waiting = await ledger.count_waiting(conn, [run.id for run in runs])
    return tuple(Running(campaigns[run.campaign_id or 0], run, waiting[run.id]) for run in runs)


async def _soon(conn: Connection, member: Member, only: str | None, today: date, now: datetime) -> tuple[Workshop, ...]:
    if not staff.may(member.role, "plan_workshops"):
        return ()
    until = midnight(today + timedelta(days=2))
    found = await workshops.page(conn, now, past=False, limit=MOST, owner=only)
    return tuple(_on(found, until))


def _on(found: Sequence[workshops.Numbers], until: datetime) -> list[Workshop]:
    return [one.workshop for one in found if one.workshop.starts_at < until and one.workshop.cancelled_at is None]


def _due(library: Library, member: Member, today: date) -> tuple[Review, ...]:
    writes = staff.may(member.role, "create") and member.role is not Role.PARTNER
    return tuple(quality.due(library, today)) if writes else ()
