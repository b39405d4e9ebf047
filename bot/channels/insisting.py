"""Makes a request again where that may help and does no harm: paced, and with patience for a channel in trouble."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from bot.channels.base import Pace
from bot.domain.errors import Throttled, Unanswered, Unreachable
from scheduler.model import Lane

PATIENCE_S = 120.0
"""A reply is not held longer than this for the channel's silence: by then it is no answer any more."""

T = TypeVar("T")


class Insisting:
    """The requests of one account that answer people.

    Args:
        pace: the account's limit, in whose first lane they travel.
        now: the present, UTC.
        sleep: waits.
        pauses: seconds between the tries of one request; after the last of them it is given up.
    """

    def __init__(
        self,
        pace: Pace,
        *,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]],
        pauses: Sequence[float],
    ) -> None:
        self._pace = pace
        self._now = now
        self._sleep = sleep
        self._pauses = pauses

    async def insist(self, request: Callable[[], Awaitable[T]], *, recipient: int, twice: bool = False) -> T:
        """Make a request, again if it was certainly not processed, or if it does no harm `twice`.

        Raises what the last try did; at once what no other try would mend, and Throttled that asks for too long.
        """
        for pause_s in self._pauses:
            try:
                return await self._once(request, recipient)
            except Throttled as error:
                wait_s = self._hold(error)
            except Unreachable:
                wait_s = pause_s
            except Unanswered:
                if not twice:
                    raise
                wait_s = pause_s
            await self._sleep(wait_s)
        return await self._once(request, recipient)

    async def _once(self, request: Callable[[], Awaitable[T]], recipient: int) -> T:
        await self._pace.turn(Lane.REPLY, recipient)
        return await request()

    def _hold(self, error: Throttled) -> float:
        """Silence the whole account; returns for how many seconds. Raises the error if that is too long."""
        wait_s = max(0.0, (error.retry_at - self._now()).total_seconds())
        self._pace.hold_for(wait_s)
        if wait_s > PATIENCE_S:
            raise error
        return wait_s
