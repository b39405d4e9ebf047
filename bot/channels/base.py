"""What a channel is to the rest of the house, and what it asks of it."""

from typing import Protocol

from bot.domain.messages import Event, Reply
from bot.domain.residents import Address
from scheduler.model import Lane


class Dialogue(Protocol):
    """The conversation, as channels see it."""

    async def turn(self, event: Event) -> Reply:
        """Answer an event. When this returns, the turn is committed; the same event again shows the same screen."""
        ...

    async def left(self, address: Address) -> None:
        """The resident blocked us, or left: nothing is sent until they are back."""
        ...

    async def returned(self, address: Address) -> None:
        """The resident unblocked us."""
        ...

    async def moved(self, old: Address, new: Address) -> None:
        """The channel gave the conversation another address."""
        ...


class Pace(Protocol):
    """The account's limit; `scheduler.pacing` has it."""

    async def turn(self, lane: Lane, recipient: int) -> None:
        """Wait until one request to this recipient may leave."""
        ...

    def hold_for(self, seconds: float) -> None:
        """The channel asked for this many seconds of silence."""
        ...
