"""A month of campaigns: what has left, what is to leave, and what the season suggests to begin."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.catalogue.library import Library
from bot.catalogue.schema import Campaign as Content
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.storage.database import Connection
from scheduler import ledger
from scheduler.calendar import ZONE, release_at, slots_by_day
from scheduler.model import Campaign, CampaignState, Kind, Run, RunState

AHEAD = timedelta(days=42)
"""How early a seasonal template is suggested: time to write, to have it approved, to book the people."""
USED_WITHIN = timedelta(days=120)
"""A campaign made from a template so recently is this season's: the template is not suggested again."""

_MONTH = re.compile(r"(20[2-9][0-9])-(0[1-9]|1[0-2])")
_TIMED = (CampaignState.SCHEDULED, CampaignState.RUNNING, CampaignState.PAUSED)


@dataclass(frozen=True, slots=True)
class Entry:
    """What one campaign does on one day: slots that are to come, or a run that came."""

    number: int
    """The campaign's."""
    title: Mapping[str, str]
    """In each language."""
    kind: Kind
    state: CampaignState | RunState
    slots: tuple[datetime, ...]
    """In order; one for a run."""
    run: Run | None = None

    @property
    def leaves_at(self) -> datetime:
        """When the first of them may really leave: quiet hours hold all but alerts until the morning."""
        return release_at(self.kind, self.slots[0])

    @property
    def is_held(self) -> bool:
        """Whether quiet hours move the first of them."""
        return self.leaves_at > self.slots[0]


Days = Mapping[date, tuple[Entry, ...]]
"""Kraków's dates that have something, in order, each with its entries by time."""


def read_month(text: str, *, now: datetime) -> date:
    """The first day of `2026-12`; of the present month when it is not written like that, or is far away."""
    if found := _MONTH.fullmatch(text):
        return date(int(found[1]), int(found[2]), 1)
    return now.astimezone(ZONE).date().replace(day=1)


def month_after(first: date) -> date:
    """The first day of the next month."""
    return (first + timedelta(days=31)).replace(day=1)


def month_before(first: date) -> date:
    """The first day of the month before."""
    return (first - timedelta(days=1)).replace(day=1)


def span(first: date) -> tuple[datetime, datetime]:
    """The instants between which a month lies in Kraków."""
    start, end = (datetime.combine(day, time(), tzinfo=ZONE) for day in (first, month_after(first)))
    return start, end


async def month(conn: Connection, first: date, *, created_by: str | None = None) -> Days:
    """Everything of a month, or of one person's campaigns: past runs, single slots, each firing of each rule."""
    start, end = span(first)
    timed = await ledger.list_campaigns(conn, _TIMED, created_by=created_by)
    return _by_day([*await _ran(conn, start, end, created_by), *_to_come(timed, start, end)])


async def _ran(conn: Connection, start: datetime, end: datetime, created_by: str | None) -> list[Entry]:
    runs = await ledger.runs_between(conn, start, end)
    ids = {run.campaign_id for run in runs if run.campaign_id is not None}
    theirs = await ledger.list_campaigns(conn, ids=ids, created_by=created_by)
    titles = {campaign.id: _title(campaign) for campaign in theirs}
    return [
        Entry(run.campaign_id, titles[run.campaign_id], run.kind, run.state, (run.slot_at,), run)
        for run in runs
        if run.campaign_id in titles
    ]


def _title(campaign: Campaign) -> Mapping[str, str]:
    return campaign.content.get("title") or {DEFAULT_LANGUAGE: campaign.title}


def _to_come(campaigns: Iterable[Campaign], start: datetime, end: datetime) -> Iterator[Entry]:
    for campaign in campaigns:
        for _, slots in coming_slots(campaign, start, end):
            yield Entry(campaign.id, _title(campaign), campaign.kind, campaign.state, tuple(slots))


def coming_slots(campaign: Campaign, start: datetime, end: datetime) -> Iterator[tuple[date, list[datetime]]]:
    """A campaign's slots of a span, by day, that have not been opened yet: those before its next one are over."""
    if campaign.schedule is None or campaign.next_at is None:
        return iter(())
    return slots_by_day(campaign.schedule, max(start, campaign.next_at), end)


def _by_day(entries: Iterable[Entry]) -> Days:
    days: dict[date, list[Entry]] = defaultdict(list)
    for entry in sorted(entries, key=lambda one: (one.slots[0], one.number)):
        days[entry.slots[0].astimezone(ZONE).date()].append(entry)
    return {day: tuple(of_day) for day, of_day in days.items()}


# --- the season


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A seasonal template whose days are near."""

    template: Content
    starts_on: date
    ends_on: date
    days: int
    """Until its first day; 0 from then on."""


async def suggestions(conn: Connection, library: Library, now: datetime) -> list[Suggestion]:
    """Templates in season, and those whose season begins soon, the nearest first; not those that are in hand."""
    today = now.astimezone(ZONE).date()
    used = await _in_hand(conn, now)
    near = (_suggest(one, today) for one in library.campaigns.values() if one.dates and one.id not in used)
    found = (one for one in near if one.days <= AHEAD.days)
    return sorted(found, key=lambda one: (one.days, one.ends_on, one.template.id))


async def _in_hand(conn: Connection, now: datetime) -> set[str]:
    """Names of the templates from which somebody began a campaign this season."""
    campaigns = await ledger.list_campaigns(conn, set(CampaignState) - {CampaignState.CANCELLED}, most=200)
    recent = (one for one in campaigns if one.created_at > now - USED_WITHIN)
    return {str(one.content.get("id", "")) for one in recent}


def _suggest(template: Content, today: date) -> Suggestion:
    """The season that a template is in, or its next one."""
    first, last = template.dates[0], template.dates[-1]
    years = range(today.year - 1, today.year + 2)  # last winter's season may reach into this year
    seasons = ((_on(year, first), _on(year + (last < first), last)) for year in years)
    starts_on, ends_on = next(season for season in seasons if season[1] >= today)
    return Suggestion(template, starts_on, ends_on, max((starts_on - today).days, 0))


def _on(year: int, month_and_day: str) -> date:
    """`MM-DD` in a year; 29 February is the day before March in most."""
    month_number, day = map(int, month_and_day.split("-"))
    last = (month_after(date(year, month_number, 1)) - timedelta(days=1)).day
    return date(year, month_number, min(day, last))
