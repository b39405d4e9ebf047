"""A campaign's way from draft to end. Pure: each step returns a replaced campaign or raises a LifecycleError."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from scheduler.calendar import ZONE, check_window, next_slot
from scheduler.errors import (
    DayInPast,
    NeverFires,
    NotAllowed,
    NothingToSkip,
    OnlyAlerts,
    OwnCampaign,
    ReasonNeeded,
    RunOpen,
    SlotInPast,
)
from scheduler.model import SEND_WINDOW, Campaign, CampaignState, Kind, OneOff, Recurring, Schedule

_OPEN = frozenset(CampaignState) - {CampaignState.FINISHED, CampaignState.CANCELLED}

ALLOWED: dict[str, frozenset[CampaignState]] = {
    "revise": frozenset({CampaignState.DRAFT, CampaignState.IN_REVIEW, CampaignState.APPROVED}),
    "submit": frozenset({CampaignState.DRAFT}),
    "reject": frozenset({CampaignState.IN_REVIEW}),
    "approve": frozenset({CampaignState.IN_REVIEW}),
    "break_glass": frozenset({CampaignState.DRAFT, CampaignState.IN_REVIEW}),
    "schedule": frozenset({CampaignState.APPROVED, CampaignState.SCHEDULED}),
    "unschedule": frozenset({CampaignState.SCHEDULED, CampaignState.PAUSED}),
    "skip": frozenset({CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED}),
    "start": frozenset({CampaignState.SCHEDULED, CampaignState.RUNNING}),
    "miss": frozenset({CampaignState.SCHEDULED, CampaignState.RUNNING}),
    "settle": frozenset({CampaignState.RUNNING}),
    "pause": frozenset({CampaignState.SCHEDULED, CampaignState.RUNNING}),
    "resume": frozenset({CampaignState.PAUSED}),
    "retry": frozenset({CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.FINISHED}),
    "cancel": _OPEN,
}
"""From which states each step may be taken."""
BY_ITSELF = frozenset({"start", "miss", "settle"})
"""Steps that the planner takes; all others are people's."""

MISSED = "its time passed while nothing could be sent"
PAUSED_FOR = "paused: "
"""How the history of a campaign that was paused for a fault goes on with its reason; people give none."""
SHORTEST_REASON, LONGEST_REASON = 10, 500


def may(step: str, campaign: Campaign) -> bool:
    """Whether a step may be taken now; for showing only the buttons that work."""
    return campaign.state in ALLOWED[step] and _fits(step, campaign)


def _fits(step: str, campaign: Campaign) -> bool:
    """Whether a step makes sense for this campaign, whatever its state."""
    match step:
        case "break_glass":
            return campaign.kind is Kind.ALERT
        case "skip":
            return isinstance(campaign.schedule, Recurring)
        case "unschedule":
            return not _is_being_sent(campaign)
        case _:
            return True


def _is_being_sent(campaign: Campaign) -> bool:
    return CampaignState.RUNNING in (campaign.state, campaign.paused_from)


def steps(campaign: Campaign) -> list[str]:
    """What people may do with it now."""
    return [step for step in ALLOWED if step not in BY_ITSELF and may(step, campaign)]


def _check(step: str, campaign: Campaign) -> None:
    if campaign.state not in ALLOWED[step]:
        raise NotAllowed(f"{_command(step)}: it is {campaign.state.replace('_', ' ')}; {_way_on(step, campaign)}")


def _way_on(step: str, campaign: Campaign) -> str:
    if step == "revise" and may("unschedule", campaign):
        return "unschedule it first, and have it approved again afterwards"
    return f"possible now: {', '.join(map(_command, steps(campaign))) or 'nothing'}"


def _command(step: str) -> str:
    return step.replace("_", "-")


def draft(
    *,
    kind: Kind,
    title: str,
    content: dict[str, Any],
    audience: dict[str, Any],
    author: str,
    now: datetime,
    window: timedelta = SEND_WINDOW,
) -> Campaign:
    """A new campaign, not stored yet (its id is 0)."""
    seconds = int(check_window(window).total_seconds())
    return Campaign(0, kind, title, content, audience, author, created_at=now, updated_at=now, window_s=seconds)


