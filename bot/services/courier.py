"""Carries the scheduler's deliveries to the channels."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, assert_never

import structlog

from bot.catalogue.library import Library, Shelf
from bot.catalogue.schema import Campaign as Content
from bot.domain.errors import Blocked, BotError, Throttled, Unanswered, UnknownItem, Unreachable
from bot.domain.messages import Screen
from bot.domain.reminders import Occasion, read_reminder
from bot.domain.residents import Address, Resident
from bot.domain.workshops import BookingState
from bot.services import tips
from bot.services.letters import campaign_letter, tip_letter, workshop_letter
from bot.services.together import Together
from bot.storage import learning, residents
from bot.storage import workshops as bookings
from bot.storage.database import Connection, Database
from bot.storage.vault import Vault
from scheduler import model
from scheduler.ledger import FAULTS
from scheduler.model import Campaign, Delivery, GiveUp, Kind, OptedOut, Outcome, Retry, Run, Sent, Uncertain

FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(minutes=30)
MOST_TRIES = 8
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
    ) -> None:
        self._database = database
        self._shelf = shelf
        self._vault = vault
        self._senders = senders
        self._clock = clock
        self._residents = Together(self._load)  # in a broadcast a look-up for each message would cost more than sending
        self._letters: dict[tuple[int, int], tuple[Library, Screen]] = {}

    async def send(self, delivery: Delivery, run: Run, campaign: Campaign | None) -> Outcome:
        """Say it in the resident's language, and answer what became of it."""
        now = self._clock()
        try:
            resident = await self._residents.get(delivery.recipient)
            if resident is None or not _agrees(resident, run.kind):
                return OptedOut()
            if resident.blocked_at:
                return model.Blocked()
            letter = await self._letter(resident, run, campaign, now)
        except FAULTS as error:  # nothing has left
            return Retry(now + FIRST_PAUSE, type(error).__name__, account_wide=False)
        if not isinstance(letter, _Letter):
            return letter
        outcome = await self._hand_over(delivery, resident, letter.screen)
        await self._note(resident, letter, outcome)
        return outcome

    async def _load(self, wanted: Collection[int]) -> Mapping[int, Resident]:
        async with self._database.read() as conn:
            return await residents.get_many(conn, wanted)

    async def _letter(
        self, resident: Resident, run: Run, campaign: Campaign | None, now: datetime
    ) -> "_Letter | Outcome":
        match run.kind:
            case Kind.DAILY_TIP:
                async with self._database.read() as conn:
                    return await self._tip(conn, resident, now)
            case Kind.REMINDER:
                async with self._database.read() as conn:
                    return await self._reminder(conn, resident, run.subject, now)
            case Kind.NOTICE:
                return GiveUp("there is no such notice")
            case Kind.ALERT | Kind.TIP | Kind.NEWS | Kind.QUIZ | Kind.WORKSHOP:
                return _Letter(self._campaign(campaign)) if campaign else GiveUp("the run has no campaign")
            case _:
                assert_never(run.kind)

    def _campaign(self, campaign: Campaign) -> Screen:
        """The campaign's screen: one for everybody, made anew when the campaign or the library changes."""
        place, library = (campaign.id, campaign.revision), self._shelf.library
        known = self._letters.get(place)
        if known and known[0] is library:
            return known[1]
        screen = campaign_letter(library, Content.model_validate(campaign.content))
        self._letters[place] = (library, screen)
        if len(self._letters) > LETTERS_KEPT:
            del self._letters[next(iter(self._letters))]
        return screen

    async def _tip(self, conn: Connection, resident: Resident, now: datetime) -> "_Letter | Outcome":
        try:
            tip = await tips.next_tip(conn, self._shelf.library, resident, topic="", now=now)
        except UnknownItem:
            return GiveUp("there is no tip for them")
        return _Letter(tip_letter(tip), tip.id)

    async def _reminder(self, conn: Connection, resident: Resident, subject: str, now: datetime) -> "_Letter | Outcome":
        reminder = read_reminder(subject)
        workshop = await bookings.get(conn, reminder.workshop)
        booking = await bookings.booking_of(conn, self._vault, reminder.workshop, resident.id)
        called_off = reminder.occasion is Occasion.CALLED_OFF
        held = (BookingState.CONFIRMED, BookingState.WAITING) if called_off else (BookingState.CONFIRMED,)
        if workshop is None or booking is None or booking.state not in held:
            return OptedOut()
        if (workshop.cancelled_at is not None) is not called_off:
            return OptedOut()
        return _Letter(workshop_letter(reminder.occasion, workshop, booking, now))

    async def _hand_over(self, delivery: Delivery, resident: Resident, screen: Screen) -> Outcome:
        sender = self._senders.get(resident.address.channel)
        if sender is None:
            return GiveUp(f"the channel {resident.address.channel} is off")
        try:
            posted = await sender.send(resident.address, resident.language, screen, key=delivery.key)
        except BotError as error:
            return _meaning(error, delivery, self._clock())
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


def _meaning(error: BotError, delivery: Delivery, now: datetime) -> Outcome:
    """What the scheduler should do about a channel's refusal."""
    match error:
        case Throttled(retry_at=at):
            return Retry(at, "the channel asks us to wait", account_wide=True)
        case Unreachable():
            return _later(delivery, str(error), now)
        case Unanswered():
            return Uncertain(str(error))
        case Blocked():
            return model.Blocked()
        case _:
            return GiveUp(str(error))


def _later(delivery: Delivery, reason: str, now: datetime) -> Outcome:
    """It was not taken this time: wait longer after each try, and not for ever."""
    if delivery.attempt >= MOST_TRIES:
        return GiveUp(f"{delivery.attempt} tries: {reason}")
    return Retry(now + min(FIRST_PAUSE * 3 ** (delivery.attempt - 1), LONGEST_PAUSE), reason, account_wide=False)
