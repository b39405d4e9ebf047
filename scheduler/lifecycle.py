"""A campaign's way from draft to end. Pure: each step returns a replaced campaign or raises a LifecycleError."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from scheduler.calendar import next_slot
from scheduler.errors import NeverFires, NotAllowed, OwnCampaign, SlotInPast
from scheduler.model import Campaign, CampaignState, Kind, OneOff, Schedule

_OPEN = frozenset(CampaignState) - {CampaignState.FINISHED, CampaignState.CANCELLED}

ALLOWED: dict[str, frozenset[CampaignState]] = {
    "revise": frozenset({CampaignState.DRAFT, CampaignState.IN_REVIEW, CampaignState.APPROVED}),
    "submit": frozenset({CampaignState.DRAFT}),
    "reject": frozenset({CampaignState.IN_REVIEW}),
    "approve": frozenset({CampaignState.IN_REVIEW}),
    "schedule": frozenset({CampaignState.APPROVED, CampaignState.SCHEDULED}),
    "start": frozenset({CampaignState.SCHEDULED, CampaignState.RUNNING}),
    "miss": frozenset({CampaignState.SCHEDULED, CampaignState.RUNNING}),
    "settle": frozenset({CampaignState.RUNNING}),
    "pause": frozenset({CampaignState.SCHEDULED, CampaignState.RUNNING}),
    "resume": frozenset({CampaignState.PAUSED}),
    "cancel": _OPEN,
}
"""From which states each step may be taken."""

MISSED = "its time passed while nothing could be sent"


def may(step: str, campaign: Campaign) -> bool:
    """Whether a step may be taken now; for showing only the buttons that work."""
    return campaign.state in ALLOWED[step]


def _check(step: str, campaign: Campaign) -> None:
    if not may(step, campaign):
        raise NotAllowed(f"{step}: {campaign.state}")


def draft(
    *, kind: Kind, title: str, content: dict[str, Any], audience: dict[str, Any], author: str, now: datetime
) -> Campaign:
    """A new campaign, not stored yet (its id is 0)."""
    return Campaign(0, kind, title, content, audience, author, created_at=now, updated_at=now)


def revise(
    campaign: Campaign,
    *,
    now: datetime,
    title: str | None = None,
    content: dict[str, Any] | None = None,
    audience: dict[str, Any] | None = None,
) -> Campaign:
    """Change what it says or whom it reaches; it is a draft again, and an approval is void."""
    _check("revise", campaign)
    return replace(
        campaign,
        state=CampaignState.DRAFT,
        approved_by=None,
        title=campaign.title if title is None else title,
        content=campaign.content if content is None else content,
        audience=campaign.audience if audience is None else audience,
        updated_at=now,
    )


def submit(campaign: Campaign, now: datetime) -> Campaign:
    """Ask for a second person's approval."""
    _check("submit", campaign)
    return replace(campaign, state=CampaignState.IN_REVIEW, reason=None, updated_at=now)


def reject(campaign: Campaign, reason: str, now: datetime) -> Campaign:
    """Send it back to its author with a reason."""
    _check("reject", campaign)
    return replace(campaign, state=CampaignState.DRAFT, reason=reason, updated_at=now)


def approve(campaign: Campaign, by: str, now: datetime) -> Campaign:
    """A second person's yes.

    Raises:
        OwnCampaign: `by` is the author.
    """
    _check("approve", campaign)
    if by == campaign.author:
        raise OwnCampaign(by)
    return replace(campaign, state=CampaignState.APPROVED, approved_by=by, reason=None, updated_at=now)


def schedule(campaign: Campaign, when: Schedule, now: datetime) -> Campaign:
    """Set or change its time; `OneOff(now)` means at once, which for all but alerts is after quiet hours.

    Raises:
        SlotInPast: the single slot lies before `now`.
        NeverFires: the rule has no slot.
        BadCron: the rule cannot be read.
    """
    _check("schedule", campaign)
    if isinstance(when, OneOff):
        if when.at < now:
            raise SlotInPast(when.at.isoformat(timespec="minutes"))
        first: datetime | None = when.at
    else:
        first = next_slot(when, after=now)
    if first is None:
        raise NeverFires
    return replace(campaign, state=CampaignState.SCHEDULED, schedule=when, next_at=first, reason=None, updated_at=now)


def start(campaign: Campaign, now: datetime) -> Campaign:
    """A slot's run was opened; the next one is looked up after `now`, so a pile of missed slots fires once."""
    _check("start", campaign)
    return replace(campaign, state=CampaignState.RUNNING, next_at=_following(campaign, now), updated_at=now)


def miss(campaign: Campaign, now: datetime) -> Campaign:
    """Its slot passed beyond the send window: go on to the next, or end if there is none."""
    _check("miss", campaign)
    following = _following(campaign, now)
    if following is None and campaign.state is CampaignState.SCHEDULED:
        return replace(campaign, state=CampaignState.CANCELLED, next_at=None, reason=MISSED, updated_at=now)
    return replace(campaign, next_at=following, updated_at=now)


def settle(campaign: Campaign, now: datetime) -> Campaign:
    """Its open runs are done: wait for the next slot, or finish."""
    _check("settle", campaign)
    state = CampaignState.SCHEDULED if campaign.next_at else CampaignState.FINISHED
    return replace(campaign, state=state, updated_at=now)


def pause(campaign: Campaign, now: datetime, reason: str | None = None) -> Campaign:
    """Hold it where it is."""
    _check("pause", campaign)
    return replace(campaign, state=CampaignState.PAUSED, paused_from=campaign.state, reason=reason, updated_at=now)


def resume(campaign: Campaign, now: datetime) -> Campaign:
    """Go on where it was held; slots of a rule that passed meanwhile are let go, a single slot is kept."""
    _check("resume", campaign)
    kept = campaign.next_at if isinstance(campaign.schedule, OneOff) else _following(campaign, now)
    back = campaign.paused_from or CampaignState.SCHEDULED
    return replace(campaign, state=back, paused_from=None, next_at=kept, reason=None, updated_at=now)


def cancel(campaign: Campaign, now: datetime, reason: str | None = None) -> Campaign:
    """End it; what has not left stays unsent."""
    _check("cancel", campaign)
    return replace(
        campaign, state=CampaignState.CANCELLED, next_at=None, paused_from=None, reason=reason, updated_at=now
    )


def _following(campaign: Campaign, now: datetime) -> datetime | None:
    if campaign.schedule is None or isinstance(campaign.schedule, OneOff):
        return None
    return next_slot(campaign.schedule, after=now)
