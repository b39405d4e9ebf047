"""Puts an edited library on the shelf while the assistant runs, and keeps the last good one when the edit is broken."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.catalogue.library import Library, Shelf
from bot.catalogue.loader import Reader
from bot.catalogue.problems import ContentError

LOOK_EVERY_S = 0.3
"""An edit counts when two looks in a row see the same files, so that nothing is read half-written."""

Tell = Callable[[Library | ContentError], Awaitable[None]]
"""Hears what became of an edit: the new library, or why the last good one stays."""

_log = structlog.get_logger(__name__)


async def watch(reader: Reader, shelf: Shelf, tell: Tell | None = None, *, every_s: float = LOOK_EVERY_S) -> None:
    """Reload after each edit, until cancelled. Start it when `reader.load()` has filled the shelf."""
    loaded = seen = await asyncio.to_thread(reader.snapshot)
    while True:
        await asyncio.sleep(every_s)
        before, seen = seen, await asyncio.to_thread(reader.snapshot)
        if seen == before and seen != loaded:
            loaded = seen
            await _reload(reader, shelf, tell)


async def _reload(reader: Reader, shelf: Shelf, tell: Tell | None) -> None:
    outcome: Library | ContentError
    try:
        outcome = await asyncio.to_thread(reader.load)
        shelf.put(outcome)
        _log.info("content.reloaded", quizzes=len(outcome.quizzes), tips=len(outcome.tips))
    except ContentError as error:
        outcome = shelf.broken = error
        _log.warning("content.broken", problems=[str(problem) for problem in error.problems])
    if tell:
        await tell(outcome)