def revise(
    campaign: Campaign,
    *,
    now: datetime,
    title: str | None = None,
    content: dict[str, Any] | None = None,
    audience: dict[str, Any] | None = None,
    window: timedelta | None = None,
) -> Campaign:
    """Change what it says or whom it reaches; it is a draft again, and an approval, or doing without one, is void."""
    _check("revise", campaign)
    return replace(
        _windowed(campaign, window),
        state=CampaignState.DRAFT,
        approved_by=None,
        break_glass=None,
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


def break_glass(campaign: Campaign, reason: str, now: datetime) -> Campaign:
    """An alert that cannot wait for a second person: approved by nobody, for a stated reason.

    Raises:
        OnlyAlerts: it is of another kind.
        ReasonNeeded: the reason is too short to be one, or too long to be read.
    """
    if not _fits("break_glass", campaign):
        raise OnlyAlerts(campaign.kind)
    _check("break_glass", campaign)
    stated = reason.strip()
    if not SHORTEST_REASON <= len(stated) <= LONGEST_REASON:
        raise ReasonNeeded
    return replace(campaign, state=CampaignState.APPROVED, break_glass=stated, reason=None, updated_at=now)


def schedule(campaign: Campaign, when: Schedule, now: datetime, window: timedelta | None = None) -> Campaign:
    """Set or change its time; `OneOff(now)` means at once, which for all but alerts is after quiet hours.

    `window` is how long after its time a message may still leave; None keeps the one it has.

    Raises:
        SlotInPast: the single slot lies before `now`.
        DayInPast: a date to skip has passed.
        NeverFires: the rule has no slot.
        BadCron: the rule cannot be read.
        NotAWindow: the window is out of its bounds.
    """
    _check("schedule", campaign)
    if isinstance(when, OneOff):
        if when.at < now:
            raise SlotInPast(f"{when.at.astimezone(ZONE):%Y-%m-%d %H:%M}")
        first: datetime | None = when.at
    else:
        _check_days(when.skip, now)
        first = next_slot(when, after=now)
    if first is None:
        raise NeverFires
    timed = replace(campaign, state=CampaignState.SCHEDULED, schedule=when, next_at=first, reason=None, updated_at=now)
    return _windowed(timed, window)


def _windowed(campaign: Campaign, window: timedelta | None) -> Campaign:
    return campaign if window is None else replace(campaign, window_s=int(check_window(window).total_seconds()))


def _check_days(days: Iterable[date], now: datetime) -> None:
    passed = [day for day in days if day < now.astimezone(ZONE).date()]
    if passed:
        raise DayInPast(", ".join(map(str, sorted(passed))))


def skip(campaign: Campaign, day: date, now: datetime) -> Campaign:
    """Leave out the rule's slots of a date; if the next one was of that date, it moves on.

    Raises:
        NothingToSkip: it does not repeat by a rule.
        DayInPast: the date has passed.
        NeverFires: no slot would be left.
    """
    _check("skip", campaign)
    if not isinstance(campaign.schedule, Recurring):
        raise NothingToSkip
    _check_days([day], now)
    rule = replace(campaign.schedule, skip=campaign.schedule.skip | {day})
    first = campaign.next_at
    if first is not None and first.astimezone(ZONE).date() == day:
        first = next_slot(rule, after=first)
        if first is None:
            raise NeverFires
    return replace(campaign, schedule=rule, next_at=first, updated_at=now)


def unschedule(campaign: Campaign, now: datetime) -> Campaign:
    """Take its time away: it is approved as before, and may be revised.

    Raises:
        RunOpen: it is being sent.
    """
    if _is_being_sent(campaign):
        raise RunOpen
    _check("unschedule", campaign)
    return replace(
        campaign,
        state=CampaignState.APPROVED,
        schedule=None,
        next_at=None,
        paused_from=None,
        reason=None,
        updated_at=now,
    )


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


def retry(campaign: Campaign, now: datetime) -> Campaign:
    """What failed in one of its runs waits again; its schedule stays as it is."""
    _check("retry", campaign)
    return replace(campaign, state=CampaignState.RUNNING, reason=None, updated_at=now)


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
