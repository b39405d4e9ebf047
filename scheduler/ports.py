"""What the scheduler asks of its host: whom to reach, and to send one message."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from scheduler.model import Campaign, Delivery, Outcome, Run

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager

    from sqlalchemy import Select
    from sqlalchemy.ext.asyncio import AsyncConnection

Begin: TypeAlias = "Callable[[], AbstractAsyncContextManager[AsyncConnection]]"
"""Opens a transaction: committed at the end of the block, rolled back by an exception (`engine.begin`)."""


class Audience(Protocol):
    """Whom a run reaches."""

    def select(self, run: Run, campaign: Campaign | None) -> "Select[*tuple[Any, ...]]":
        """A statement of three columns, `recipient` (int), `account` (str) and `held_out` (bool), each recipient once.

        Who is held out stands in the ledger and gets nothing: to compare those who got the message with them. It
        becomes one INSERT … SELECT into the ledger, so it must read from the same database.
        """
        ...


class Parcel(Protocol):
    """One message, ready to leave."""

    async def send(self) -> Outcome:
        """Hand it to its channel and answer what became of it; never raises for a channel's refusal."""
        ...


class Courier(Protocol):
    """Who hands messages to their channel. Marking and pacing are done between the two steps."""

    async def prepare(
        self, batch: Sequence[Delivery], run: Run, campaign: Campaign | None
    ) -> Sequence[Parcel | Outcome]:
        """What each is to be told, in their language and in the order of `batch`; or why nothing is.

        All that takes time before a request is done here, so that the request leaves on its turn.
        """
        ...
