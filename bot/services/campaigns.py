"""Staff's work on a campaign, from a file to its end: who may take each step, and a line in its history for each.

Steps take the `revision` that whoever takes them looked at: if somebody changed the campaign since, they raise
StaleCampaign. None takes it as it is.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial

from bot.catalogue.library import Library
from bot.catalogue.schema import Campaign as Content
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.domain.errors import BotError
from bot.services import notices, refusals, staff, tokens
from bot.services.campaign_texts import REVISED, missing_languages
from bot.services.staff import OPERATOR
from bot.storage.database import Connection
from bot.storage.staff import Role
from scheduler import ledger, lifecycle
from scheduler.calendar import ZONE
from scheduler.errors import OnlyAlerts, OwnCampaign, StaleCampaign
from scheduler.model import Campaign, Event, Kind, OneOff, Run, Schedule

SUBMITTED, SENT_BACK = notices.SUBMITTED, notices.SENT_BACK


class WrongKind(BotError):
    """The file says another kind."""


class NotYourCampaign(BotError):
    """This campaign was made by somebody else; you may work on your own."""


async def create(
    conn: Connection, library: Library, content: Content, *, who: str, now: datetime, ask: bool | None = None
) -> Campaign:
    """A new campaign, a draft or, if this is to `ask` for approval, in review; None: if it is there in every language.

    Raises UnknownMember, NotYourRole.
    """
    return await _create(conn, library, content, await staff.allowed(conn, "create", who), now, ask=ask)


async def create_alert(conn: Connection, library: Library, content: Content, *, who: str, now: datetime) -> Campaign:
    """A new alert that may have to leave at once: whoever may let it leave may also write it.

    Raises UnknownMember, NotYourRole, OnlyAlerts.
    """
    author = await staff.allowed(conn, "break_glass", who)
    if Kind(content.kind.value) is not Kind.ALERT:
        raise OnlyAlerts(content.kind.value)
    return await _create(conn, library, content, author, now)


async def _create(
    conn: Connection, library: Library, content: Content, author: str, now: datetime, *, ask: bool | None = None
) -> Campaign:
    await refusals.refuse_unfit(conn, content)
    created = await ledger.create_campaign(conn, draft_of(content, author, now))
    return await ask_for_approval(conn, created, now) if _asks(ask, library, content) else created


def draft_of(content: Content, author: str, now: datetime) -> Campaign:
    """A campaign that says this, not stored yet."""
    return lifecycle.draft(
        kind=Kind(content.kind.value),
        title=content.title[DEFAULT_LANGUAGE],
        content=content.model_dump(mode="json"),
        audience=content.audience.model_dump(mode="json"),
        author=author,
        now=now,
        window=timedelta(hours=content.window),
    )


def _asks(ask: bool | None, library: Library, content: Content) -> bool:
    return not missing_languages(library, content) if ask is None else ask


async def ask_for_approval(conn: Connection, campaign: Campaign, now: datetime) -> Campaign:
    """Submit it in its author's name, and tell whoever may approve it. Raises NotAllowed, StaleCampaign."""
    submitted = lifecycle.submit(campaign, now)
    saved = await ledger.save_campaign(conn, submitted, who=campaign.author, what=SUBMITTED, now=now)
    await notices.tell_review(conn, saved, now)
    return saved


async def duplicate(conn: Connection, campaign_id: int, *, who: str, now: datetime) -> Campaign:
    """A new draft that says the same to the same people; its own time and approval are yet to come.

    Raises UnknownMember, NotYourRole, NotYourCampaign, UnknownCampaign.
    """
    author = await taken_by(conn, "create", campaign_id, who)
    old = await ledger.load_campaign(conn, campaign_id)
    window = timedelta(seconds=old.window_s)
    draft = lifecycle.draft(
        kind=old.kind,
        title=old.title,
        content=old.content,
        audience=old.audience,
        author=author,
        now=now,
        window=window,
    )
    made = await ledger.create_campaign(conn, draft)
    await ledger.log_event(conn, Event(made.id, now, author, f"copied from campaign {old.id}"))
    return made


