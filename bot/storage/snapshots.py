"""Numbers of each day, as they stood in the night after it: nobody is in them, and they outlive whoever was counted."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import case, func, insert, select

from bot.domain.workshops import BookingState
from bot.storage.database import Connection
from bot.storage.tables import attempts, bookings, residents, snapshots, workshops

Key = tuple[str, str]
"""A measure, and the part of it: a channel, an area."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of one day."""

    day: date
    measure: str
    part: str
    count: int


async def days(conn: Connection, since: date) -> set[date]:
    """The days since one (included) of which there are numbers."""
    return set((await conn.execute(select(snapshots.c.day).where(snapshots.c.day >= since).distinct())).scalars())


async def save(conn: Connection, day: date, figures: Mapping[Key, int]) -> None:
    """Write a day's numbers."""
    rows = [
        {"day": day, "measure": measure, "part": part, "count": count} for (measure, part), count in figures.items()
    ]
    if rows:
        await conn.execute(insert(snapshots), rows)


async def since(conn: Connection, day: date, measures: Collection[str]) -> list[Figure]:
    """The numbers of these measures from a day on, in the order of days."""
    query = (
        select(snapshots)
        .where(snapshots.c.day >= day, snapshots.c.measure.in_(measures))
        .order_by(snapshots.c.day, snapshots.c.measure, snapshots.c.part)
    )
    return [Figure(**row) for row in (await conn.execute(query)).mappings()]


# --- counting what is kept


async def subscribers(conn: Connection) -> dict[Key, int]:
    """By channel: everybody, and who can be written to and agreed to alerts, campaigns, daily tips."""
    here = residents.c.blocked_at.is_(None)
    agreed = {
        "alerts": residents.c.alerts,
        "campaigns": residents.c.campaigns,
        "daily_tips": residents.c.tip_hour.is_not(None),
    }
    columns: list[Any] = [func.count().label("residents")]
    columns += [func.sum(case((here & wish, 1), else_=0)).label(name) for name, wish in agreed.items()]
    rows = (await conn.execute(select(residents.c.channel, *columns).group_by(residents.c.channel))).mappings()
    return {(name, row["channel"]): int(row[name]) for row in rows for name in ("residents", *agreed)}


async def attempts_begun(conn: Connection, start: datetime, end: datetime) -> list[tuple[str | None, int, int]]:
    """By quiz (None: a mixture): attempts begun between two instants, and those of them that were finished."""
    query = (
        select(attempts.c.quiz, func.count(), func.count(attempts.c.finished_at))
        .where(attempts.c.started_at >= start, attempts.c.started_at < end)
        .group_by(attempts.c.quiz)
    )
    return [(quiz, begun, finished) for quiz, begun, finished in await conn.execute(query)]


async def places_booked(conn: Connection, start: datetime, end: datetime) -> dict[str, int]:
    """By area: places booked between two instants and still held."""
    query = (
        select(workshops.c.area, func.sum(bookings.c.places))
        .join_from(bookings, workshops, bookings.c.workshop_id == workshops.c.id)
        .where(
            bookings.c.created_at >= start,
            bookings.c.created_at < end,
            bookings.c.state == BookingState.CONFIRMED.value,
        )
        .group_by(workshops.c.area)
    )
    return {area: int(places) for area, places in await conn.execute(query)}
