"""Time in the town: it passes while something is going on there, and is leapt over otherwise.

It runs on a loop whose clock does not wait (`tests.scheduler.world`), so nothing may take real time: the database, a
real one in a file, answers at once rather than from a thread of its own. That makes the same months of the same seed.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import aiosqlite
from sqlalchemy import event

from bot.storage import tables
from bot.storage.database import Connection, Database
from scheduler import tables as scheduler_tables
from tests.scheduler.world import VirtualLoop


class Sky:
    """The present, aware, by the loop's clock; it can be set forward."""

    def __init__(self, start: datetime) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self._loop = loop
        self._zero = start - timedelta(seconds=loop.now)

    def __call__(self) -> datetime:
        return self._zero + timedelta(seconds=self._loop.now)

    def leap_to(self, at: datetime) -> None:
        """Nothing happens until then; timers that end on the way end at once."""
        self._loop.now += max((at - self()).total_seconds(), 0.0)


class Fate:
    """When the program dies: from then on nothing that it does touches the world."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.died = asyncio.Event()
        self.buried = False

    async def touch(self) -> None:
        """Called whenever the program is about to touch the database or the channel, or has just done so."""
        if self.left is not None and not self.died.is_set():
            self.left -= 1
            if self.left <= 0:
                self.died.set()
        if self.buried:
            raise asyncio.CancelledError
        if self.died.is_set():
            await asyncio.get_running_loop().create_future()


class _Nobody:
    """Instead of a connection's thread."""

    daemon = True

    def start(self) -> None:
        """There is none."""


class _AtOnce:
    """Instead of the queue of what that thread is to do."""

    def put_nowait(self, item: "tuple[asyncio.Future[Any] | None, Callable[[], Any]]") -> None:
        answer, work = item
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - whoever asked is told
            if answer:
                answer.set_exception(error)
        else:
            if answer:
                answer.set_result(result)


def _without_thread(
    connect: Callable[..., aiosqlite.Connection], *arguments: Any, **options: Any
) -> aiosqlite.Connection:
    connection = connect(*arguments, **options)
    connection._thread, connection._tx = _Nobody(), _AtOnce()  # type: ignore[assignment] # all that is asked of them
    return connection


def _answer_at_once(_dialect: object, _record: object, _arguments: object, options: dict[str, Any]) -> None:
    options["async_creator_fn"] = partial(_without_thread, options.get("async_creator_fn", aiosqlite.connect))


class TownDatabase(Database):
    """The program's database, in which its dead can write nothing."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.fate = Fate()
        for engine in (self._writer, self._reader):
            event.listen(engine.sync_engine, "do_connect", _answer_at_once)

    async def create(self) -> None:
        async with self.begin() as conn:
            await conn.run_sync(scheduler_tables.metadata.create_all)
            await conn.run_sync(tables.metadata.create_all)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Connection]:
        await self.fate.touch()
        async with super().begin() as conn:
            yield conn
        await self.fate.touch()

    @asynccontextmanager
    async def begin_elsewhere(self) -> AsyncIterator[Connection]:
        """For those whom the program's death does not touch: residents, staff, this test."""
        async with super().begin() as conn:
            yield conn
