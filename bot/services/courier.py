"""Carries the scheduler's deliveries to the channels."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, assert_never

import structlog

from bot.catalogue.campaigns import invited_to
from bot.catalogue.library import Library, Shelf
from bot.catalogue.schema import Campaign as Content
from bot.domain.errors import Blocked, BotError, Throttled, Unanswered, UnknownItem, Unreachable
from bot.domain.messages import Screen
from bot.domain.reminders import CONCERNED, Occasion, read_message, read_reminder
from bot.domain.residents import Address, Resident
from bot.services import tips
from bot.services.broadcasts import was_moved
from bot.services.letters import Stamp, campaign_letter, signed, staff_letter, tip_letter, workshop_letter
from bot.services.links import Links
from bot.services.notices import Reading, notice_letter
from bot.services.verify import message_code
from bot.storage import learning, residents, workshop_messages
from bot.storage import workshops as bookings
from bot.storage.database import Connection, Database
from bot.storage.vault import Vault
from scheduler import model
from scheduler.ledger import FAULTS
from scheduler.model import (
    MAX_ATTEMPTS,
    Campaign,
    Delivery,
    GiveUp,
    Kind,
    OptedOut,
    Outcome,
    Retry,
    Run,
    Sent,
    Uncertain,
    keeps_trying,
)

FIRST_PAUSE = timedelta(seconds=10)
LONGEST_FOR_ALERTS = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=30)
"""With these pauses a message is tried for an hour and a half before it is given up."""
LETTERS_KEPT = 16

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Posted:
    """A message the channel has taken; `reference` is its name there."""

    reference: str


class Sender(Protocol):
    """Sends a screen unasked: campaigns, tips, reminders. Pacing is the caller's."""

    async def send(self, address: Address, language: str, screen: Screen, *, key: str) -> Posted:
        """Hand a screen over; `key` names the delivery, for channels that can tell a repeat.

        Raises Throttled, Blocked, Rejected, Unreachable or Unanswered.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Letter:
    """What to say, and the tip to note as seen once it was said."""

    screen: Screen
    tip: str | None = None


@dataclass(frozen=True, slots=True)
class _Parcel:
    """A letter and whom it is for; see `scheduler.ports.Parcel`."""

    courier: "Courier"
    delivery: Delivery
    resident: Resident
    letter: _Letter
    kind: Kind

    async def send(self) -> Outcome:
        return await self.courier.deliver(self)


class Courier:
    """Says one message to one resident; see `scheduler.ports.Courier`.

    Whoever blocked us, left or withdrew their consent after the audience was written gets nothing.
    """

    def __init__(
        self,
        database: Database,
        shelf: Shelf,
        vault: Vault,
        senders: Mapping[str, Sender],
        clock: Callable[[], datetime],
        *,
        links: Links | None = None,
    ) -> None:
        """`links`: to the console; without them staff are not led there."""
        self._links = links
        self._database = database
        self._shelf = shelf
        self._vault = vault
        self._senders = senders
        self._clock = clock
        self._letters: dict[tuple[int, int], tuple[Library, Screen]] = {}

    async def prepare(
        self, batch: Sequence[Delivery], run: Run, campaign: Campaign | None
    ) -> "list[_Parcel | Outcome]":
        """What each is to be told; see `scheduler.ports.Courier`."""
        now = self._clock()
        try:
            # In a broadcast a look-up for each message would cost more than sending it.
            async with self._database.read() as conn:
                people = await residents.get_many(conn, {delivery.recipient for delivery in batch})
            return [await self._parcel(one, people.get(one.recipient), run, campaign, now) for one in batch]
        except FAULTS as error:  # nothing has left
            return [Retry(now + FIRST_PAUSE, type(error).__name__, account_wide=False)] * len(batch)

    async def _parcel(
        self, delivery: Delivery, resident: Resident | None, run: Run, campaign: Campaign | None, now: datetime
    ) -> "_Parcel | Outcome":
        if resident is None or not _agrees(resident, run.kind):
            return OptedOut()
        if resident.blocked_at:
            return model.Blocked()
        try:
            letter = await self._letter(resident, run, campaign, now)
        except FAULTS:
            raise
        except Exception as error:  # noqa: BLE001 - what one resident's letter trips over must not stop the others
            _log.error("courier.unwritable", run=run.id, kind=type(error).__name__)
            return GiveUp(type(error).__name__)
        return _Parcel(self, delivery, resident, letter, run.kind) if isinstance(letter, _Letter) else letter

    async def deliver(self, parcel: _Parcel) -> Outcome:
        """Hand a letter over, and note what that tells about the resident."""
        outcome = await self._hand_over(parcel)
        await self._note(parcel.resident, parcel.letter, outcome)
        return outcome

    async def _letter(
        self, resident: Resident, run: Run, campaign: Campaign | None, now: datetime
    ) -> "_Letter | Outcome":
        match run.kind:
            case Kind.DAILY_TIP:
                async with self._database.read() as conn:
                    return self._signed(await self._tip(conn, resident, now), run)
            case Kind.REMINDER:
                async with self._database.read() as conn:
                    return self._signed(await self._reminder(conn, resident, run, now), run)
            case Kind.NOTICE:
                async with self._database.read() as conn:
                    reading = Reading(conn, run, resident.address, self._shelf.library, self._links)
                    notice = await notice_letter(reading)
                return self._signed(_Letter(notice), run) if notice else OptedOut()
            case Kind.ALERT | Kind.TIP | Kind.NEWS | Kind.QUIZ | Kind.WORKSHOP:
                if campaign is None:
                    return GiveUp("the run has no campaign")
                return _Letter(await self._campaign(run, campaign, now))
            case _:
                assert_never(run.kind)

    def _signed(self, letter: "_Letter | Outcome", run: Run) -> "_Letter | Outcome":
        """A letter with the code of its run below."""
        if not isinstance(letter, _Letter):
            return letter
        return replace(letter, screen=signed(letter.screen, message_code(self._vault, run.id)))

    async def _campaign(self, run: Run, campaign: Campaign, now: datetime) -> Screen:
        """The run's screen: one for everybody, made anew when the campaign or the library changes."""
        place, library = (run.id, campaign.revision), self._shelf.library
        known = self._letters.get(place)
        if known and known[0] is library:
            return known[1]
        stamp = Stamp(run.id, message_code(self._vault, run.id))
        content = Content.model_validate(campaign.content)
        screen = campaign_letter(library, content, stamp, closed=await self._closed(content, now))
        self._letters[place] = (library, screen)
        if len(self._letters) > LETTERS_KEPT:
            del self._letters[next(iter(self._letters))]
        return screen

    async def _closed(self, content: Content, now: datetime) -> Collection[int]:
        """Workshops it leads to in which there is nothing to book any more."""
        if not (wanted := invited_to(content)):
            return ()
        async with self._database.read() as conn:
            return await bookings.closed(conn, wanted, now)

    async def _tip(self, conn: Connection, resident: Resident, now: datetime) -> "_Letter | Outcome":
        try:
            tip = await tips.next_tip(conn, self._shelf.library, resident, topic="", now=now)
        except UnknownItem:
            return GiveUp("there is no tip for them")
        return _Letter(tip_letter(tip), tip.id)

    async def _reminder(self, conn: Connection, resident: Resident, run: Run, now: datetime) -> "_Letter | Outcome":
        if (message := read_message(run.subject)) is not None:
            return await self._from_staff(conn, resident, message)
        reminder = read_reminder(run.subject)
        workshop = await bookings.get(conn, reminder.workshop)
        booking = await bookings.booking_of(conn, self._vault, reminder.workshop, resident.id)
        if workshop is None or booking is None or booking.state not in CONCERNED[reminder.occasion]:
            return OptedOut()
        called_off = reminder.occasion is Occasion.CALLED_OFF
        if (workshop.cancelled_at is not None) is not called_off or was_moved(reminder.occasion, workshop, run):
            return OptedOut()
        return _Letter(workshop_letter(reminder.occasion, workshop, booking, now))

    async def _from_staff(self, conn: Connection, resident: Resident, number: int) -> "_Letter | Outcome":
        message = await workshop_messages.get(conn, number)
        workshop = await bookings.get(conn, message.workshop) if message else None
        if message is None or workshop is None:
            return OptedOut()
        booking = await bookings.booking_of(conn, self._vault, workshop.id, resident.id)
        if booking is None or booking.state not in message.readers.states:
            return OptedOut()
        return _Letter(staff_letter(message.text, workshop))

    async def _hand_over(self, parcel: _Parcel) -> Outcome:
        delivery, address = parcel.delivery, parcel.resident.address
        sender = self._senders.get(address.channel)
        if sender is None:
            return GiveUp(f"the channel {address.channel} is off")
        try:
            posted = await sender.send(address, parcel.resident.language, parcel.letter.screen, key=delivery.key)
        except BotError as error:
            return _meaning(error, delivery, parcel.kind, self._clock())
        return Sent(posted.reference)

    async def _note(self, resident: Resident, letter: _Letter, outcome: Outcome) -> None:
        """Keep what the outcome tells about the resident; the outcome itself stands, whatever happens here."""
        try:
            if isinstance(outcome, Sent) and letter.tip:
                async with self._database.begin() as conn:
                    await learning.mark_tip(conn, resident.id, letter.tip, self._clock())
            elif isinstance(outcome, model.Blocked):
                async with self._database.begin() as conn:
                    await residents.set_blocked(conn, resident.address, self._clock())
        except Exception as error:  # noqa: BLE001 - the message is out; what fails here must not say it is not
            _log.warning("courier.not_noted", kind=type(error).__name__)


