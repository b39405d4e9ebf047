"""Staff's work on a campaign, from a file to its end: who may take each step, and a line in its history for each."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

from bot.catalogue import loader
from bot.catalogue.library import Library
from bot.catalogue.problems import ContentError
from bot.catalogue.schema import Campaign as Content
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.domain.errors import BotError
from bot.services import notices, refusals, staff
from bot.services.staff import OPERATOR
from bot.storage.database import Connection
from scheduler import ledger, lifecycle
from scheduler.calendar import ZONE
from scheduler.errors import OnlyAlerts
from scheduler.model import Campaign, CampaignState, Event, Kind, OneOff, Progress, Run, RunState, Schedule

REVISED = "revised"
"""In a campaign's history: from here on it says something else."""


class UnknownTemplate(BotError):
    """There is no campaign template of this name."""


class WrongKind(BotError):
    """The file says another kind."""


# --- what it says


def read_file(file: Path, library: Library) -> Content:
    """A campaign that staff wrote. Raises ContentError, with file, line and column of everything wrong."""
    document = loader.read_item(file, Content)
    problems = list(refusals.in_file(document, library))
    if problems:
        raise ContentError(problems)
    return document.item


def in_season(template: Content, today: str) -> bool:
    """Whether a template's recommended days hold `today` (`MM-DD`)."""
    return bool(template.dates) and template.dates[0] <= today <= template.dates[-1]


def by_season(library: Library, today: str) -> list[Content]:
    """Seasonal templates: those in season first, then as they come up from `today` (`MM-DD`) on, round the year."""

    def rank(template: Content) -> tuple[bool, bool, tuple[str, ...]]:
        begun = not template.dates or template.dates[0] < today
        return not in_season(template, today), begun, template.dates

    return sorted(library.campaigns.values(), key=rank)


def from_template(library: Library, name: str) -> Content:
    """A seasonal template of the library. Raises UnknownTemplate."""
    if name not in library.campaigns:
        known = ", ".join(sorted(library.campaigns))
        raise UnknownTemplate(f"There is no campaign template {name!r}. There are: {known}.")
    return library.campaigns[name]


def content_of(campaign: Campaign) -> Content:
    """What a stored campaign says."""
    return Content.model_validate(campaign.content)


async def content_at(conn: Connection, run: Run, campaign: Campaign) -> Content | None:
    """What a run of a campaign said; None if the campaign was revised since, for then nobody knows any more."""
    events = await ledger.list_events(conn, campaign.id)
    if any(event.what == REVISED and event.at > run.started_at for event in events):
        return None
    return content_of(campaign)


def missing_languages(library: Library, content: Content) -> tuple[str, ...]:
    """Languages in which its audience would read some of it in Polish."""
    wanted = content.audience.languages or library.words.languages
    texts = [content.title, content.text, *(button.text for button in content.buttons if button.text)]
    texts += [content.picture.alt] if content.picture else []
    return tuple(language for language in wanted if any(language not in text for text in texts))


# --- its way


async def create(conn: Connection, library: Library, content: Content, *, who: str, now: datetime) -> Campaign:
    """A new campaign; at once in review when it is there in every language, else a draft.

    Raises UnknownMember, NotYourRole.
    """
    return await _create(conn, library, content, await staff.allowed(conn, "create", who), now)


async def create_alert(conn: Connection, library: Library, content: Content, *, who: str, now: datetime) -> Campaign:
    """A new alert that may have to leave at once: whoever may let it leave may also write it.

    Raises UnknownMember, NotYourRole, OnlyAlerts.
    """
    author = await staff.allowed(conn, "break_glass", who)
    if Kind(content.kind.value) is not Kind.ALERT:
        raise OnlyAlerts(content.kind.value)
    return await _create(conn, library, content, author, now)


async def _create(conn: Connection, library: Library, content: Content, author: str, now: datetime) -> Campaign:
    await refusals.refuse_unfit(conn, content)
    draft = lifecycle.draft(
        kind=Kind(content.kind.value),
        title=content.title[DEFAULT_LANGUAGE],
        content=content.model_dump(mode="json"),
        audience=content.audience.model_dump(mode="json"),
        author=author,
        now=now,
        window=timedelta(hours=content.window),
    )
    return await _submit_if_complete(conn, library, await ledger.create_campaign(conn, draft), content, now)


async def _submit_if_complete(
    conn: Connection, library: Library, campaign: Campaign, content: Content, now: datetime
) -> Campaign:
    if missing_languages(library, content):
        return campaign
    submitted = lifecycle.submit(campaign, now)
    return await ledger.save_campaign(conn, submitted, who=campaign.author, what="submitted", now=now)


async def revise(
    conn: Connection, library: Library, campaign_id: int, content: Content, *, who: str, now: datetime
) -> Campaign:
    """Other words or another audience; an approval is void, and whoever revised it cannot approve it.

    Raises UnknownMember, NotYourRole, WrongKind, SchedulerError.
    """
    author = await staff.allowed(conn, "revise", who)
    campaign = await ledger.load_campaign(conn, campaign_id)
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
    return await _submit_if_complete(conn, library, saved, content, now)


async def submit(conn: Connection, campaign_id: int, *, who: str, now: datetime) -> Campaign:
    """Ask for approval, even if it is not there in every language."""
    change = partial(lifecycle.submit, now=now)
    return await _step(conn, campaign_id, "submit", change, "submitted", who=who, now=now)


