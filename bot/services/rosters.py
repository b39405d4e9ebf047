"""Who comes to a workshop: the list with names, one booking taken off it, and how many came."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.errors import BotError, UnknownItem, WorkshopClosed
from bot.domain.workshops import HELD, Booking, BookingState, Workshop
from bot.services import broadcasts, enrolment
from bot.storage import audit, residents
from bot.storage import workshops as store
from bot.storage.database import Connection
from bot.storage.vault import Vault


class NotYetBegun(BotError):
    """Who came can be noted from the beginning of the workshop until the names are erased."""


class NoSuchBooking(UnknownItem):
    """This booking is not on the roster any more."""


class MoreThanBooked(BotError):
    """No more people can have come on a booking than it has places."""


@dataclass(frozen=True, slots=True)
class Roster:
    """Everybody of a workshop, in the order in which they booked; names are in clear, unless they were erased."""

    workshop: Workshop
    coming: tuple[Booking, ...]
    waiting: tuple[Booking, ...]

    @property
    def everybody(self) -> tuple[Booking, ...]:
        """Who comes, then who waits."""
        return (*self.coming, *self.waiting)

    @property
    def names(self) -> int:
        """How many names there are to be read."""
        return sum(booking.name is not None for booking in self.everybody)


async def load(conn: Connection, vault: Vault, workshop_id: int, now: datetime) -> Roster:
    """The roster of a workshop; once its names are due to be erased they are gone from it. Raises UnknownItem."""
    workshop = await store.get(conn, workshop_id)
    if workshop is None:
        raise UnknownItem
    found = await store.roster(conn, vault, workshop_id, HELD)
    if now >= workshop.erased_at():  # the daily sweep may be some hours away
        found = [replace(booking, name=None, contact=None) for booking in found]
    coming = tuple(one for one in found if one.state is BookingState.CONFIRMED)
    return Roster(workshop, coming, tuple(one for one in found if one.state is BookingState.WAITING))


async def opened(conn: Connection, vault: Vault, workshop_id: int, *, who: str, how: str, now: datetime) -> Roster:
    """The roster, for somebody to read; if it has names, that they were opened stands in the audit log.

    `how`: `roster_opened`, `roster_printed`, `roster_saved`. Raises UnknownItem.
    """
    roster = await load(conn, vault, workshop_id, now)
    if roster.names:
        await audit.add(conn, [audit.Entry(now, who, how, f"workshop:{workshop_id}", None, {"names": roster.names})])
    return roster


@dataclass(frozen=True, slots=True)
class TakenOff:
    """A booking that staff cancelled."""

    booking: Booking
    told: bool
    """False: whoever booked cannot be written to."""
    moved_up: int
    """Bookings that came from the waiting list instead."""


async def take_off(conn: Connection, vault: Vault, workshop_id: int, booking_id: int, now: datetime) -> TakenOff:
    """Cancel a booking for somebody, tell them, and give the places to whoever waits.

    Raises UnknownItem, NoSuchBooking, WorkshopClosed.
    """
    await store.get(conn, workshop_id, lock=True)
    roster = await load(conn, vault, workshop_id, now)
    workshop = roster.workshop
    booking = next((one for one in roster.everybody if one.id == booking_id), None)
    resident = booking and await residents.get(conn, booking.resident_id)
    if booking is None or not resident:
        raise NoSuchBooking
    if not workshop.is_open(now):
        raise WorkshopClosed
    cancelled = await enrolment.cancel(conn, vault, resident, workshop_id, now=now)
    await broadcasts.tell_moved_up(conn, workshop, cancelled.moved_up, now)
    run = await broadcasts.tell_cancelled(conn, workshop, resident, now)
    return TakenOff(booking, bool(run.audience), len(cancelled.moved_up))


async def note_attended(
    conn: Connection, workshop_id: int, noted: Mapping[int, int | None], now: datetime
) -> store.Numbers:
    """Note how many came on each of these bookings (None: nobody knows), and on no others; returns the totals.

    Raises UnknownItem, NotYetBegun, MoreThanBooked (or such a booking is not on the roster).
    """
    workshop = await store.get(conn, workshop_id, lock=True)
    if workshop is None:
        raise UnknownItem
    if not workshop.is_counted(now):
        raise NotYetBegun
    for booking, attended in sorted(noted.items()):
        if (attended or 0) < 0 or not await store.note_attended(conn, workshop_id, booking, attended):
            raise MoreThanBooked
    numbers = await store.numbers_of(conn, workshop_id)
    if numbers is None:
        raise UnknownItem
    return numbers


def all_came(roster: Roster) -> dict[int, int | None]:
    """Everybody with places used them all; of who waited nothing is said."""
    return {booking.id: booking.places for booking in roster.coming}
