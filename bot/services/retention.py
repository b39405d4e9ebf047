"""What is not needed any more goes, every day, without anybody asking."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.workshops import ERASED_AFTER
from bot.services import missed, passkeys, privacy, room_quiz, signin
from bot.storage import classroom, matrix, residents, room_polls, workshops
from bot.storage.database import Database
from scheduler import ledger

DRAFTS_LAST = timedelta(hours=2)
"""A booking that was begun and not confirmed, with the name in it, is dropped after this."""
LINKS_KEPT = timedelta(days=7)
"""A quiz link's totals can still be read this long after its end."""
BROWSER_AWAY = timedelta(days=40)
"""A page's cookie lasts 30 days; ten more, and nobody can come back to the conversation."""
LONG_AWAY = timedelta(days=730)
DELIVERIES_KEPT = timedelta(days=90)
"""After this a campaign's ledger holds counts, and nobody in them."""
EVENTS_KEPT = timedelta(days=2)
"""No event of a Matrix room is delivered again after so long."""
AT_ONCE = 20
"""Residents erased in one transaction, so that turns wait no longer than an instant."""


@dataclass(frozen=True, slots=True)
class Swept:
    """How much went."""

    bookings: int
    """Bookings whose name and contact were erased."""
    drafts: int
    links: int
    residents: int
    deliveries: int
    missed: int
    """Marks of people who searched for a word in vain."""
    polls: int
    """Questions that were put to rooms of several."""


async def sweep(database: Database, now: datetime) -> Swept:
    """Erase whatever has reached its end; doing it twice is the same as once."""
    async with database.begin() as conn:
        cleared = await workshops.clear_personal(conn, now - ERASED_AFTER)
        drafts = await workshops.drop_drafts(conn, now - DRAFTS_LAST)
        links = await classroom.drop_ended(conn, now - LINKS_KEPT)
    erased = await _erase_long_away(database, now)
    async with database.begin() as conn:
        archived = await ledger.archive(conn, now - DELIVERIES_KEPT)
        words = await missed.sweep(conn, now)
        polls = await room_polls.drop_before(conn, now - room_quiz.REMEMBERED)
        await matrix.forget_events(conn, now - EVENTS_KEPT)
        await signin.sweep(conn, now)
        await passkeys.sweep(conn, now)
    return Swept(cleared, drafts, links, erased, archived, words, polls)


async def _erase_long_away(database: Database, now: datetime) -> int:
    async with database.read() as conn:
        away = await residents.long_away(conn, now, browser=BROWSER_AWAY, other=LONG_AWAY)
    for start in range(0, len(away), AT_ONCE):
        async with database.begin() as conn:
            people = await residents.get_many(conn, away[start : start + AT_ONCE])
            await privacy.erase(conn, *people.values())
    return len(away)
