"""A campaign before it leaves: its words, whom it would reach, when it would be done; and a test to one address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.catalogue.library import Library
from bot.domain.errors import BotError
from bot.domain.messages import Screen
from bot.domain.residents import Address
from bot.services.campaigns import content_of, missing_languages
from bot.services.courier import Posted, Sender
from bot.services.letters import campaign_letter, trial_letter
from bot.storage import residents
from bot.storage.audience import Count, Filter, ResidentsAudience
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
    complete: bool
    """False: some of it is Polish, for want of a translation."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen."""

    campaign: Campaign
    versions: tuple[Version, ...]
    count: Count
    asked_for: datetime
    """Its slot; the present if it has none."""
    starts_at: datetime
    """When the first message leaves: the slot, or the end of quiet hours."""
    ends_at: datetime
    collisions: tuple[Campaign, ...]
    """Others that run, or start, within an hour of it."""


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
    count = await audience.count(conn, campaign.kind, Filter.read(campaign.audience), now)
    asked_for = campaign.next_at or now
    starts_at = release_at(campaign.kind, asked_for)
    slowest_s = max(
        (number / rates[account] for account, number in count.accounts.items() if account in rates), default=0.0
    )
    return Preview(
        campaign,
        versions(library, campaign),
        count,
        asked_for,
        starts_at,
        finish(campaign.kind, starts_at, timedelta(seconds=slowest_s)),
        tuple(_near(campaign, starts_at, await ledger.list_campaigns(conn))),
    )


def versions(library: Library, campaign: Campaign) -> tuple[Version, ...]:
    """A campaign in every language of its audience."""
    content = content_of(campaign)
    letter = campaign_letter(library, content)
    missing = missing_languages(library, content)
    languages = content.audience.languages or library.words.languages
    return tuple(_version(library, letter, language, complete=language not in missing) for language in languages)


def _version(library: Library, letter: Screen, language: str, *, complete: bool) -> Version:
    text = "\n\n".join(library.words.markdown(block, language) for block in letter.blocks)
    buttons = tuple(library.words.label(way.label, language) for row in letter.rows for way in row)
    return Version(language, text, buttons, complete)


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


def _near(campaign: Campaign, starts_at: datetime, others: Sequence[Campaign]) -> Sequence[Campaign]:
    def is_near(other: Campaign) -> bool:
        if other.state is CampaignState.RUNNING:
            return True
        soon = other.next_at is not None and abs(release_at(other.kind, other.next_at) - starts_at) <= NEAR
        return other.state is CampaignState.SCHEDULED and soon

    return [other for other in others if other.id != campaign.id and is_near(other)]


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
        known = await residents.find(conn, address)
    reader = language or (known.language if known else library.words.choose(""))
    letter = trial_letter(library, campaign.id, content_of(campaign))
    posted = await sender.send(address, reader, letter, key=f"test:{campaign.id}:{now.isoformat()}")
    async with database.begin() as conn:  # whose address it was is nobody's business later
        await ledger.log_event(conn, Event(campaign.id, now, who, f"sent a test in {reader}"))
    return posted
