"""The program in the town: its real parts, put together as `bot.running` does it, and the channel they speak to."""

import asyncio
import random  # noqa: TID251 - seeded: the same trouble each time
import re
from datetime import timedelta

from bot.catalogue.library import Shelf
from bot.domain.errors import Blocked, Throttled, Unanswered, Unreachable
from bot.domain.messages import Screen
from bot.domain.residents import Address
from bot.services import broadcasts, retention
from bot.services.courier import Courier, Posted
from bot.storage.audience import ResidentsAudience
from scheduler.delivery import Deliverer
from scheduler.pacing import Pacer
from scheduler.planner import plan
from tests.acceptance.months.notes import Notes, Received
from tests.acceptance.months.sky import Fate, Sky, TownDatabase
from tests.support import VAULT, library, texts, tip

RATE = 8.0
CONCURRENCY = 4
ANSWERS_IN_S = (0.3, 1.3)
"""Some five messages a second in all: slow, so that much happens in the middle of a run."""
IDLE_S = 2.0
BREATH_S = 0.5
FLOOD = timedelta(seconds=20)
AUDIENCE = ResidentsAudience(lambda: {"telegram"})
MARK = re.compile(r"⟦(.+?)⟧")
NEWS_OF = re.compile(r"'reminder\.(24h|2h|today|moved|off)'")


def marked(mark: str) -> dict[str, str]:
    """A text by which its message is known again."""
    return texts(f"⟦{mark}⟧")


def _mark(screen: Screen) -> str:
    """Which message a screen is: `daily`, `tip`, `24h popular`."""
    said = repr(screen.blocks)
    found, news = MARK.search(said), NEWS_OF.search(said)
    assert found, said
    return f"{news[1].replace('today', '24h')} {found[1]}" if news else found[1]


BOOKS = library(tips=[tip(name, title=marked("tip")) for name in ("one", "two", "three", "four", "five")])


class Post:
    """The channel: it notes what it is given, takes its time, and has its moods."""

    def __init__(self, sky: Sky, notes: Notes, seed: int) -> None:
        self._sky = sky
        self._notes = notes
        self._dice = random.Random(seed)  # noqa: S311 - dice, no secrets
        self.fate = Fate()
        self.blocked: set[int] = set()
        self.silence: timedelta | None = None
        self.loses_answer = False

    async def send(self, address: Address, language: str, screen: Screen, *, key: str) -> Posted:  # noqa: ARG002 - a port's signature
        who, mark = int(address.id), _mark(screen)
        await self.fate.touch()
        await asyncio.sleep(self._dice.uniform(*ANSWERS_IN_S))
        if who in self.blocked:
            raise Blocked
        mood = self._dice.random()
        if mood < 0.01:
            raise Unreachable
        if self.silence or mood < 0.013:
            silence, self.silence = self.silence or FLOOD, None
            raise Throttled(self._sky() + silence)
        self._notes.received.append(Received(self._sky(), who, mark))
        await self.fate.touch()
        if self.loses_answer or mood < 0.018:
            self.loses_answer = False
            raise Unanswered
        return Posted(f"m{len(self._notes.received)}")


class Life:
    """From a start of the program to its stop or death."""

    def __init__(self, database: TownDatabase, sky: Sky, post: Post) -> None:
        self.fate = post.fate = database.fate = Fate()
        self._database = database
        self._sky = sky
        self._stop = asyncio.Event()
        courier = Courier(database, Shelf(BOOKS), VAULT, {"telegram": post}, sky)
        deliverer = Deliverer(
            database.begin,
            courier,
            Pacer(RATE),
            account="telegram",
            worker="bot",
            clock=sky,
            concurrency=CONCURRENCY,
            idle_s=IDLE_S,
        )
        self._delivering = asyncio.create_task(deliverer.run(self._stop))
        self._dying = asyncio.create_task(self.fate.died.wait())

    @property
    def is_over(self) -> bool:
        assert self.fate.died.is_set() or not self._delivering.done(), "the deliverer stopped by itself"
        return self.fate.died.is_set()

    async def look(self, *, sweep: bool) -> None:
        """What the clockwork calls, once; broken off by death."""
        await self._until_death(asyncio.create_task(self._jobs(sweep=sweep)))

    async def _jobs(self, *, sweep: bool) -> None:
        now = self._sky()
        await broadcasts.open_due(self._database, AUDIENCE, now)
        await broadcasts.fill_free_places(self._database, VAULT, now)
        await plan(self._database.begin, AUDIENCE, now)
        if sweep:
            await retention.sweep(self._database, now)

    async def stop(self) -> None:
        """A stop as it should be; death can still come in the middle of it."""
        self._stop.set()
        await self._until_death(self._delivering)

    async def _until_death(self, task: "asyncio.Task[None]") -> None:
        await asyncio.wait({task, self._dying}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        else:
            self.fate.buried = True
            await _cancel(task)

    async def bury(self) -> None:
        self.fate.buried = True
        await _cancel(self._delivering, self._dying)


async def _cancel(*tasks: "asyncio.Task[object]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
