"""Workshops and bookings. Names and contacts pass through the vault on their way in and out."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, ScalarSelect, Select, and_, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.areas import Area
from bot.domain.workshops import HELD, Booking, BookingState, Workshop
from bot.storage.tables import bookings, workshops
from bot.storage.vault import Vault


def _sum_of(column: ColumnElement[int], *conditions: ColumnElement[bool]) -> "ScalarSelect[int]":
    """The sum over a workshop's bookings."""
    query = select(func.coalesce(func.sum(column), 0)).where(bookings.c.workshop_id == workshops.c.id, *conditions)
    return query.correlate(workshops).scalar_subquery()


_TAKEN = _sum_of(bookings.c.places, bookings.c.state == BookingState.CONFIRMED.value).label("taken")
WAITED_FOR = _sum_of(bookings.c.places, bookings.c.state == BookingState.WAITING.value)
_NOTED = bookings.c.attended.is_not(None)
COUNTED = _sum_of(bookings.c.places, _NOTED) + workshops.c.gone_places
"""Places of which somebody noted whether they were used, of people erased since too."""
ATTENDED = _sum_of(bookings.c.attended, _NOTED) + workshops.c.gone_attended
"""Those of them that were used."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """A workshop with what became of its places."""

    workshop: Workshop
    waiting: int
    """Places that people wait for."""
    counted: int
    """Places of which somebody noted whether they were used."""
    attended: int
    """Those of them that were used."""

    @property
    def booked(self) -> int:
        """Places that were booked, also by people who were erased since."""
        return max(self.workshop.taken, self.counted)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list goes on: after the workshop of this start and number."""

    starts_at: datetime
    number: int


