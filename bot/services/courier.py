"""Carries the scheduler's deliveries to the channels."""

from dataclasses import dataclass
from typing import Protocol

from bot.domain.messages import Screen
from bot.domain.residents import Address


@dataclass(frozen=True, slots=True)
class Posted:
    """A message the channel has taken; `reference` is its name there."""

    reference: str


class Sender(Protocol):
    """Sends a screen unasked: campaigns, tips, reminders. Pacing is the caller's."""

    async def send(self, address: Address, language: str, screen: Screen, *, key: str) -> Posted:
        """Hand a screen over; `key` names the delivery, for channels that can tell a repeat.

        Raises Throttled, Blocked, Rejected, Unreachable or Unanswered.
        """
        ...
