"""What every part of the channel has in hand."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.catalogue.words import Words
from bot.channels.base import Dialogue
from bot.channels.matrix.homeserver import Homeserver
from bot.channels.patience import Patience
from bot.storage.database import Database
from scheduler.model import Lane


class Pace(Protocol):
    """The account's limit; `scheduler.pacing` has it."""

    async def turn(self, lane: Lane, recipient: int) -> None:
        """Wait until one request may leave."""
        ...

    def hold_for(self, seconds: float) -> None:
        """The homeserver asked for this many seconds of silence."""
        ...


@dataclass(frozen=True, slots=True)
class Kit:
    """The parts that one account works with.

    `words` gives the interface words of the moment (they change when content is reloaded); `pace` is the account's
    limit, in whose first lane replies travel; `clock` tells the time, UTC; `sleep` waits.
    """

    homeserver: Homeserver
    database: Database
    dialogue: Dialogue
    words: Callable[[], Words]
    pace: Pace
    clock: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    patience: Patience
