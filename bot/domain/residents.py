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
    """The channel's own name for the conversation; for the browser, a hash of its cookie."""

    @property
    def is_private(self) -> bool:
        """Whether one person alone reads there, as far as the address tells: groups on Telegram are below zero."""
        return self.channel == "telegram" and not self.id.startswith("-")


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

    @property
    def can_be_written_to(self) -> bool:
        """Whether we can write first: a browser's page may be closed."""
        return self.address.channel not in ONLY_ANSWERED

    def follows(self, area: Area) -> bool:
        """Whether this area is among the chosen topics."""
        return not self.topics or area in self.topics
