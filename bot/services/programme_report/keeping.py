"""The report as it was counted a while ago: counting reads a whole year, and no page waits for that."""

from datetime import datetime, timedelta

from bot.catalogue.library import Library
from bot.domain.errors import BotError
from bot.services import kept
from bot.services.programme_report import counting
from bot.services.programme_report.model import Report, as_data, from_data
from bot.storage.database import Connection, Database

FRESH = timedelta(hours=1)
FRESH_PAST = timedelta(days=1)
"""How long the report of a year that is over stays as it is."""
SHAPE = 1
"""Rises with every change of what is counted, so that a newer program does not read an older one's numbers."""


class NoSuchYear(BotError):
    """There is no report of this year."""


def years(library: Library, now: datetime) -> list[int]:
    """The years there is a report of: from the programme's first, or this one, to this one; the newest first."""
    this = counting.year_of(now)
    first = min((one.year for one in library.programme.budget), default=this)
    return list(range(this, min(first, this) - 1, -1))


def check_year(library: Library, year: int, now: datetime) -> None:
    """Raises NoSuchYear for a year before the programme, or to come."""
    known = years(library, now)
    if year not in known:
        raise NoSuchYear(f"There is no report of {year}; there are those of {known[-1]} to {known[0]}.")


async def report(database: Database, library: Library, year: int, now: datetime) -> Report:
    """The report of a year, no older than FRESH, or as it was last counted while it is counted anew beside."""
    fresh = FRESH if year == counting.year_of(now) else FRESH_PAST
    _, data = await kept.kept(database, name_of(year), _make(library, year, now), now=now, for_=fresh)
    return from_data(data)


async def again(database: Database, library: Library, year: int, now: datetime) -> Report:
    """Count a year's report again, and wait for it."""
    _, data = await kept.remake(database, name_of(year), _make(library, year, now), now)
    return from_data(data)


def name_of(year: int) -> str:
    """Under what a year's report is kept."""
    return f"programme-report:{SHAPE}:{year}"


def _make(library: Library, year: int, now: datetime) -> kept.Make:
    async def make(conn: Connection) -> object:
        return as_data(await counting.count(conn, library, year, now))

    return make
