"""Staff's work on a campaign, from a file to its end: who may take each step, and a line in its history for each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bot.catalogue import loader
from bot.catalogue.documents import Document
from bot.catalogue.library import Library
from bot.catalogue.problems import ContentError, Problem
from bot.catalogue.schema import Campaign as Content
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.domain.errors import BotError
from bot.storage import staff
from bot.storage.database import Connection
from bot.storage.staff import Role
from scheduler import ledger, lifecycle
from scheduler.calendar import ZONE
from scheduler.model import Campaign, CampaignState, Event, Kind, OneOff, Progress, Run, RunState, Schedule

OPERATOR = "operator"
"""Who acts when no name is given: whoever may run commands on this machine."""

_EVERYBODY = frozenset(Role)
_WRITERS = frozenset({Role.ADMIN, Role.EDITOR})
_APPROVERS = frozenset({Role.ADMIN, Role.APPROVER})


class UnknownMember(BotError):
    """There is nobody of this name among the staff."""


class NotYourRole(BotError):
    """This step belongs to another role."""


class UnknownTemplate(BotError):
    """There is no campaign template of this name."""


class WrongKind(BotError):
    """The file says another kind."""


# --- what it says


def read_file(file: Path, library: Library) -> Content:
    """A campaign that staff wrote. Raises ContentError, with file, line and column of everything wrong."""
    document = loader.read_item(file, Content)
    problems = list(_problems(document, library))
    if problems:
        raise ContentError(problems)
    return document.item


def _problems(document: Document[Content], library: Library) -> Iterator[Problem]:
    for place, button in enumerate(document.item.buttons):
        if button.quiz and button.quiz not in library.quizzes:
            yield document.problem(f"there is no quiz {button.quiz!r}", "buttons", place, "quiz")
        if button.tip and button.tip not in library.tips:
            yield document.problem(f"there is no tip {button.tip!r}", "buttons", place, "tip")
    for place, language in enumerate(document.item.audience.languages):
        if language not in library.words.languages:
            known = ", ".join(library.words.languages)
            yield document.problem(f"nobody here reads {language!r}; use: {known}", "audience", "languages", place)
    for field in ("title", "text"):
        if DEFAULT_LANGUAGE not in getattr(document.item, field):
            yield document.problem("the Polish text is missing; others fall back to it", field)


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


def missing_languages(library: Library, content: Content) -> tuple[str, ...]:
    """Languages in which its audience would read some of it in Polish."""
    wanted = content.audience.languages or library.words.languages
    texts = [content.title, content.text, *(button.text for button in content.buttons if button.text)]
    return tuple(language for language in wanted if any(language not in text for text in texts))


# --- its way


async def create(conn: Connection, library: Library, content: Content, *, who: str, now: datetime) -> Campaign:
    """A new campaign; at once in review when it is there in every language, else a draft.

    Raises UnknownMember, NotYourRole.
    """
    author = await _may(conn, who, _WRITERS)
    draft = lifecycle.draft(
        kind=Kind(content.kind.value),
        title=content.title[DEFAULT_LANGUAGE],
        content=content.model_dump(mode="json"),
        audience=content.audience.model_dump(mode="json"),
        author=author,
        now=now,
    )
    campaign = await ledger.create_campaign(conn, draft)
    return campaign if missing_languages(library, content) else await submit(conn, campaign.id, who=author, now=now)


async def revise(
    conn: Connection, library: Library, campaign_id: int, content: Content, *, who: str, now: datetime
) -> Campaign:
    """Other words or another audience; an approval is void, and whoever revised it cannot approve it.

    Raises UnknownMember, NotYourRole, WrongKind, SchedulerError.
    """
    author = await _may(conn, who, _WRITERS)
    campaign = await ledger.load_campaign(conn, campaign_id)
    if Kind(content.kind.value) is not campaign.kind:
        raise WrongKind(f"Campaign {campaign_id} is of the kind {campaign.kind}, the file is of {content.kind}.")
    revised = lifecycle.revise(
        campaign,
        now=now,
        title=content.title[DEFAULT_LANGUAGE],
        content=content.model_dump(mode="json"),
        audience=content.audience.model_dump(mode="json"),
    )
    revised = replace(revised, author=author)
    saved = await ledger.save_campaign(conn, revised, who=author, what="revised", now=now)
    return saved if missing_languages(library, content) else await submit(conn, saved.id, who=author, now=now)


async def submit(conn: Connection, campaign_id: int, *, who: str, now: datetime) -> Campaign:
    """Ask for approval, even if it is not there in every language."""
    return await _step(
        conn, campaign_id, lambda one: lifecycle.submit(one, now), "submitted", roles=_WRITERS, who=who, now=now
    )


async def approve(conn: Connection, campaign_id: int, *, who: str, now: datetime) -> Campaign:
    """A second person's yes. Raises OwnCampaign when it is the author's."""
    return await _step(
        conn, campaign_id, lambda one: lifecycle.approve(one, who, now), "approved", roles=_APPROVERS, who=who, now=now
    )


async def reject(conn: Connection, campaign_id: int, reason: str, *, who: str, now: datetime) -> Campaign:
    """Back to its author, with a reason."""
    what = f"sent back: {reason}"
    return await _step(
        conn, campaign_id, lambda one: lifecycle.reject(one, reason, now), what, roles=_APPROVERS, who=who, now=now
    )


async def schedule(
    conn: Connection, campaign_id: int, when: Schedule, *, now: datetime, who: str | None = None
) -> Campaign:
    """Set its time, or another one."""
    what = f"scheduled for {_named(when)}"
    return await _step(
        conn, campaign_id, lambda one: lifecycle.schedule(one, when, now), what, roles=_WRITERS, who=who, now=now
    )


def _named(when: Schedule) -> str:
    return f"{when.at.astimezone(ZONE):%Y-%m-%d %H:%M}" if isinstance(when, OneOff) else when.cron


async def pause(conn: Connection, campaign_id: int, *, now: datetime, who: str | None = None) -> Campaign:
    """Hold it: nothing more leaves within a second."""
    return await _step(
        conn, campaign_id, lambda one: lifecycle.pause(one, now), "paused", roles=_EVERYBODY, who=who, now=now
    )


async def resume(conn: Connection, campaign_id: int, *, now: datetime, who: str | None = None) -> Campaign:
    """Let it go on."""
    return await _step(
        conn, campaign_id, lambda one: lifecycle.resume(one, now), "resumed", roles=_WRITERS, who=who, now=now
    )


async def cancel(conn: Connection, campaign_id: int, *, now: datetime, who: str | None = None) -> Campaign:
    """End it: what has not left stays unsent."""
    return await _step(
        conn, campaign_id, lambda one: lifecycle.cancel(one, now), "cancelled", roles=_EVERYBODY, who=who, now=now
    )


async def _step(
    conn: Connection,
    campaign_id: int,
    change: Callable[[Campaign], Campaign],
    what: str,
    *,
    roles: frozenset[Role],
    who: str | None,
    now: datetime,
) -> Campaign:
    actor = OPERATOR if who is None else await _may(conn, who, roles)
    campaign = await ledger.load_campaign(conn, campaign_id)
    return await ledger.save_campaign(conn, change(campaign), who=actor, what=what, now=now)


async def _may(conn: Connection, who: str, roles: frozenset[Role]) -> str:
    member = await staff.find(conn, who)
    if member is None:
        raise UnknownMember(f"There is nobody called {who!r} among the staff; `bezpieczny staff list` shows who is.")
    if member.role not in roles:
        allowed = " or ".join(sorted(role.value for role in roles))
        raise NotYourRole(f"{who} is {member.role.value}; this step needs {allowed}.")
    return member.name


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
