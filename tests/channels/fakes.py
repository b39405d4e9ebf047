"""A clock and a limit for a channel under test; both remember what was asked of them."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scheduler.model import Lane
from tests.support import NOON


@dataclass
class Time:
    """A clock that moves only when somebody waits."""

    now: datetime = NOON
    real_s: float = 0.0
    """How long a wait takes in truth."""
    waited: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += timedelta(seconds=seconds)
        await asyncio.sleep(self.real_s)


@dataclass
class Pace:
    """No limit; remembers who asked."""

    turns: list[tuple[Lane, int]] = field(default_factory=list)
    held: list[float] = field(default_factory=list)

    async def turn(self, lane: Lane, recipient: int) -> None:
        self.turns.append((lane, recipient))

    def hold_for(self, seconds: float) -> None:
        self.held.append(seconds)
