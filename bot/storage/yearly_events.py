"""What took place in a year: workshops, runs of messages, presses, the counts of its nights."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import case, func, select

from bot.domain.areas import Area
from bot.domain.workshops import BookingState
from bot.storage.database import Connection
from bot.storage.tables import bookings, presses, snapshots, workshops
from bot.storage.yearly import Frame
from scheduler.model import Kind, RunState
from scheduler.tables import campaigns, runs


@dataclass(frozen=True, slots=True)
class Held:
    """A workshop of the year, with its places."""

    area: Area
    ends_at: datetime
    cancelled: bool
    capacity: int
    booked: int
    noted: int
    """Booked places of those whose attendance was noted."""
    attended: int


async def workshops_of(conn: Connection, frame: Frame) -> list[Held]:
    """Workshops that were to begin in the year."""
    noted = bookings.c.attended.is_not(None)
    gone = workshops.c.gone_places, workshops.c.gone_attended  # of people who were erased since
    sums = (
        (bookings.c.places, gone[0]),
        (case((noted, bookings.c.places), else_=0), gone[0]),
        (bookings.c.attended, gone[1]),
    )
    query = (
        select(
            *(workshops.c.area, workshops.c.ends_at, workshops.c.cancelled_at.is_not(None), workshops.c.capacity),
            *(func.coalesce(func.sum(column), 0) + erased for column, erased in sums),
        )
        .outerjoin(
            bookings,
            # Who waited and was let in at the door had a place too.
            (bookings.c.workshop_id == workshops.c.id) & ((bookings.c.state == BookingState.CONFIRMED.value) | noted),
        )
        .where(frame.holds(workshops.c.starts_at))
        .group_by(workshops.c.id)
    )
    return [_held(*row) for row in await conn.execute(query)]


def _held(area: str, ends_at: datetime, cancelled: object, *counts: Any) -> Held:
    return Held(Area(area), ends_at, bool(cancelled), *map(int, counts))


@dataclass(frozen=True, slots=True)
class Sending:
    """A run of the year that is over: word to residents, not to staff."""

    id: int
    kind: Kind
    campaign_id: int | None
    slot_at: datetime


async def sendings(conn: Connection, frame: Frame) -> list[Sending]:
    """Runs whose time was in the year and that are over, in the order of their times."""
    query = (
        select(runs.c.id, runs.c.kind, runs.c.campaign_id, runs.c.slot_at)
        .where(
            frame.holds(runs.c.slot_at),
            runs.c.state.in_((RunState.FINISHED, RunState.CANCELLED)),
            runs.c.kind != Kind.NOTICE,
        )
        .order_by(runs.c.slot_at, runs.c.id)
    )
    return [Sending(*row) for row in await conn.execute(query)]


async def campaigns_of(conn: Connection, frame: Frame) -> dict[int, tuple[str, dict[str, Any]]]:
    """Campaign → its title and what it says, for those with a run in the year."""
    with_runs = select(runs.c.campaign_id).where(frame.holds(runs.c.slot_at))
    query = select(campaigns.c.id, campaigns.c.title, campaigns.c.content).where(campaigns.c.id.in_(with_runs))
    return {number: (title, content) for number, title, content in await conn.execute(query)}


async def presses_of(conn: Connection, frame: Frame) -> list[tuple[int, str, int]]:
    """Campaign, button and how often it was pressed in its runs of the year."""
    query = (
        select(runs.c.campaign_id, presses.c.button, func.sum(presses.c.count))
        .join(runs, runs.c.id == presses.c.run_id)
        .where(frame.holds(runs.c.slot_at), runs.c.campaign_id.is_not(None))
        .group_by(runs.c.campaign_id, presses.c.button)
    )
    return [(campaign, button, int(count)) for campaign, button, count in await conn.execute(query)]


async def snapshots_on(
    conn: Connection, first: date, last: date, measures: Sequence[str]
) -> list[tuple[date, str, int]]:
    """Day, measure and its count, all parts together, of the nights between two days (both included)."""
    query = (
        select(snapshots.c.day, snapshots.c.measure, func.sum(snapshots.c.count))
        .where(snapshots.c.day >= first, snapshots.c.day <= last, snapshots.c.measure.in_(measures))
        .group_by(snapshots.c.day, snapshots.c.measure)
        .order_by(snapshots.c.day)
    )
    return [(day, measure, int(count)) for day, measure, count in await conn.execute(query)]
