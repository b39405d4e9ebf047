"""A believable city for trying things out: the same for the same seed, and marked as a demo wherever it shows.

No address in it can be written to: Telegram's chats have numbers, these have words.
"""

from datetime import datetime
from random import Random  # noqa: TID251 - seeded by the caller: the same city every time

from bot.catalogue.library import Library
from bot.domain.errors import BotError
from bot.services.demo.city import City
from bot.services.demo.events import add_campaigns, add_daily_tips, add_workshops
from bot.services.demo.people import add_classes, add_learning, add_people
from bot.storage import bulk
from bot.storage.database import Connection
from bot.storage.vault import Vault

NUMBERED = ("residents", "attempts", "workshops", "bookings", "campaigns", "campaign_events", "runs")


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
    add_people(city, residents)
    add_learning(city)
    add_classes(city)
    add_workshops(city)
    add_campaigns(city)
    add_daily_tips(city)
    if force:  # who is there keeps their role
        del city.rows["staff"]
    await bulk.insert_all(conn, city.rows)
    return {name: len(rows) for name, rows in city.rows.items()}
