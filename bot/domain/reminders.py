"""What somebody who booked a workshop is told about it, and the name each such message has in the ledger."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.workshops import HELD, BookingState


class Occasion(StrEnum):
    """Why we write about a workshop."""

    DAY_BEFORE = "24h"
    SOON = "2h"
    MOVED_UP = "moved"
    """A place became free, and the waiting list moved."""
    CALLED_OFF = "off"
    CHANGED = "changed"
    """It is at another time, or in another place."""
    CANCELLED = "cancelled"
    """Staff cancelled this one booking."""


CONCERNED: Mapping[Occasion, tuple[BookingState, ...]] = {
    Occasion.DAY_BEFORE: (BookingState.CONFIRMED,),
    Occasion.SOON: (BookingState.CONFIRMED,),
    Occasion.MOVED_UP: (BookingState.CONFIRMED,),
    Occasion.CALLED_OFF: HELD,
    Occasion.CHANGED: HELD,
    Occasion.CANCELLED: (BookingState.CANCELLED,),
}
"""Occasion → how the bookings stand of those it concerns."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """One message about one workshop: to everybody who booked, or to one of them."""

    occasion: Occasion
    workshop: int
    resident: int | None = None

    @property
    def subject(self) -> str:
        """Its name in the ledger: `24h:12`, `moved:12:345`."""
        parts = [self.occasion.value, str(self.workshop)]
        return ":".join(parts if self.resident is None else [*parts, str(self.resident)])


def read_reminder(subject: str) -> Reminder:
    """The reminder of a subject. Raises ValueError if it is none."""
    occasion, workshop, *resident = subject.split(":")
    return Reminder(Occasion(occasion), int(workshop), int(resident[0]) if resident else None)


MESSAGE = "workshop_message"


class Readers(StrEnum):
    """To whom of those who booked staff write."""

    CONFIRMED = "confirmed"
    WAITING = "waiting"
    BOTH = "both"

    @property
    def states(self) -> tuple[BookingState, ...]:
        """How their bookings stand."""
        return HELD if self is Readers.BOTH else (BookingState(self.value),)


def message_subject(number: int) -> str:
    """The name in the ledger of what staff wrote to those who booked: `workshop_message:7`."""
    return f"{MESSAGE}:{number}"


def read_message(subject: str) -> int | None:
    """The number of the message that a subject names; None if it is a reminder's."""
    kind, _, number = subject.partition(":")
    return int(number) if kind == MESSAGE else None
