"""How long a channel waits, for what; tests wait less."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds. At the stop, turns and then replies get theirs; the whole program has ten."""

    turn: float = 30.0
    """A turn that takes longer is broken off, and its update comes again."""
    batch_replies: float = 2.0
    """How long the replies of a batch of updates may hold up the next batch."""
    webhook_reply: float = 5.0
    """How long a reply may hold up the acknowledgement of an update whose turn is committed."""
    trouble: float = 30.0
    """A room in trouble keeps the others waiting no longer than this."""
    last_turns: float = 5.0
    """What turns in flight get at the stop."""
    last_replies: float = 4.0
    """What replies under way get after that."""
    polls: float = 2.0
    """How often it is looked whether a room's poll is to be closed."""
    keys: float = 3600.0
    """How often it is looked whether keys are kept of anybody who is not."""
    echo: float = 0.1
    """The pause before a sync, for each message that was sent since the last one, if that brought nothing to answer:
    each message of a campaign would bring about a sync of its own, and cost the homeserver a quarter more.
    """
    longest_echo: float = 1.0
    first_pause: float = 0.5
    """After the first failure in a row; each next pause is twice as long."""
    longest_pause: float = 30.0

    def pause_after(self, failures: int) -> float:
        """How long to wait after so many failures in a row, at least one."""
        return min(self.longest_pause, self.first_pause * 2.0 ** min(failures - 1, 30))

    def pause_for_echoes(self, said: int) -> float:
        """How long to wait where nothing is to be heard but so many messages of our own."""
        return min(self.longest_echo, self.echo * said)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but no longer than until `stop`."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def unless(stop: asyncio.Event, doing: Awaitable[T]) -> T | None:
    """The outcome of `doing`; or None, and no more of it, if `stop` comes first."""
    task = asyncio.ensure_future(doing)
    stopped = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
        return await task if task.done() else None
    finally:
        stopped.cancel()
        task.cancel()
