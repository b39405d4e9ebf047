"""How fast one account may speak: one shared deadline for all of it, with lanes.

Turns are spread evenly: no burst at the start, and no second with more turns than the rate allows, whatever the timers
do. A waiting reply always goes next. Everything is measured on the event loop's own clock.

A `Pacer` decides who goes next; a timeline, when. A process that speaks for an account alone has its own (`OwnTime`);
several share one (`scheduler.timeshare`).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from scheduler.model import Lane

MARGIN = 0.006
"""Share of the rate left unused, so that turns a few milliseconds late do not crowd the next second."""

CATCH_UP_S = 0.01
"""How much lateness of timers may be made up for; without it each late timer would cost its delay for good."""

SLOWEST = 0.2
SLOWED = 0.5
RECOVERY_S = 60.0


class Pace(Protocol):
    """What deliveries and replies ask before each request to a channel."""

    @property
    def rate(self) -> float | None:
        """Turns per second; None for no limit."""
        ...

    async def turn(self, lane: Lane, recipient: int) -> None:
        """Wait until one request to this recipient may leave."""
        ...

    def hold_until(self, at: float) -> None:
        """The channel asked for silence until an instant of the event loop's clock."""
        ...

    def hold_for(self, seconds: float) -> None:
        """The channel asked for this many seconds of silence (`retry_after`)."""
        ...


class NullPacer:
    """For a channel with no limit."""

    rate: float | None = None

    async def turn(self, lane: Lane, recipient: int) -> None:
        """Go at once."""

    def hold_until(self, at: float) -> None:
        """There is nothing to hold."""

    def hold_for(self, seconds: float) -> None:
        """There is nothing to hold."""


class Brake:
    """Halves the speed when the channel complains, and lets it recover over a minute."""

    def __init__(self) -> None:
        self.until = float("-inf")
        self._low = 1.0

    def press(self, now: float, until: float) -> None:
        """Complaints that arrive during one silence are about the same burst: they slow down once."""
        if now >= self.until:
            self._low = max(SLOWEST, self.factor(now) * SLOWED)
        self.until = max(self.until, until)

    def factor(self, now: float) -> float:
        """The share of the rate to use now."""
        return min(1.0, self._low + max(0.0, now - self.until) / RECOVERY_S)


class Timeline(Protocol):
    """When the turns of an account are, in the event loop's seconds."""

    @property
    def rate(self) -> float:
        """Turns per second at full speed."""
        ...

    def begin(self, now: float) -> None:
        """Somebody waits again after a while in which nobody did: idle time earns nothing."""
        ...

    def gate(self, now: float, wanted: int) -> float:
        """The earliest instant of the next turn, when so many wait for one; infinity if it is not known yet."""
        ...

    def take(self, now: float) -> None:
        """A turn is given now."""
        ...

    def hold(self, now: float, until: float) -> None:
        """No turn before `until`, and slower ones for a while after it."""
        ...

    def on_news(self, tell: Callable[[], None]) -> None:
        """Whom to tell when a gate is known that was not."""
        ...


class OwnTime:
    """The timeline of an account that one process alone speaks for."""

    def __init__(self, rate: float) -> None:
        if rate <= 0:
            raise ValueError("a rate is above zero")
        self.rate = rate
        in_window = max(1, int(rate))
        self._window_s = in_window / rate * (1 + MARGIN)
        self._interval_s = self._window_s / in_window
        self._turns: deque[float] = deque(maxlen=in_window)
        self._next = float("-inf")
        self._brake = Brake()

    def begin(self, now: float) -> None:
        """See `Timeline`."""
        self._next = max(self._next, now)

    def gate(self, now: float, wanted: int) -> float:  # noqa: ARG002 - a port's signature
        """See `Timeline`."""
        full = len(self._turns) == self._turns.maxlen
        window = self._turns[0] + self._window_s if full else float("-inf")
        return max(self._next, window, self._brake.until)

    def take(self, now: float) -> None:
        """See `Timeline`."""
        self._next = max(self._next, now - CATCH_UP_S) + self._interval_s / self._brake.factor(now)
        self._turns.append(now)

    def hold(self, now: float, until: float) -> None:
        """See `Timeline`."""
        self._brake.press(now, until)

    def on_news(self, tell: Callable[[], None]) -> None:
        """Its gates are always known."""


