"""Each day's numbers, written down in the night after it: who subscribes, what was begun, which places were booked."""

from collections import Counter
from datetime import date, datetime, time, timedelta

from bot.catalogue.library import Library
from bot.storage import snapshots
from bot.storage.database import Connection, Database
from bot.storage.snapshots import Figure, Key
from scheduler.calendar import ZONE

BACK = timedelta(days=90)
"""So far back what people did is counted if nobody was there to count it in its night."""
SUBSCRIBERS = ("residents", "alerts", "campaigns", "daily_tips")
"""Measures of how many there are, by channel; they cannot be counted afterwards."""
BEGUN, FINISHED, PLACES = "attempts_begun", "attempts_finished", "places_booked"
"""Measures of what happened on a day, by area."""
OTHER = "other"
"""The area of what has none: a mixture of quizzes, a quiz that is no more."""

__all__ = ["BACK", "BEGUN", "FINISHED", "OTHER", "PLACES", "SUBSCRIBERS", "Figure", "midnight", "take"]


def midnight(day: date) -> datetime:
    """When a day begins in Kraków."""
    return datetime.combine(day, time(), ZONE)


async def take(database: Database, library: Library, now: datetime) -> list[date]:
    """Write down the days that are over and were not; returns them. Repeating it repeats nothing.

    How many subscribe is known of yesterday alone. What people did is counted for every missing day of the last 90, so
    that the plots of a console that is switched on today do not begin empty.
    """
    today = now.astimezone(ZONE).date()
    wanted = [today - timedelta(days=back) for back in range(BACK.days, 0, -1)]
    async with database.read() as conn:
        known = await snapshots.days(conn, wanted[0])
    missing = [day for day in wanted if day not in known]
    for day in missing:
        async with database.read() as conn:
            figures = await _of(conn, library, day, is_yesterday=day == wanted[-1])
        async with database.begin() as conn:
            if day not in await snapshots.days(conn, day):  # another process may have been quicker
                await snapshots.save(conn, day, figures)
    return missing


async def _of(conn: Connection, library: Library, day: date, *, is_yesterday: bool) -> dict[Key, int]:
    """A day's numbers; the zero of the places makes it a day that was counted."""
    start, end = midnight(day), midnight(day + timedelta(days=1))
    figures: Counter[Key] = Counter({(PLACES, OTHER): 0})
    for quiz, begun, finished in await snapshots.attempts_begun(conn, start, end):
        known = library.quizzes.get(quiz or "")
        area = known.area.value if known else OTHER
        figures[BEGUN, area] += begun
        figures[FINISHED, area] += finished
    for area, places in (await snapshots.places_booked(conn, start, end)).items():
        figures[PLACES, area] += places
    if is_yesterday:
        figures.update(await snapshots.subscribers(conn))
    return dict(figures)