async def revise(
    conn: Connection,
    library: Library,
    campaign_id: int,
    content: Content,
    *,
    who: str,
    now: datetime,
    revision: int | None = None,
    ask: bool | None = None,
) -> Campaign:
    """Other words or another audience; an approval is void, and whoever revised it cannot approve it.

    `ask`: whether to ask for approval at once; None: if it is there in every language.

    Raises UnknownMember, NotYourRole, WrongKind, SchedulerError.
    """
    author = await taken_by(conn, "revise", campaign_id, who)
    campaign = await load(conn, campaign_id, revision)
    if Kind(content.kind.value) is not campaign.kind:
        raise WrongKind(f"Campaign {campaign_id} is of the kind {campaign.kind}, the file is of {content.kind}.")
    await refusals.refuse_unfit(conn, content)
    revised = lifecycle.revise(
        campaign,
        now=now,
        title=content.title[DEFAULT_LANGUAGE],
        content=content.model_dump(mode="json"),
        audience=content.audience.model_dump(mode="json"),
        window=timedelta(hours=content.window),
    )
    revised = replace(revised, author=author)
    saved = await ledger.save_campaign(conn, revised, who=author, what=REVISED, now=now)
    return await ask_for_approval(conn, saved, now) if _asks(ask, library, content) else saved


async def submit(
    conn: Connection, campaign_id: int, *, who: str, now: datetime, revision: int | None = None
) -> Campaign:
    """Ask for approval, even if it is not there in every language."""
    change = partial(lifecycle.submit, now=now)
    saved = await _step(conn, campaign_id, "submit", change, SUBMITTED, who=who, now=now, revision=revision)
    await notices.tell_review(conn, saved, now)
    return saved


async def approve(
    conn: Connection, campaign_id: int, *, who: str, now: datetime, revision: int | None = None
) -> Campaign:
    """A second person's yes. Raises OwnCampaign when it is the author's, or a program's by a token that they made."""
    if await tokens.maker_of(conn, (await ledger.load_campaign(conn, campaign_id)).author) == who:
        raise OwnCampaign(who)
    change = partial(lifecycle.approve, by=who, now=now)
    return await _step(conn, campaign_id, "approve", change, "approved", who=who, now=now, revision=revision)


async def reject(
    conn: Connection, campaign_id: int, reason: str, *, who: str, now: datetime, revision: int | None = None
) -> Campaign:
    """Back to its author, with a reason."""
    change = partial(lifecycle.reject, reason=reason, now=now)
    what = f"{SENT_BACK}{reason}"
    saved = await _step(conn, campaign_id, "reject", change, what, who=who, now=now, revision=revision)
    await notices.tell_returned(conn, saved, now)
    return saved


async def break_glass(
    conn: Connection, campaign_id: int, reason: str, *, who: str, now: datetime, revision: int | None = None
) -> tuple[Campaign, Run]:
    """Let an alert leave without a second person, and tell all staff; returns it with the run that tells them.

    Raises UnknownMember, NotYourRole, UnknownCampaign, OnlyAlerts, ReasonNeeded, NotAllowed.
    """
    change = partial(lifecycle.break_glass, reason=reason, now=now)
    what = notices.WITHOUT_SECOND + reason.strip()
    campaign = await _step(conn, campaign_id, "break_glass", change, what, who=who, now=now, revision=revision)
    return campaign, await notices.tell_without_second(conn, campaign_id, now)


async def send_alert(
    conn: Connection, campaign_id: int, reason: str, *, who: str, now: datetime, revision: int | None = None
) -> tuple[Campaign, Run]:
    """The same, and it leaves at once. Raises what `break_glass` raises, and NobodyToReach."""
    _, told = await break_glass(conn, campaign_id, reason, who=who, now=now, revision=revision)
    at_once = OneOff(now)
    change = partial(lifecycle.schedule, when=at_once, now=now)
    sent = await _step(conn, campaign_id, "break_glass", change, "sent at once", who=who, now=now)
    await refusals.refuse_nobody(conn, sent, at_once, now)
    return sent, told