def _workshop(row: RowMapping) -> Workshop:
    return Workshop(
        id=row["id"],
        area=Area(row["area"]),
        title=row["title"],
        about=row["about"],
        place=row["place"],
        district=row["district"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        capacity=row["capacity"],
        taken=row["taken"],
        cancelled_at=row["cancelled_at"],
        owner=row["owner"],
        revision=row["revision"],
    )


def _booking(row: RowMapping, vault: Vault) -> Booking:
    return Booking(
        id=row["id"],
        workshop_id=row["workshop_id"],
        resident_id=row["resident_id"],
        places=row["places"],
        state=BookingState(row["state"]),
        created_at=row["created_at"],
        name=vault.open(row["name"]),
        contact=vault.open(row["contact"]),
        attended=row["attended"],
    )


async def _select_workshops(conn: AsyncConnection, query: Select[Any]) -> list[Workshop]:
    return [_workshop(row) for row in (await conn.execute(query)).mappings()]


async def add(conn: AsyncConnection, *, now: datetime, **values: Any) -> int:
    """A new workshop; returns its number."""
    row = await conn.execute(insert(workshops).values(created_at=now, **values).returning(workshops.c.id))
    return int(row.scalar_one())


async def get(conn: AsyncConnection, workshop_id: int, *, lock: bool = False) -> Workshop | None:
    """A workshop with its taken places; `lock` keeps others from booking until the transaction ends."""
    if lock:  # SQLite's writers already come one at a time; PostgreSQL's are held here
        await conn.execute(select(workshops.c.id).where(workshops.c.id == workshop_id).with_for_update())
    found = await _select_workshops(conn, select(workshops, _TAKEN).where(workshops.c.id == workshop_id))
    return found[0] if found else None


async def known(conn: AsyncConnection, numbers: Collection[int]) -> set[int]:
    """Those of these numbers that are a workshop's."""
    return set((await conn.execute(select(workshops.c.id).where(workshops.c.id.in_(numbers)))).scalars())


async def closed(conn: AsyncConnection, numbers: Collection[int], now: datetime) -> set[int]:
    """Those of these workshops that are not there, were called off or have begun."""
    if not numbers:
        return set()
    to_come = select(workshops.c.id).where(
        workshops.c.id.in_(numbers), workshops.c.starts_at > now, workshops.c.cancelled_at.is_(None)
    )
    return set(numbers).difference((await conn.execute(to_come)).scalars())


async def upcoming(conn: AsyncConnection, now: datetime, *, limit: int, offset: int = 0) -> list[Workshop]:
    """What can still be gone to, soonest first."""
    return await _select_workshops(
        conn,
        select(workshops, _TAKEN)
        .where(workshops.c.starts_at > now, workshops.c.cancelled_at.is_(None))
        .order_by(workshops.c.starts_at, workshops.c.id)
        .limit(limit)
        .offset(offset),
    )


async def all_of(conn: AsyncConnection) -> list[Workshop]:
    """Every workshop kept, soonest first."""
    return await _select_workshops(conn, select(workshops, _TAKEN).order_by(workshops.c.starts_at, workshops.c.id))


_WITH_NUMBERS = select(
    workshops, _TAKEN, WAITED_FOR.label("waiting"), COUNTED.label("counted"), ATTENDED.label("attended")
)


async def _select_numbers(conn: AsyncConnection, query: Select[Any]) -> list[Numbers]:
    rows = (await conn.execute(query)).mappings()
    return [Numbers(_workshop(row), row["waiting"], row["counted"], row["attended"]) for row in rows]


async def numbers_of(conn: AsyncConnection, workshop_id: int) -> Numbers | None:
    """A workshop with its numbers."""
    found = await _select_numbers(conn, _WITH_NUMBERS.where(workshops.c.id == workshop_id))
    return found[0] if found else None


async def page(
    conn: AsyncConnection,
    now: datetime,
    *,
    past: bool,
    limit: int,
    area: Area | None = None,
    owner: str | None = None,
    after: Place | None = None,
) -> list[Numbers]:
    """A stretch of the workshops: those to come, soonest first, or those past, latest first.

    With `owner` only a partner's own. Who reads on asks for what stands after the last they saw.
    """
    starts_at, number = workshops.c.starts_at, workshops.c.id
    query = _WITH_NUMBERS.where(workshops.c.ends_at <= now if past else workshops.c.ends_at > now)
    if area:
        query = query.where(workshops.c.area == area.value)
    if owner is not None:
        query = query.where(workshops.c.owner == owner)
    if after and past:
        same = and_(starts_at == after.starts_at, number < after.number)
        query = query.where(or_(starts_at < after.starts_at, same))
    elif after:
        same = and_(starts_at == after.starts_at, number > after.number)
        query = query.where(or_(starts_at > after.starts_at, same))
    order = (starts_at.desc(), number.desc()) if past else (starts_at, number)
    return await _select_numbers(conn, query.order_by(*order).limit(limit))


async def change(conn: AsyncConnection, workshop_id: int, revision: int, **values: Any) -> bool:
    """Change a workshop as it was at a revision; False if somebody changed it since."""
    seen = update(workshops).where(workshops.c.id == workshop_id, workshops.c.revision == revision)
    return bool((await conn.execute(seen.values(revision=revision + 1, **values))).rowcount)


async def hand_over(conn: AsyncConnection, workshop_id: int, owner: str | None) -> None:
    """Say whose it is."""
    await conn.execute(update(workshops).where(workshops.c.id == workshop_id).values(owner=owner))


async def take_back(conn: AsyncConnection, owner: str) -> list[int]:
    """Give everything that somebody owns to the city; returns the ids of what they had."""
    theirs = update(workshops).where(workshops.c.owner == owner).values(owner=None)
    return sorted((await conn.execute(theirs.returning(workshops.c.id))).scalars())


async def call_off(conn: AsyncConnection, workshop_id: int, now: datetime) -> bool:
    """Note that a workshop does not take place; False if that was noted before."""
    query = update(workshops).where(workshops.c.id == workshop_id, workshops.c.cancelled_at.is_(None))
    return bool((await conn.execute(query.values(cancelled_at=now))).rowcount)


async def booking_of(conn: AsyncConnection, vault: Vault, workshop_id: int, resident_id: int) -> Booking | None:
    """A resident's booking in a workshop, whatever its state."""
    query = select(bookings).where(bookings.c.workshop_id == workshop_id, bookings.c.resident_id == resident_id)
    row = (await conn.execute(query)).mappings().first()
    return _booking(row, vault) if row else None


async def save_booking(
    conn: AsyncConnection,
    vault: Vault,
    *,
    workshop_id: int,
    resident_id: int,
    now: datetime,
    **values: Any,
) -> None:
    """Set a booking's places, state, name or contact; the booking is made if there is none."""
    for personal in ("name", "contact"):
        if values.get(personal) is not None:
            values[personal] = vault.seal(values[personal])
    mine = (bookings.c.workshop_id == workshop_id) & (bookings.c.resident_id == resident_id)
    changed = await conn.execute(update(bookings).where(mine).values(changed_at=now, **values))
    if not changed.rowcount:
        await conn.execute(
            insert(bookings).values(
                workshop_id=workshop_id, resident_id=resident_id, created_at=now, changed_at=now, **values
            )
        )


async def bookings_where(
    conn: AsyncConnection, vault: Vault, *conditions: ColumnElement[bool], lock: bool = False
) -> list[Booking]:
    """Bookings that meet all conditions, oldest first; `lock` keeps them there until the transaction ends."""
    query = select(bookings).where(*conditions).order_by(bookings.c.changed_at, bookings.c.id)
    query = query.with_for_update() if lock else query
    return [_booking(row, vault) for row in (await conn.execute(query)).mappings()]


async def bookings_of_resident(conn: AsyncConnection, vault: Vault, resident_id: int) -> list[Booking]:
    """Every booking of a resident that is kept."""
    return await bookings_where(conn, vault, bookings.c.resident_id == resident_id)


async def roster(
    conn: AsyncConnection, vault: Vault, workshop_id: int, states: Sequence[BookingState], *, lock: bool = False
) -> list[Booking]:
    """Who is coming, or waits, in the order of their booking; `lock` keeps them there until the transaction ends."""
    wanted = bookings.c.state.in_([state.value for state in states])
    return await bookings_where(conn, vault, bookings.c.workshop_id == workshop_id, wanted, lock=lock)


async def note_attended(conn: AsyncConnection, workshop_id: int, booking_id: int, attended: int | None) -> bool:
    """Note how many of a booking's places were used, or that nobody knows; False if there is no such booking."""
    query = update(bookings).where(
        bookings.c.id == booking_id,
        bookings.c.workshop_id == workshop_id,
        bookings.c.state.in_([state.value for state in HELD]),
        bookings.c.places >= (attended or 0),
    )
    return bool((await conn.execute(query.values(attended=attended))).rowcount)


async def forget_attended(conn: AsyncConnection, resident_id: int) -> None:
    """Before a resident is erased: what they used becomes a count of nobody, and the workshops' totals stay true."""
    theirs = select(bookings.c.workshop_id, bookings.c.places, bookings.c.attended).where(
        bookings.c.resident_id == resident_id, _NOTED
    )
    for workshop_id, places, attended in (await conn.execute(theirs.order_by(bookings.c.workshop_id))).all():
        gone = {
            "gone_places": workshops.c.gone_places + places,
            "gone_attended": workshops.c.gone_attended + attended,
        }
        await conn.execute(update(workshops).where(workshops.c.id == workshop_id).values(gone))


async def clear_personal(conn: AsyncConnection, ended_before: datetime) -> int:
    """Erase names and contacts of workshops that ended before this; returns how many bookings."""
    past = select(workshops.c.id).where(workshops.c.ends_at < ended_before)
    result = await conn.execute(
        update(bookings)
        .where(bookings.c.workshop_id.in_(past), bookings.c.name.is_not(None) | bookings.c.contact.is_not(None))
        .values(name=None, contact=None)
    )
    return result.rowcount


async def drop_drafts(conn: AsyncConnection, before: datetime) -> int:
    """Delete bookings that were begun and never confirmed; returns how many."""
    result = await conn.execute(
        bookings.delete().where(bookings.c.state == BookingState.DRAFT.value, bookings.c.changed_at < before)
    )
    return result.rowcount
