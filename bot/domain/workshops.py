"""Workshops and the places in them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.areas import Area

MOST_PLACES = 5
ERASED_AFTER = timedelta(days=30)
"""Names and contacts are erased this long after the workshop."""


class BookingState(StrEnum):
    """Where a booking stands. A draft holds no place yet."""

    DRAFT = "draft"
    CONFIRMED = "confirmed"
    WAITING = "waiting"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Workshop:
    """Something to go to."""

    id: int
    area: Area
    title: Mapping[str, str]
    about: Mapping[str, str]
    place: str
    district: int | None
    starts_at: datetime
    ends_at: datetime
    capacity: int
    taken: int = 0
    """Places confirmed."""
    cancelled_at: datetime | None = None
    owner: str | None = None
    """The partner who runs it; nobody: the city itself."""
    revision: int = 0
    """Rises with every edit, so that none is lost to another."""

    @property
    def free(self) -> int:
        """Places left."""
        return max(0, self.capacity - self.taken)

    def is_open(self, now: datetime) -> bool:
        """Whether places can still be booked."""
        return self.cancelled_at is None and now < self.starts_at

    def erased_at(self) -> datetime:
        """When the names and contacts of those who booked are erased."""
        return self.ends_at + ERASED_AFTER

    def is_counted(self, now: datetime) -> bool:
        """Whether it can be noted who came: from its beginning until the names are erased."""
        return self.cancelled_at is None and self.starts_at <= now < self.erased_at()


@dataclass(frozen=True, slots=True)
class Booking:
    """Places for one resident in one workshop; the name and contact are in clear only in memory."""

    id: int
    workshop_id: int
    resident_id: int
    places: int
    state: BookingState
    created_at: datetime
    name: str | None = None
    contact: str | None = None
    attended: int | None = None
    """How many of the places were used; None until somebody noted it."""


HELD = (BookingState.CONFIRMED, BookingState.WAITING)
"""States of those who come, or would if they could."""


def state_for(places: int, *, free: int) -> BookingState:
    """Confirmed if everybody fits, else the waiting list: a family is not split."""
    return BookingState.CONFIRMED if places <= free else BookingState.WAITING


def promoted(waiting: list[Booking], *, free: int) -> list[Booking]:
    """Who moves up from the waiting list (oldest first) when places become free; whoever fits, in order."""
    chosen = []
    for booking in waiting:
        if booking.places <= free:
            chosen.append(booking)
            free -= booking.places
    return chosen
