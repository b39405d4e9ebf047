"""Shows the answers to turns: paced, in the order of the turns, with patience for a channel in trouble."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from bot.channels.base import Dialogue, Pace
from bot.channels.insisting import Insisting
from bot.channels.ordering import InOrder
from bot.channels.telegram.incoming import Pressed, address_of
from bot.channels.telegram.outgoing import ChatMoved, Clock, Postman
from bot.domain.errors import Blocked, BotError, Rejected
from bot.domain.messages import Reply, Screen, say

PAUSES_S = (0.5, 1.0, 2.0, 4.0)
"""Between the tries of one request; after the last of them the reply is given up."""

_log = structlog.get_logger(__name__)


class Replies:
    """Sends replies in the background, one person's in order."""

    def __init__(
        self,
        postman: Postman,
        dialogue: Dialogue,
        pace: Pace,
        *,
        now: Clock,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._postman = postman
        self._dialogue = dialogue
        self._insisting = Insisting(pace, now=now, sleep=sleep, pauses=PAUSES_S)
        self._order = InOrder()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(
        self, chat: int, reply: Reply, pressed: Pressed | None, answered: asyncio.Task[None] | None = None
    ) -> asyncio.Task[None]:
        """Begin to show a reply, after those already begun in this chat.

        The task returned never raises; it ends when the press is `answered` too.
        """
        task = asyncio.create_task(self._deliver(chat, reply, pressed, answered))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def wait_for_room(self, limit: int) -> None:
        """Wait until fewer than `limit` are under way."""
        while len(self._tasks) >= limit:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def finish(self, timeout_s: float) -> None:
        """Let those under way end; what does not within `timeout_s` is dropped."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=timeout_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _deliver(
        self, chat: int, reply: Reply, pressed: Pressed | None, answered: asyncio.Task[None] | None
    ) -> None:
        async with self._order.of(chat):
            try:
                await self._show(chat, reply, pressed)
            except Exception as error:  # noqa: BLE001 - nobody awaits this task's outcome; a traceback may hold words
                _log.error("telegram.reply_failed", kind=type(error).__name__)
        if answered:
            await asyncio.wait({answered})

    async def _show(self, chat: int, reply: Reply, pressed: Pressed | None) -> None:
        try:
            if not await self._changed(chat, reply, pressed):
                await self._post(chat, reply.language, reply.screen)
        except Blocked:
            await self._dialogue.left(address_of(chat))
        except ChatMoved as error:
            await self._dialogue.moved(address_of(chat), address_of(error.chat))
            await self._post(error.chat, reply.language, reply.screen)
        except (Rejected, ValueError) as error:  # a ValueError: an action that fits on no button
            _log.error("telegram.reply_rejected", reason=str(error))
            await self._post(chat, reply.language, Screen((say("telegram.unshowable"),)))
        except BotError as error:
            _log.warning("telegram.reply_lost", kind=type(error).__name__, reason=str(error))

    async def _changed(self, chat: int, reply: Reply, pressed: Pressed | None) -> bool:
        """Whether the pressed message could become the new screen."""
        screen = reply.screen
        if not (screen.replaces and pressed and pressed.editable) or screen.picture or screen.file:
            return False
        message = pressed.message
        if message is None:
            return False
        try:
            change = self._postman.change(chat, message, reply.language, screen)
            await self._insisting.insist(change, recipient=chat, twice=True)
        except Rejected:  # too old, or deleted: the screen comes as a new message
            return False
        return True

    async def _post(self, chat: int, language: str, screen: Screen) -> None:
        for step in self._postman.steps(chat, language, screen):
            await self._insisting.insist(step, recipient=chat)