async def schedule(
    conn: Connection,
    campaign_id: int,
    when: Schedule,
    *,
    now: datetime,
    who: str | None = None,
    window: timedelta | None = None,
    revision: int | None = None,
) -> Campaign:
    """Set its time, or another one; `window`: how long after it a message may still leave, if not as before.

    Raises NobodyToReach: it would go out at once, and to nobody.
    """
    change = partial(lifecycle.schedule, when=when, now=now, window=window)
    what = f"scheduled for {_named(when)}"
    timed = await _step(conn, campaign_id, "schedule", change, what, who=who, now=now, revision=revision)
    await refusals.refuse_nobody(conn, timed, when, now)
    return timed


def _named(when: Schedule) -> str:
    if isinstance(when, OneOff):
        return f"{when.at.astimezone(ZONE):%Y-%m-%d %H:%M}"
    return f"{when.cron}, not on {', '.join(map(str, sorted(when.skip)))}" if when.skip else when.cron


async def unschedule(
    conn: Connection, campaign_id: int, *, now: datetime, who: str | None = None, revision: int | None = None
) -> Campaign:
    """Take its time away, so that it can be revised; it stays approved until then. Raises RunOpen."""
    change = partial(lifecycle.unschedule, now=now)
    return await _step(conn, campaign_id, "unschedule", change, "unscheduled", who=who, now=now, revision=revision)


async def skip(
    conn: Connection,
    campaign_id: int,
    day: date,
    *,
    now: datetime,
    who: str | None = None,
    revision: int | None = None,
) -> Campaign:
    """Leave a date out of its rule. Raises NothingToSkip, DayInPast, NeverFires."""
    change = partial(lifecycle.skip, day=day, now=now)
    return await _step(conn, campaign_id, "skip", change, f"skips {day}", who=who, now=now, revision=revision)


async def pause(
    conn: Connection, campaign_id: int, *, now: datetime, who: str | None = None, revision: int | None = None
) -> Campaign:
    """Hold it: nothing more leaves within a second."""
    change = partial(lifecycle.pause, now=now)
    return await _step(conn, campaign_id, "pause", change, "paused", who=who, now=now, revision=revision)


async def resume(
    conn: Connection, campaign_id: int, *, now: datetime, who: str | None = None, revision: int | None = None
) -> Campaign:
    """Let it go on."""
    change = partial(lifecycle.resume, now=now)
    return await _step(conn, campaign_id, "resume", change, "resumed", who=who, now=now, revision=revision)


async def cancel(
    conn: Connection, campaign_id: int, *, now: datetime, who: str | None = None, revision: int | None = None
) -> Campaign:
    """End it: what has not left stays unsent."""
    change = partial(lifecycle.cancel, now=now)
    return await _step(conn, campaign_id, "cancel", change, "cancelled", who=who, now=now, revision=revision)


async def _step(
    conn: Connection,
    campaign_id: int,
    step: str,
    change: Callable[[Campaign], Campaign],
    what: str,
    *,
    who: str | None,
    now: datetime,
    revision: int | None = None,
) -> Campaign:
    actor = OPERATOR if who is None else await taken_by(conn, step, campaign_id, who)
    campaign = await load(conn, campaign_id, revision)
    return await ledger.save_campaign(conn, change(campaign), who=actor, what=what, now=now)


async def taken_by(conn: Connection, step: str, campaign_id: int, who: str) -> str:
    """The name of the member who takes a step of a campaign. Raises UnknownMember, NotYourRole, NotYourCampaign."""
    name = await staff.allowed(conn, step, who)
    if (await staff.find(conn, name)).role is Role.PARTNER and not await is_own(conn, campaign_id, name):
        raise NotYourCampaign
    return name


async def is_own(conn: Connection, campaign_id: int, who: str) -> bool:
    """Whether somebody is who created it: of a partner's, the others are none of their business."""
    events = await ledger.list_events(conn, campaign_id)
    return bool(events) and events[0].who == who


async def load(conn: Connection, campaign_id: int, revision: int | None = None) -> Campaign:
    """A campaign, still at the revision that somebody looked at. Raises UnknownCampaign, StaleCampaign."""
    campaign = await ledger.load_campaign(conn, campaign_id)
    if revision not in (None, campaign.revision):
        raise StaleCampaign(str(campaign_id))
    return campaign
