"""What somebody who booked a workshop is told about it, and the name each such message has in the ledger."""

from dataclasses import dataclass
from enum import StrEnum


class Occasion(StrEnum):
    """Why we write about a workshop."""

    DAY_BEFORE = "24h"
    SOON = "2h"
    MOVED_UP = "moved"
    """A place became free, and the waiting list moved."""
    CALLED_OFF = "off"


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
