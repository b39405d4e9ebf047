"""What the scheduler asks of its host: whom to reach, and to send one message."""

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
        """A statement of two columns, `recipient` (int) and `account` (str), each recipient once.

        It becomes one INSERT … SELECT into the ledger, so it must read from the same database.
        """
        ...


class Courier(Protocol):
    """Who hands one message to its channel. Pacing is done before it is asked."""

    async def send(self, delivery: Delivery, run: Run, campaign: Campaign | None) -> Outcome:
        """Say it in the recipient's language and answer what became of it; never raises for a channel's refusal."""
        ...
