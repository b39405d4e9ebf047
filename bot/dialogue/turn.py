"""What a scene has in hand while it answers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.catalogue.library import Library
from bot.domain.actions import Action
from bot.domain.messages import Screen
from bot.domain.residents import Resident
from bot.services import subscriptions
from bot.services.links import Links
from bot.storage import residents
from bot.storage.database import Connection
from bot.storage.vault import Vault


@dataclass(frozen=True, slots=True)
class Tools:
    """What every turn needs and wiring provides."""

    vault: Vault
    links: Links
    new_number: Callable[[], int]
    """A random number from 1 to 2³¹ − 1, to tell one press of a button from another's."""
    new_code: Callable[[], str]
    """A random code for a link: letters and digits that are easy to read out."""


@dataclass(slots=True)
class Turn:
    """One turn: its transaction, who is speaking, and what is known. Scenes change it only through its methods."""

    conn: Connection
    library: Library
    resident: Resident
    now: datetime
    tools: Tools
    here: Action
    """Where the resident was before this turn."""
    play: "Callable[[Turn, Action], Awaitable[Screen]]"
    """Lets the scene of an action act; see `go`."""
    forgotten: bool = field(default=False, init=False)

    async def change_resident(self, **values: Any) -> None:
        """Store something a resident set, with what follows from it, and go on with it."""
        before = self.resident
        self.resident = await residents.change(self.conn, before.id, **values)
        await subscriptions.changed(self.conn, before, self.resident, self.now)

    async def go(self, action: Action) -> Screen:
        """The screen of another action, for a scene that leads there."""
        return await self.play(self, action)
