"""A campaign before it leaves: its words, whom it would reach, when it would be done; and a test to one address."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.catalogue.campaigns import invited_to, room
from bot.catalogue.library import Library
from bot.catalogue.markup import length
from bot.catalogue.schema import LONGEST_TEXT
from bot.domain.audiences import Count
from bot.domain.errors import BotError
from bot.domain.messages import Screen
from bot.domain.residents import Address, Writable
from bot.services.campaigns import content_of, missing_languages
from bot.services.courier import Posted, Sender
from bot.services.letters import campaign_letter, trial_letter
from bot.storage import residents, workshops
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection, Database
from scheduler import ledger
from scheduler.calendar import QUIET_FROM, ZONE, end_of_quiet_hours, release_at
from scheduler.model import Campaign, CampaignState, Event, Kind, minds_quiet_hours

NEAR = timedelta(hours=1)
"""Campaigns closer than this get into one another's way."""


class NoSuchChannel(BotError):
    """This channel is not switched on."""


@dataclass(frozen=True, slots=True)
class Version:
    """A campaign as the readers of one language see it."""

    language: str
    text: str
    """Markdown."""
    buttons: tuple[str, ...]
    picture: str | None
    """What its picture shows, if it has one."""
    length: int
    """Characters of its text, without its markup."""
    complete: bool
    """False: some of it is Polish, for want of a translation."""


@dataclass(frozen=True, slots=True)
class Collision:
    """Another campaign that gets in its way."""

    campaign: Campaign
    at: datetime
    """When it starts; the present if it runs."""
    shared: int
    """How many residents would get both."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen."""

    campaign: Campaign
    versions: tuple[Version, ...]
    room: Mapping[str, int]
    """Channel → characters that a text may have there."""
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
    def missing(self) -> tuple[str, ...]:
        """Languages in which some of it would be read in Polish."""
        return tuple(version.language for version in self.versions if not version.complete)

    @property
    def ends_in_time(self) -> bool:
        """Whether all of it leaves before its window ends."""
        return self.ends_at <= self.expires_at


async def preview(
    conn: Connection,
    library: Library,
    audience: ResidentsAudience,
    campaign_id: int,
    *,
    rates: Mapping[str, float],
    now: datetime,
) -> Preview:
    """What a campaign would be, sent at its time; `rates`: account → messages per second. Raises UnknownCampaign."""
    campaign = await ledger.load_campaign(conn, campaign_id)
    content = content_of(campaign)
    count = await audience.count(conn, campaign, now)
    asked_for = campaign.next_at or now
    starts_at = release_at(campaign.kind, asked_for)
    ends_at = finish(campaign.kind, starts_at, _takes(count, rates))
    others = [
        (other, at)
        for other in await ledger.list_campaigns(conn, (CampaignState.RUNNING, CampaignState.SCHEDULED))
        if other.id != campaign.id and (at := _in_the_way(other, starts_at, ends_at, now))
    ]
    return Preview(
        campaign,
        versions(library, campaign, await workshops.closed(conn, invited_to(content), asked_for)),
        {Writable.TELEGRAM: min(room(content), LONGEST_TEXT)},
        count,
        asked_for,
        starts_at,
        ends_at,
        starts_at + timedelta(seconds=campaign.window_s),
        tuple([Collision(one, at, await audience.count_shared(conn, campaign, one, now)) for one, at in others]),
    )


def versions(library: Library, campaign: Campaign, closed: Collection[int] = ()) -> tuple[Version, ...]:
    """A campaign in every language of its audience; `closed`: workshops that cannot be booked any more."""
    content = content_of(campaign)
    letter = campaign_letter(library, content, closed=closed)
    missing = missing_languages(library, content)
    languages = content.audience.languages or library.words.languages
    return tuple(_version(library, letter, language, complete=language not in missing) for language in languages)


def _version(library: Library, letter: Screen, language: str, *, complete: bool) -> Version:
    text = "\n\n".join(library.words.markdown(block, language) for block in letter.blocks)
    buttons = tuple(library.words.label(way.label, language) for row in letter.rows for way in row)
    picture = library.words.label(letter.picture.alt, language) if letter.picture else None
    return Version(language, text, buttons, picture, length(text), complete)


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


async def send_test(
    database: Database,
    library: Library,
    senders: Mapping[str, Sender],
    campaign_id: int,
    address: Address,
    *,
    who: str,
    now: datetime,
    language: str | None = None,
) -> Posted:
    """Say a campaign to one address, marked as a test and outside the ledger; in the language of whoever is there.

    Raises UnknownCampaign, NoSuchChannel, or what the channel says of it.
    """
    sender = senders.get(address.channel)
    if sender is None:
        on = ", ".join(sorted(senders)) or "none"
        raise NoSuchChannel(f"The channel {address.channel!r} cannot be written to. Switched on: {on}.")
    async with database.read() as conn:
        campaign = await ledger.load_campaign(conn, campaign_id)
        content = content_of(campaign)
        closed = await workshops.closed(conn, invited_to(content), now)
        known = await residents.find(conn, address)
    reader = language or (known.language if known else library.words.choose(""))
    letter = trial_letter(library, campaign.id, content, closed=closed)
    posted = await sender.send(address, reader, letter, key=f"test:{campaign.id}:{now.isoformat()}")
    async with database.begin() as conn:  # whose address it was is nobody's business later
        await ledger.log_event(conn, Event(campaign.id, now, who, f"sent a test in {reader}"))
    return posted
