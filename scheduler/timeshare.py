"""The timeline of an account that several processes speak for: each takes stretches of it from the database."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from scheduler import ledger
from scheduler.ledger import paces
from scheduler.pacing import RECOVERY_S, SLOWED, SLOWEST, Pacer
from scheduler.ports import Begin
from scheduler.trouble import Trouble

STRETCH_S = 0.05
"""How much of the timeline is taken at once: little, so that a process that dies takes little with it."""
LATE_S = 0.018
"""How late a turn may be given. Later it would crowd the next second, so its instant is let go."""
SPARE = 0.025
"""Share of the rate left unused, for turns that are late: (1 − SPARE) · (1 + LATE_S) is below one."""
PAUSE_S = 0.25
"""How long to wait before asking a database again that did not answer."""
SAMPLES = 64
"""How many readings of the database's clock are kept; the one that took least is the truest."""


class SharedTime:
    """A `scheduler.pacing.Timeline` in the table `paces`.

    Args:
        rate: turns per second of all processes together.
        begin: opens a transaction on PostgreSQL.
        account: whose timeline.
    """

    def __init__(self, rate: float, begin: Begin, account: str) -> None:
        if rate <= 0:
            raise ValueError("a rate is above zero")
        self.rate = rate
        self._interval_s = 1 / (rate * (1 - SPARE))
        self._stretch = max(1, int(rate * STRETCH_S))
        self._begin = begin
        self._account = account
        self._instants: deque[float] = deque()
        self._offsets: deque[float] = deque(maxlen=SAMPLES)
        self._held_until = float("-inf")
        self._opened = False
        self._reading = Trouble("the account's timeline cannot be read")
        self._tell: Callable[[], None] = lambda: None
        self._asking: asyncio.Task[None] | None = None
        self._telling: set[asyncio.Task[None]] = set()

    def begin(self, now: float) -> None:
        """There is no time of one's own to be idle in."""

    def gate(self, now: float, wanted: int) -> float:
        """The first instant that is still to be had; more are asked for in time."""
        while self._instants and self._instants[0] < max(now - LATE_S, self._held_until):
            self._instants.popleft()
        if self._asking is None and len(self._instants) <= min(self._stretch // 2, wanted - 1):
            self._asking = asyncio.get_running_loop().create_task(
                self._ask(min(self._stretch, wanted - len(self._instants)))
            )
        return self._instants[0] if self._instants else float("inf")

    def take(self, now: float) -> None:  # noqa: ARG002 - a port's signature
        """See `Timeline`."""
        self._instants.popleft()

    def hold(self, now: float, until: float) -> None:
        """At once here, and for the others with the next commit."""
        self._held_until = max(self._held_until, until)
        task = asyncio.get_running_loop().create_task(self._hold(until - now))
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    def on_news(self, tell: Callable[[], None]) -> None:
        """See `Timeline`."""
        self._tell = tell

    async def _ask(self, turns: int) -> None:
        try:
            await self._patiently(self._reserve(turns))
        finally:
            self._asking = None
        self._tell()

    async def _reserve(self, turns: int) -> None:
        async with self._begin() as conn:
            if not self._opened:
                await paces.open_pace(conn, self._account)
            stretch = await paces.reserve(
                conn, self._account, turns, interval_s=self._interval_s, recovery_s=RECOVERY_S
            )
            read_at = asyncio.get_running_loop().time()
        self._opened = True
        self._offsets.append(read_at - stretch.now_s)
        first = stretch.first_s + min(self._offsets)
        self._instants.extend(first + place * stretch.interval_s for place in range(turns))

    async def _hold(self, seconds: float) -> None:
        await self._patiently(self._press(seconds))

    async def _press(self, seconds: float) -> None:
        async with self._begin() as conn:
            await paces.open_pace(conn, self._account)
            await paces.hold(conn, self._account, seconds, recovery_s=RECOVERY_S, slowest=SLOWEST, slowed=SLOWED)

    async def _patiently(self, work: Coroutine[Any, Any, None]) -> None:
        """A database that is away: nothing leaves meanwhile, and whoever still waits asks again."""
        try:
            await work
        except ledger.FAULTS as error:
            self._reading.met(ledger.explain(error))
            await asyncio.sleep(PAUSE_S)
        else:
            self._reading.over()


def shared_pacer(rate: float, begin: Begin, account: str) -> Pacer:
    """A pacer for one of several processes that speak for an account together."""
    return Pacer(SharedTime(rate, begin, account))
