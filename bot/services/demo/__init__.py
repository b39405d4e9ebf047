"""A believable city for trying things out: the same for the same seed, and marked as a demo wherever it shows.

No address in it can be written to: Telegram's chats have numbers, these have words.
"""

from datetime import datetime
from random import Random  # noqa: TID251 - seeded by the caller: the same city every time

from bot.catalogue.library import Library
from bot.domain.errors import BotError
from bot.services.demo.city import City
from bot.services.demo.events import add_campaigns, add_daily_tips, add_workshops
from bot.services.demo.history import add_snapshots
from bot.services.demo.office import add_attendance, add_plans, add_presses, add_staff
from bot.services.demo.people import add_classes, add_learning, add_missed, add_people
from bot.storage import bulk
from bot.storage.database import Connection
from bot.storage.vault import Vault

NUMBERED = ("residents", "attempts", "workshops", "bookings", "campaigns", "campaign_events", "runs", "audit")


class NotEmpty(BotError):
    """This database is in use. The demo city wants an empty one; --force puts it beside what is there."""


async def found(
    conn: Connection, library: Library, vault: Vault, *, residents: int, seed: int, now: datetime, force: bool = False
) -> dict[str, int]:
    """Fill the database with a city; returns how many rows of each kind. Raises NotEmpty."""
    if not force and not await bulk.is_empty(conn):
        raise NotEmpty
    await bulk.take_time(conn)  # to make up a large city takes a while
    first = {name: await bulk.first_free(conn, name) for name in NUMBERED}
    city = City(library, vault, now.replace(microsecond=0), Random(seed), first)  # noqa: S311 - no secret depends on it
    add_staff(city)
    add_people(city, residents)
    add_learning(city)
    add_classes(city)
    add_missed(city)
    add_workshops(city)
    add_campaigns(city)
    add_daily_tips(city)
    add_plans(city)
    add_presses(city)
    add_attendance(city)
    add_snapshots(city)
    if force:  # who is there keeps their role; what was asked in vain, or counted, may be there already
        for name in ("staff", "missed_words", "missed_by", "snapshots"):
            city.rows.pop(name, None)
    else:
        await bulk.clear(conn, "snapshots", "kept_counts")  # of the time before there was a city
    await bulk.insert_all(conn, city.rows)
    return {name: len(rows) for name, rows in city.rows.items()}
