"""Who writes to us: a channel address, a language, and only what they chose to say."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.areas import AgeBand, Area

ONLY_ANSWERED = frozenset({"web", "terminal"})
"""Channels where we can answer but never write first."""


class Writable(StrEnum):
    """Channels where we can write first."""

    TELEGRAM = "telegram"
    MATRIX = "matrix"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a resident is reached."""

    channel: str
    """`telegram`, `matrix`, `web` or `terminal`."""
    id: str
    """The channel's own name for the conversation; on Matrix, the person's; for the browser, a hash of its cookie."""

    @property
    def is_private(self) -> bool:
        """Whether one person alone reads there: groups on Telegram are below zero; on Matrix people begin with @."""
        match self.channel:
            case Writable.TELEGRAM:
                return not self.id.startswith("-")
            case Writable.MATRIX:
                return self.id.startswith("@")
            case _:
                return False


class Answering(StrEnum):
    """How a resident likes to choose, on channels that have no buttons."""

    NUMBERS = "numbers"
    POLL = "poll"
    """Questions of a quiz come as polls."""
    REACTIONS = "reactions"
    """Each screen bears its numbers to tap."""


@dataclass(frozen=True, slots=True)
class Resident:
    """One person in one channel."""

    id: int
    address: Address
    language: str
    topics: frozenset[Area]
    """Areas to hear about; empty means all."""
    district: int | None
    age: AgeBand | None
    tip_hour: int | None
    """The hour, Europe/Warsaw, of the daily tip; None: no daily tip."""
    alerts: bool
    campaigns: bool
    consent_asked_at: datetime | None
    """When the opt-in was offered; it is offered once."""
    blocked_at: datetime | None
    created_at: datetime
    answering: Answering = Answering.NUMBERS

    @property
    def can_be_written_to(self) -> bool:
        """Whether we can write first: a browser's page may be closed."""
        return self.address.channel not in ONLY_ANSWERED

    @property
    def chooses_how(self) -> bool:
        """Whether their channel leaves it to them how they choose: it has no buttons."""
        return self.address.channel == Writable.MATRIX

    def follows(self, area: Area) -> bool:
        """Whether this area is among the chosen topics."""
        return not self.topics or area in self.topics