def _agrees(resident: Resident, kind: Kind) -> bool:
    """Whether the resident still wants this kind; a booking is its own consent."""
    match kind:
        case Kind.ALERT:
            return resident.alerts
        case Kind.DAILY_TIP:
            return resident.tip_hour is not None
        case Kind.REMINDER | Kind.NOTICE:
            return True
        case Kind.TIP | Kind.NEWS | Kind.QUIZ | Kind.WORKSHOP:
            return resident.campaigns
        case _:
            assert_never(kind)


def _meaning(error: BotError, delivery: Delivery, kind: Kind, now: datetime) -> Outcome:
    """What the scheduler should do about a channel's refusal."""
    match error:
        case Throttled(retry_at=at):
            return Retry(at, "the channel asks us to wait", account_wide=True)
        case Unreachable():
            return _later(delivery, kind, str(error), now)
        case Unanswered():  # where the channel knows a repeat by its key, the ledger sends it again
            return Uncertain(str(error))
        case Blocked():
            return model.Blocked()
        case _:
            return GiveUp(str(error))


def _later(delivery: Delivery, kind: Kind, reason: str, now: datetime) -> Outcome:
    """It was not taken this time: wait longer after each try, and not for ever; an alert never waits long.

    What an earlier try may have brought is asked about for as long as its run is open.
    """
    if keeps_trying(kind):
        return Retry(now + min(FIRST_PAUSE * delivery.tries, LONGEST_FOR_ALERTS), reason, account_wide=False)
    if delivery.tries >= MAX_ATTEMPTS and not delivery.in_doubt:
        return GiveUp(f"{delivery.tries} tries: {reason}")
    return Retry(now + min(FIRST_PAUSE * 3 ** (delivery.tries - 1), LONGEST_PAUSE), reason, account_wide=False)