async def approve(conn: Connection, campaign_id: int, *, who: str, now: datetime) -> Campaign:
    """A second person's yes. Raises OwnCampaign when it is the author's."""
    change = partial(lifecycle.approve, by=who, now=now)
    return await _step(conn, campaign_id, "approve", change, "approved", who=who, now=now)


async def reject(conn: Connection, campaign_id: int, reason: str, *, who: str, now: datetime) -> Campaign:
    """Back to its author, with a reason."""
    change = partial(lifecycle.reject, reason=reason, now=now)
    return await _step(conn, campaign_id, "reject", change, f"sent back: {reason}", who=who, now=now)


async def break_glass(
    conn: Connection, campaign_id: int, reason: str, *, who: str, now: datetime
) -> tuple[Campaign, Run]:
    """Let an alert leave without a second person, and tell all staff; returns it with the run that tells them.

    Raises UnknownMember, NotYourRole, UnknownCampaign, OnlyAlerts, ReasonNeeded, NotAllowed.
    """
    change = partial(lifecycle.break_glass, reason=reason, now=now)
    what = notices.WITHOUT_SECOND + reason.strip()
    campaign = await _step(conn, campaign_id, "break_glass", change, what, who=who, now=now)
    return campaign, await notices.tell_without_second(conn, campaign_id, now)


async def send_alert(
    conn: Connection, campaign_id: int, reason: str, *, who: str, now: datetime
) -> tuple[Campaign, Run]:
    """The same, and it leaves at once. Raises what `break_glass` raises, and NobodyToReach."""
    _, told = await break_glass(conn, campaign_id, reason, who=who, now=now)
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
) -> Campaign:
    """Set its time, or another one; `window`: how long after it a message may still leave, if not as before.

    Raises NobodyToReach: it would go out at once, and to nobody.
    """
    change = partial(lifecycle.schedule, when=when, now=now, window=window)
    timed = await _step(conn, campaign_id, "schedule", change, f"scheduled for {_named(when)}", who=who, now=now)
    await refusals.refuse_nobody(conn, timed, when, now)
    return timed


def _named(when: Schedule) -> str:
    if isinstance(when, OneOff):
        return f"{when.at.astimezone(ZONE):%Y-%m-%d %H:%M}"
    return f"{when.cron}, not on {', '.join(map(str, sorted(when.skip)))}" if when.skip else when.cron


async def unschedule(conn: Connection, campaign_id: int, *, now: datetime, who: str | None = None) -> Campaign:
    """Take its time away, so that it can be revised; it stays approved until then. Raises RunOpen."""
    change = partial(lifecycle.unschedule, now=now)
    return await _step(conn, campaign_id, "unschedule", change, "unscheduled", who=who, now=now)


async def skip(conn: Connection, campaign_id: int, day: date, *, now: datetime, who: str | None = None) -> Campaign:
    """Leave a date out of its rule. Raises NothingToSkip, DayInPast, NeverFires."""
    change = partial(lifecycle.skip, day=day, now=now)
    return await _step(conn, campaign_id, "skip", change, f"skips {day}", who=who, now=now)


async def pause(conn: Connection, campaign_id: int, *, now: datetime, who: str | None = None) -> Campaign:
    """Hold it: nothing more leaves within a second."""
    change = partial(lifecycle.pause, now=now)
    return await _step(conn, campaign_id, "pause", change, "paused", who=who, now=now)


async def resume(conn: Connection, campaign_id: int, *, now: datetime, who: str | None = None) -> Campaign:
    """Let it go on."""
    change = partial(lifecycle.resume, now=now)
    return await _step(conn, campaign_id, "resume", change, "resumed", who=who, now=now)


async def cancel(conn: Connection, campaign_id: int, *, now: datetime, who: str | None = None) -> Campaign:
    """End it: what has not left stays unsent."""
    change = partial(lifecycle.cancel, now=now)
    return await _step(conn, campaign_id, "cancel", change, "cancelled", who=who, now=now)


async def _step(
    conn: Connection,
    campaign_id: int,
    step: str,
    change: Callable[[Campaign], Campaign],
    what: str,
    *,
    who: str | None,
    now: datetime,
) -> Campaign:
    actor = OPERATOR if who is None else await staff.allowed(conn, step, who)
    campaign = await ledger.load_campaign(conn, campaign_id)
    return await ledger.save_campaign(conn, change(campaign), who=actor, what=what, now=now)


# --- how it is doing


@dataclass(frozen=True, slots=True)
class Report:
    """A campaign with its history and its runs, the newest first."""

    campaign: Campaign
    events: tuple[Event, ...]
    runs: tuple[tuple[Run, Progress], ...]

    @property
    def is_moving(self) -> bool:
        """Whether something may still change by itself soon."""
        return self.campaign.state is CampaignState.RUNNING or any(
            run.state is RunState.RUNNING for run, _ in self.runs
        )


async def report(conn: Connection, campaign_id: int, now: datetime) -> Report:
    """How a campaign is doing. Raises UnknownCampaign."""
    campaign = await ledger.load_campaign(conn, campaign_id)
    runs = await ledger.list_runs(conn, campaign_id)
    return Report(
        campaign,
        tuple(await ledger.list_events(conn, campaign_id)),
        tuple([(run, await ledger.progress(conn, run.id, now)) for run in runs]),
    )
