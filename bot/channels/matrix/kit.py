"""What every part of the channel has in hand."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from bot.catalogue.words import Words
from bot.channels.base import Dialogue, Pace
from bot.channels.matrix.homeserver import Homeserver
from bot.channels.patience import Patience
from bot.storage.database import Database


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
