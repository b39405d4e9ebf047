"""What would become of a campaign that leaves: whom it would reach, when it would be done, what is in its way."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from bot.domain.audiences import Count
from bot.storage import caps
from bot.storage.audience import ResidentsAudience
from bot.storage.caps import Marks
from bot.storage.database import Connection, Database
from scheduler import ledger
from scheduler.calendar import QUIET_FROM, ZONE, end_of_quiet_hours, release_at
from scheduler.model import Campaign, CampaignState, Kind, minds_quiet_hours

NEAR = timedelta(hours=1)
"""Campaigns closer than this get into one another's way."""
COUNTED = timedelta(seconds=15)
"""How long a count stands while somebody writes: most of what they type are words, and the audience is the same."""
REMEMBERED = timedelta(minutes=5)
"""How long it is taken as known who has had enough this week: in a large city to find it out takes a while."""


@dataclass(frozen=True, slots=True)
class Collision:
    """Another campaign that gets in its way."""

    campaign: Campaign
    at: datetime
    """When it starts; the present if it runs."""
    shared: int
    """How many residents would get both."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What would become of it."""

    count: Count
    asked_for: datetime
    """Its slot; the present if it has none."""
    starts_at: datetime
    """When the first message leaves: the slot, or the end of quiet hours."""
    ends_at: datetime
    expires_at: datetime
    """What has not left by then is not sent any more."""
    collisions: tuple[Collision, ...]
    """Others that run, or start from an hour before it to its end, or to an hour after its start."""

    @property
    def ends_in_time(self) -> bool:
        """Whether all of it leaves before its window ends."""
        return self.ends_at <= self.expires_at


async def outlook(
    conn: Connection,
    audience: ResidentsAudience,
    campaign: Campaign,
    *,
    rates: Mapping[str, float],
    now: datetime,
    at: datetime | None = None,
    count: Count | None = None,
) -> Outlook:
    """What would become of a campaign, stored or not, at its slot or `at` another time.

    `rates`: account → messages per second; `count`: whom it would reach, if that is known already.
    """
    count = count or await audience.count(conn, campaign, now)
    asked_for = at or campaign.next_at or now
    starts_at = release_at(campaign.kind, asked_for)
    ends_at = finish(campaign.kind, starts_at, _takes(count, rates))
    others = [
        (other, when)
        for other in await ledger.list_campaigns(conn, (CampaignState.RUNNING, CampaignState.SCHEDULED))
        if other.id != campaign.id and (when := _in_the_way(other, starts_at, ends_at, now))
    ]
    return Outlook(
        count,
        asked_for,
        starts_at,
        ends_at,
        starts_at + timedelta(seconds=campaign.window_s),
        tuple([Collision(one, when, await audience.count_shared(conn, campaign, one, now)) for one, when in others]),
    )


_COUNTS: WeakKeyDictionary[Database, dict[str, tuple[datetime, Count]]] = WeakKeyDictionary()


async def counted(
    database: Database, conn: Connection, audience: ResidentsAudience, campaign: Campaign, now: datetime
) -> Count:
    """Whom a campaign would reach, as it was COUNTED ago at most; `conn` is a look at the `database`."""
    known = _COUNTS.setdefault(database, {})
    for old in [name for name, (at, _) in known.items() if not now - COUNTED < at <= now]:
        del known[old]
    name = json.dumps([campaign.id, campaign.kind, campaign.audience], sort_keys=True)
    if name not in known:
        known[name] = (now, await audience.count(conn, campaign, now))
    return known[name][1]


_KNOWN: WeakKeyDictionary[Database, tuple[datetime, Marks]] = WeakKeyDictionary()


async def had_enough(database: Database, now: datetime) -> Marks:
    """Who has had as many messages as there may be in a week, as it was REMEMBERED ago at most: for `marks`."""
    known = _KNOWN.get(database)
    if known is None or not now - REMEMBERED < known[0] <= now:
        async with database.read() as conn:
            _KNOWN[database] = known = (now, await caps.find(conn, now))
    return known[1]


def _takes(count: Count, rates: Mapping[str, float]) -> timedelta:
    """How long the slowest account needs."""
    spans = (number / rates[account] for account, number in count.accounts.items() if account in rates)
    return timedelta(seconds=max(spans, default=0.0))


def finish(kind: Kind, starts_at: datetime, takes: timedelta) -> datetime:
    """When the last message leaves; quiet hours hold all but alerts until the morning."""
    while minds_quiet_hours(kind):
        local = starts_at.astimezone(ZONE)
        evening = datetime.combine(local.date(), QUIET_FROM, tzinfo=ZONE)
        if starts_at + takes <= evening:
            break
        takes -= evening - starts_at
        starts_at = end_of_quiet_hours(evening)
    return starts_at + takes


def _in_the_way(other: Campaign, starts_at: datetime, ends_at: datetime, now: datetime) -> datetime | None:
    """When another campaign starts, if that is near; the present if it runs and this one is soon."""
    if other.state is CampaignState.RUNNING and starts_at <= now + NEAR:
        return now
    if other.next_at is None:
        return None
    at = release_at(other.kind, other.next_at)
    return at if starts_at - NEAR <= at <= max(starts_at + NEAR, ends_at) else None
