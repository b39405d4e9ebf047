"""What the console's pages stand on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.catalogue.library import Library, Shelf
from bot.dialogue.turn import Tools
from bot.services.courier import Sender
from bot.settings import Settings
from bot.storage.database import Database


@dataclass(frozen=True, slots=True)
class House:
    """The parts that pages use; `running` puts them together."""

    settings: Settings
    database: Database
    shelf: Shelf
    tools: Tools
    clock: Callable[[], datetime]
    new_token: Callable[[], str]
    """A random secret of 256 bits."""
    rates: Mapping[str, float]
    """Account → messages a second; the channels that are switched on."""
    senders: Mapping[str, Sender]
    """Channel → by what a test is sent."""
    closing: Callable[[], bool] = lambda: False
    """Whether the server is about to stop: streams end then."""

    @property
    def library(self) -> Library:
        """The library of this moment."""
        return self.shelf.library

    @property
    def is_secure(self) -> bool:
        """Whether the console is reached over https."""
        return self.settings.public_url.startswith("https:")
