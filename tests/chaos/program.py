"""`python -m tests.chaos.program CLOCK`: `bezpieczny run` by another clock.

News wait for the end of quiet hours, and chaos should not: the program is run as if it had started at noon. And who is
refused waits longer each time, which a quick clock makes shorter for the tests.
"""

import asyncio
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from bot import running, wiring
from bot.obs import configure_logging
from bot.settings import from_environment
from scheduler.calendar import ZONE


@dataclass(frozen=True, slots=True)
class Clock:
    """A clock that showed `shown` at the instant `real`, and goes `speed` times as fast as ours."""

    real: datetime
    shown: datetime
    speed: float = 1.0

    def __call__(self) -> datetime:
        """The present by this clock."""
        return self.shown + (wiring.utc_now() - self.real) * self.speed

    def __str__(self) -> str:
        """What `read` reads."""
        return f"{self.real.isoformat()} {self.shown.isoformat()} {self.speed}"

    @classmethod
    def at_noon(cls, speed: float = 1.0) -> "Clock":
        """It is noon in Kraków."""
        now = wiring.utc_now()
        return cls(now, now.astimezone(ZONE).replace(hour=12, minute=0), speed)

    @classmethod
    def read(cls, told: str) -> "Clock":
        """The same clock in another process."""
        real, shown, speed = told.split()
        return cls(datetime.fromisoformat(real), datetime.fromisoformat(shown), float(speed))


async def main(clock: Callable[[], datetime]) -> None:
    """Run until SIGTERM."""
    settings = from_environment()
    configure_logging(settings.log, settings.log_level)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await running.run(settings, stop, lambda on: print(f"is running: {on.address}"), clock=clock)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(Clock.read(sys.argv[1])))
