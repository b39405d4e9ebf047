"""Counts that take long to make: shown as they were a while ago and made anew beside, so that no page waits."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

from bot.storage import kept as counts
from bot.storage.database import Connection, Database

logger = logging.getLogger(__name__)

Make = Callable[[Connection], Awaitable[Any]]
"""Makes the counts by looking at the database; returns what JSON can hold."""
Kept = tuple[datetime, Any]
"""When they were made, and what they were, as JSON gives it back: lists, and keys that are strings."""

_MAKING: WeakKeyDictionary[Database, dict[str, asyncio.Task[Kept]]] = WeakKeyDictionary()
"""What is being made at this moment: who asks for the same in the meantime waits for it too."""


async def kept(database: Database, name: str, make: Make, *, now: datetime, for_: timedelta) -> Kept:
    """Counts by their name, and when they were made.

    Younger than `for_` they are as they were kept. If they are older they are too, and are made anew in the background,
    for whoever asks next. Only who asks for what was never made waits for it.

    A name stands for one way to count: what `make` depends on, and the shape of what it returns, belong in it
    (`quality:2`), or an older version's counts would be taken for this one's.
    """
    async with database.read() as conn:
        found = await counts.find(conn, name)
    if found is None:
        return await asyncio.shield(_begin(database, name, make, now, for_))  # who goes away leaves it to the others
    if now - found[0] >= for_:
        _begin(database, name, make, now, for_)
    return found


async def remake(database: Database, name: str, make: Make, now: datetime) -> Kept:
    """Count again, whatever is kept, and wait for it."""
    return await asyncio.shield(_begin(database, name, make, now, timedelta()))


async def settled(database: Database) -> None:
    """Wait until nothing is being made."""
    while making := list(_MAKING.get(database, {}).values()):
        await asyncio.wait(making)


def _begin(database: Database, name: str, make: Make, now: datetime, for_: timedelta) -> asyncio.Task[Kept]:
    making = _MAKING.setdefault(database, {})
    if name not in making:
        making[name] = task = asyncio.create_task(_make(database, name, make, now, for_), name=f"count {name}")
        database.beside.add(task)
        task.add_done_callback(database.beside.discard)
        task.add_done_callback(lambda done: _end(making, name, done))
    return making[name]


def _end(making: dict[str, asyncio.Task[Kept]], name: str, done: asyncio.Task[Kept]) -> None:
    del making[name]
    if not done.cancelled() and (error := done.exception()):
        # Only the class: an exception's text can carry parameters, and so people.
        logger.warning("counts %s could not be made: %s", name, type(error).__name__)


async def _make(database: Database, name: str, make: Make, now: datetime, for_: timedelta) -> Kept:
    async with database.read() as conn:
        found = await counts.find(conn, name)
        if found and now - found[0] < for_:
            return found  # it was made while this one was about to begin
        data = json.loads(json.dumps(await make(conn)))  # the first to see them sees what the others will
    async with database.begin() as conn:
        await counts.save(conn, name, now, data)
    return now, data
