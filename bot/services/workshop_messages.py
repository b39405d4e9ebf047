"""What staff write to those who booked a workshop: kept, and sent as a run like any other."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.catalogue.markup import foreign
from bot.catalogue.schema import LONGEST_TEXT
from bot.domain.areas import DEFAULT_LANGUAGE
from bot.domain.errors import BotError, UnknownItem
from bot.domain.reminders import Readers, message_subject
from bot.storage import workshop_messages as store
from bot.storage import workshops
from bot.storage.audience import ResidentsAudience
from bot.storage.database import Connection
from bot.storage.workshop_messages import Message, Reach
from scheduler import ledger
from scheduler.calendar import release_at
from scheduler.model import SEND_WINDOW, Balance, DeliveryState, Kind, Run


class NothingSaid(BotError):
    """The Polish text is missing: everybody who has no other reads it."""


class TooLongForThem(BotError):
    """The text does not fit one message."""


class NotShown(BotError):
    """There is something in the text that no channel shows."""


class NobodyToTell(BotError):
    """None of them can be written to: they booked in the browser, or blocked the bot."""


class TooLateToTell(BotError):
    """At night nobody is written to, and in the morning the workshop will be over."""


class TooLongAgo(BotError):
    """The names of those who booked are erased; nobody of them is written to any more."""


UNFIT = (NothingSaid, TooLongForThem, NotShown)
"""What is wrong with a text, whoever it is for."""


@dataclass(frozen=True, slots=True)
class Told:
    """A message with its run, and where everybody in it stands."""

    message: Message
    run: Run
    balance: Balance

    @property
    def arrived(self) -> int:
        """How many were sent."""
        return self.balance[DeliveryState.SENT]

    @property
    def missed(self) -> int:
        """How many were settled in another way: blocked, failed, cancelled their booking, too late, or in doubt."""
        return self.balance.settled - self.arrived


def leaves_at(now: datetime) -> datetime:
    """When a message of this moment leaves: at once, or after the night."""
    return release_at(Kind.REMINDER, now)


def in_words(text: Mapping[str, str]) -> dict[str, str]:
    """The texts that say something. Raises NothingSaid, TooLongForThem, NotShown."""
    said = {language: words.strip() for language, words in text.items() if words.strip()}
    if DEFAULT_LANGUAGE not in said:
        raise NothingSaid
    for language, words in said.items():
        if len(words) > LONGEST_TEXT:
            raise TooLongForThem(f"The text in {language!r} has {len(words)} characters; at most {LONGEST_TEXT} fit.")
        for message in foreign(words):
            raise NotShown(f"The text in {language!r}: {message}.")
    return said


async def send(
    conn: Connection, workshop_id: int, text: Mapping[str, str], readers: Readers, *, who: str, now: datetime
) -> tuple[Message, Run]:
    """Write to those who booked a workshop, each in their language; who is there at this moment gets it.

    Raises UnknownItem, NothingSaid, TooLongForThem, NotShown, NobodyToTell, TooLateToTell, TooLongAgo.
    """
    said = in_words(text)
    workshop = await workshops.get(conn, workshop_id, lock=True)
    if workshop is None:
        raise UnknownItem
    if now >= workshop.erased_at():
        raise TooLongAgo
    expires_at = _expires_at(now, workshop.ends_at)
    number = await store.add(conn, workshop=workshop_id, author=who, readers=readers, text=said, now=now)
    run = await _open(conn, number, now, expires_at)
    if not run.audience:
        raise NobodyToTell
    message = await store.get(conn, number)
    if message is None:
        raise UnknownItem
    return message, run


def _expires_at(now: datetime, ends_at: datetime) -> datetime:
    """A day after it could leave; what is said before the end of a workshop is no use after it."""
    leaves, latest = leaves_at(now), leaves_at(now) + SEND_WINDOW
    if now >= ends_at:
        return latest
    if leaves >= ends_at:
        raise TooLateToTell
    return min(latest, ends_at)


async def _open(conn: Connection, number: int, now: datetime, expires_at: datetime) -> Run:
    return await ledger.open_run(
        conn,
        ResidentsAudience(),
        key=_key(number),
        kind=Kind.REMINDER,
        slot_at=now,
        expires_at=expires_at,
        now=now,
        subject=message_subject(number),
    )


def _key(number: int) -> str:
    return message_subject(number)


async def sent(conn: Connection, workshop_id: int) -> list[Told]:
    """What was written to those of a workshop, the newest first."""
    found = []
    for message in await store.of_workshop(conn, workshop_id):
        run = await ledger.find_run(conn, _key(message.id))
        if run:
            found.append(Told(message, run, await ledger.balance(conn, run.id)))
    return found


async def reach(conn: Connection, workshop_id: int, readers: Readers) -> Reach:
    """How many people a message would be sent to, and how many cannot be written to."""
    by_state = await store.reach(conn, workshop_id)
    wanted = [by_state[state] for state in readers.states]
    return Reach(sum(one.told for one in wanted), sum(one.silent for one in wanted))
