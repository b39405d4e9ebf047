"""Workshop places: booking, confirming, cancelling, and the waiting list.

Two people who want the last place at once are told apart by the database: the count of places taken and the change of
a booking's state happen in one transaction that nobody else can write beside.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.errors import StaleAction, UnknownItem, WorkshopClosed
from bot.domain.residents import Resident
from bot.domain.workshops import MOST_PLACES, Booking, BookingState, Workshop, promoted, state_for
from bot.storage import workshops as store
from bot.storage.database import Connection
from bot.storage.vault import Vault

LONGEST_NAME = 80
LONGEST_CONTACT = 120


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A workshop with this resident's booking in it."""

    workshop: Workshop
    booking: Booking | None


async def look(conn: Connection, vault: Vault, resident: Resident, workshop_id: int) -> Enrolment:
    """A workshop as this resident sees it. Raises UnknownItem."""
    workshop = await store.get(conn, workshop_id)
    if workshop is None:
        raise UnknownItem
    return Enrolment(workshop, await store.booking_of(conn, vault, workshop_id, resident.id))


async def _open(conn: Connection, vault: Vault, resident: Resident, workshop_id: int, now: datetime) -> Enrolment:
    if await store.get(conn, workshop_id, lock=True) is None:
        raise UnknownItem
    enrolment = await look(conn, vault, resident, workshop_id)
    if not enrolment.workshop.is_open(now):
        raise WorkshopClosed
    return enrolment


def _holds(booking: Booking | None) -> bool:
    return booking is not None and booking.state in (BookingState.CONFIRMED, BookingState.WAITING)


async def draft(
    conn: Connection, vault: Vault, resident: Resident, workshop_id: int, *, places: int, now: datetime
) -> Enrolment:
    """Begin a booking of 1–5 places; one that already holds places stays as it is.

    Raises UnknownItem, WorkshopClosed, StaleAction.
    """
    if places not in range(1, MOST_PLACES + 1):
        raise StaleAction
    enrolment = await _open(conn, vault, resident, workshop_id, now)
    if not _holds(enrolment.booking):
        await store.save_booking(
            conn,
            vault,
            workshop_id=workshop_id,
            resident_id=resident.id,
            now=now,
            places=places,
            state=BookingState.DRAFT.value,
        )
    return await look(conn, vault, resident, workshop_id)


async def note(
    conn: Connection,
    vault: Vault,
    resident: Resident,
    workshop_id: int,
    *,
    now: datetime,
    name: str | None = None,
    contact: str | None = None,
) -> Enrolment:
    """Write the name or the contact into a draft. Raises UnknownItem, WorkshopClosed, StaleAction."""
    values = {"name": name} if name is not None else {"contact": contact}
    return await _change_draft(conn, vault, resident, workshop_id, now=now, **values)


async def correct(conn: Connection, vault: Vault, resident: Resident, workshop_id: int, *, now: datetime) -> Enrolment:
    """Take the name and the contact out of a draft. Raises UnknownItem, WorkshopClosed, StaleAction."""
    return await _change_draft(conn, vault, resident, workshop_id, now=now, name=None, contact=None)


async def _change_draft(
    conn: Connection, vault: Vault, resident: Resident, workshop_id: int, *, now: datetime, **values: str | None
) -> Enrolment:
    enrolment = await _open(conn, vault, resident, workshop_id, now)
    if enrolment.booking is None or enrolment.booking.state is not BookingState.DRAFT:
        raise StaleAction
    await store.save_booking(conn, vault, workshop_id=workshop_id, resident_id=resident.id, now=now, **values)
    return await look(conn, vault, resident, workshop_id)


async def confirm(conn: Connection, vault: Vault, resident: Resident, workshop_id: int, *, now: datetime) -> Enrolment:
    """Take the places of a draft, or join the waiting list if they do not all fit; a second time changes nothing.

    Raises UnknownItem, WorkshopClosed, StaleAction (nothing was entered, or it was cancelled).
    """
    enrolment = await _open(conn, vault, resident, workshop_id, now)
    booking = enrolment.booking
    if _holds(booking):
        return enrolment
    if booking is None or booking.state is not BookingState.DRAFT or not booking.name or not booking.contact:
        raise StaleAction
    state = state_for(booking.places, free=enrolment.workshop.free)
    await store.save_booking(conn, vault, workshop_id=workshop_id, resident_id=resident.id, now=now, state=state.value)
    return await look(conn, vault, resident, workshop_id)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """A booking that was given back, and who moved up from the waiting list because of it."""

    workshop: Workshop
    moved_up: tuple[Booking, ...]


async def cancel(conn: Connection, vault: Vault, resident: Resident, workshop_id: int, *, now: datetime) -> Cancelled:
    """Give the places back and erase the name and contact; whoever waits moves up. Raises UnknownItem."""
    if await store.get(conn, workshop_id, lock=True) is None:
        raise UnknownItem
    enrolment = await look(conn, vault, resident, workshop_id)
    if enrolment.booking is None or enrolment.booking.state is BookingState.CANCELLED:
        return Cancelled(enrolment.workshop, ())
    await store.save_booking(
        conn,
        vault,
        workshop_id=workshop_id,
        resident_id=resident.id,
        now=now,
        state=BookingState.CANCELLED.value,
        name=None,
        contact=None,
    )
    return Cancelled(enrolment.workshop, await move_up(conn, vault, workshop_id, now=now))


async def move_up(conn: Connection, vault: Vault, workshop_id: int, *, now: datetime) -> tuple[Booking, ...]:
    """Confirm those on the waiting list who now fit, oldest first; a workshop that has begun moves nobody."""
    workshop = await store.get(conn, workshop_id)
    if workshop is None or not workshop.is_open(now):
        return ()
    waiting = await store.roster(conn, vault, workshop_id, [BookingState.WAITING], lock=True)  # one may be leaving
    chosen = promoted(waiting, free=workshop.free)
    for booking in chosen:
        await store.save_booking(
            conn,
            vault,
            workshop_id=workshop_id,
            resident_id=booking.resident_id,
            now=now,
            state=BookingState.CONFIRMED.value,
        )
    return tuple(replace(booking, state=BookingState.CONFIRMED) for booking in chosen)
