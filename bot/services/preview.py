"""A campaign before it leaves: its words, whom it would reach, when it would be done; and a test to one address."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.catalogue.campaigns import invited_to, room
from bot.catalogue.library import Library
from bot.catalogue.markup import length
from bot.catalogue.schema import LONGEST_TEXT
from bot.catalogue.schema import Campaign as Content
from bot.domain.errors import BotError
from bot.domain.messages import Screen, say
from bot.domain.residents import Address, Writable
from bot.services.campaign_texts import content_of, missing_languages
from bot.services.courier import Posted, Sender
from bot.services.letters import campaign_letter, trial_letter
from bot.services.outlook import Outlook, outlook
from bot.storage import residents, workshops
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection, Database
from scheduler import ledger
from scheduler.model import Campaign, Event


class NoSuchChannel(BotError):
    """This channel is not switched on."""


class NotLinked(BotError):
    """No chat with the bot is linked to your account: link one on its page in the console."""


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
class Preview(Outlook):
    """What would happen."""

    campaign: Campaign
    versions: tuple[Version, ...]
    room: Mapping[str, int]
    """Channel → characters that a text may have there."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Languages in which some of it would be read in Polish."""
        return tuple(version.language for version in self.versions if not version.complete)


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
    found = await outlook(conn, audience, campaign, rates=rates, now=now)
    return Preview(
        found.count,
        found.asked_for,
        found.starts_at,
        found.ends_at,
        found.expires_at,
        found.collisions,
        campaign,
        versions(library, campaign, await workshops.closed(conn, invited_to(content), found.asked_for)),
        {Writable.TELEGRAM: min(room(content), LONGEST_TEXT)},
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


def sample_letter(library: Library, content: Content, *, closed: Collection[int] = ()) -> Screen:
    """A campaign as residents would see it; in place of its code stands that it will be there."""
    letter = campaign_letter(library, content, closed=closed)
    return replace(letter, blocks=(*letter.blocks, say("message.code_test")))


@dataclass(frozen=True, slots=True)
class Fill:
    """How much of a text's room is used: by its words or, with much markup, by all that was typed."""

    used: int
    most: int

    @property
    def is_over(self) -> bool:
        """Whether it is too long."""
        return self.used > self.most


def fill_of(content: Content, text: str) -> Fill:
    """How much of its room a text of this campaign takes."""
    if len(text) > LONGEST_TEXT:
        return Fill(len(text), LONGEST_TEXT)
    return Fill(length(text), min(room(content), LONGEST_TEXT))


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