class _Waiter:
    __slots__ = ("future", "recipient")

    def __init__(self, recipient: int, future: asyncio.Future[None]) -> None:
        self.recipient = recipient
        self.future = future


class Pacer:
    """Hands out one account's turns, to bulk lanes at most one per `spacing_s` for each recipient.

    Replies are free of the spacing (a channel lets short bursts to one chat pass), but start it for the bulk that
    follows. Turns are handed out by timer callbacks, so a cancelled waiter leaves nothing behind.

    Args:
        time: when the turns are; a number means a timeline of its own with so many a second.
        spacing_s: seconds between two bulk messages to one recipient.
    """

    def __init__(self, time: float | Timeline, *, spacing_s: float = 1.0) -> None:
        self._time: Timeline = OwnTime(time) if isinstance(time, int | float) else time
        self._spacing_s = spacing_s
        self._lanes: dict[Lane, deque[_Waiter]] = {lane: deque() for lane in Lane}
        self._last_to: dict[int, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = float("inf")  # uvloop's handles do not tell
        self._time.on_news(self._pump)

    @property
    def rate(self) -> float | None:
        """Turns per second at full speed."""
        return self._time.rate

    async def turn(self, lane: Lane, recipient: int) -> None:
        """Wait until one request to this recipient may leave; within a lane in the order of asking."""
        loop = asyncio.get_running_loop()
        if not self._waiting():
            self._time.begin(loop.time())
        waiter = _Waiter(recipient, loop.create_future())
        self._lanes[lane].append(waiter)
        if self._timer is None or self._timer_at > self._time.gate(loop.time(), self._waiting()):
            self._pump()
        try:
            await waiter.future
        except asyncio.CancelledError:
            with suppress(ValueError):  # it may just have been given its turn, which is then lost
                self._lanes[lane].remove(waiter)
            raise

    def hold_until(self, at: float) -> None:
        """Nothing leaves before `at`, and after it the account speaks slower for a while."""
        self._time.hold(asyncio.get_running_loop().time(), at)

    def hold_for(self, seconds: float) -> None:
        """`hold_until`, counted from now."""
        self.hold_until(asyncio.get_running_loop().time() + seconds)

    def _waiting(self) -> int:
        return sum(map(len, self._lanes.values()))

    def _pump(self) -> None:
        """Give out every turn that is due, then sleep until the next one."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = asyncio.get_running_loop().time()
        while waiting := self._waiting():
            gate = self._time.gate(now, waiting)
            if gate > now:
                return self._wake_at(gate)
            waiter, ready_at = self._choose(now)
            if waiter is None:
                return self._wake_at(ready_at)
            self._give(waiter, now)
        return None

    def _wake_at(self, at: float) -> None:
        if at < float("inf"):
            self._timer_at = at
            self._timer = asyncio.get_running_loop().call_at(at, self._pump)

    def _choose(self, now: float) -> tuple[_Waiter | None, float]:
        """Who goes next, taken from its lane; or when the first recipient's spacing ends."""
        soonest = float("inf")
        for lane, waiters in self._lanes.items():
            for index, waiter in enumerate(waiters):
                ready_at = now if lane is Lane.REPLY else self._ready_at(waiter.recipient)
                if ready_at <= now:
                    del waiters[index]
                    return waiter, now
                soonest = min(soonest, ready_at)
        return None, soonest

    def _ready_at(self, recipient: int) -> float:
        return self._last_to.get(recipient, float("-inf")) + self._spacing_s

    def _give(self, waiter: _Waiter, now: float) -> None:
        if waiter.future.done():  # cancelled in this very tick
            return
        self._time.take(now)
        self._last_to.pop(waiter.recipient, None)
        self._last_to[waiter.recipient] = now
        self._forget_old(now)
        waiter.future.set_result(None)

    def _forget_old(self, now: float) -> None:
        """Keep only the recipients whose spacing still runs; the dict is in the order of their turns."""
        while self._last_to:
            recipient = next(iter(self._last_to))
            if self._ready_at(recipient) > now:
                return
            del self._last_to[recipient]
