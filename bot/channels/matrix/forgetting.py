"""Whoever is no longer kept has no keys kept either: who was erased, who left, and the rooms that we are out of.

What fails of it is one line in the log, and done at the next time.
"""

import asyncio
from collections.abc import Awaitable

import structlog

from bot.channels.matrix.kit import Kit
from bot.channels.patience import pause
from bot.storage import matrix

_log = structlog.get_logger(__name__)


class Forgetting:
    """Lets the homeserver's side of the channel go of what the database no longer knows."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def run(self, stop: asyncio.Event, ready: asyncio.Event) -> None:
        """Look again and again until `stop`, not before what was missed is read: it may tell of somebody."""
        await ready.wait()
        while not stop.is_set():
            await self.people()
            await self._safely(self._kit.homeserver.forget_rooms_left())
            await pause(stop, self._kit.patience.keys)

    async def people(self) -> None:
        """Let go of the keys of everybody who has no room of their own with us."""
        await self._safely(self._people())

    async def _people(self) -> None:
        async with self._kit.database.read() as conn:
            kept = await matrix.people(conn)
        await self._kit.homeserver.forget_people(but=kept)

    async def room(self, room: str) -> None:
        """Let go of the keys of a room that we are no longer in."""
        await self._safely(self._kit.homeserver.forget_room(room))

    @staticmethod
    async def _safely(doing: Awaitable[None]) -> None:
        try:
            await doing
        except Exception as error:  # noqa: BLE001 - whatever it is, it is done later; a traceback may hold names
            _log.warning("matrix.keys_not_forgotten", kind=type(error).__name__)
