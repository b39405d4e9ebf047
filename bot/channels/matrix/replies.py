"""Shows letters: paced, in the order of the turns, with patience for a homeserver in trouble.

Each request has a key of its own, so that after any doubt it can be made again: nothing is said twice.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TypeVar

import structlog

from bot.channels.insisting import Insisting
from bot.channels.matrix import render
from bot.channels.matrix.homeserver import SignedOut
from bot.channels.matrix.kit import Kit
from bot.channels.matrix.letters import MESSAGE, Letter
from bot.channels.ordering import InOrder
from bot.domain.errors import Blocked, BotError, Rejected
from bot.domain.messages import File, Picture
from bot.storage import matrix
from bot.storage.matrix import Room

PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, *(30.0,) * 18)
"""Between the tries of one request; after some ten minutes in vain the reply is given up."""
UPLOADS_KEPT = 16

_log = structlog.get_logger(__name__)
T = TypeVar("T")


class Postman:
    """Puts letters into rooms; raises as the homeserver does."""

    def __init__(self, kit: Kit) -> None:
        self._homeserver = kit.homeserver
        self._words = kit.words
        self._uploads: dict[tuple[int, bool], tuple[Picture, dict[str, object]]] = {}

    def steps(self, room: Room, letter: Letter) -> list[Callable[[], Awaitable[str]]]:
        """The requests that show a letter, to be made in order: each returns the name of its event.

        The last of them but the reactions is the screen itself.
        """
        screen, steps = letter.screen, list[Callable[[], Awaitable[str]]]()
        picture, file = screen.picture, screen.file
        if picture:
            steps.append(lambda: self._picture(room, letter, picture))
        if file:
            steps.append(lambda: self._file(room, letter, file))
        steps.append(lambda: self.say(room, letter.kind, letter.content, letter.key))
        return steps

    async def seed(self, room: Room, letter: Letter, event: str, key: str) -> str:
        """Put a reaction on a screen, to be tapped."""
        relation = {"rel_type": "m.annotation", "event_id": event, "key": key}
        return await self.say(room, "m.reaction", {"m.relates_to": relation}, f"{letter.key}:{key}")

    async def say(self, room: Room, kind: str, content: Mapping[str, object], key: str) -> str:
        """Send one event."""
        return await self._homeserver.send(room.id, kind, content, key=key, encrypted=room.encrypted)

    async def _picture(self, room: Room, letter: Letter, picture: Picture) -> str:
        place = (id(picture), room.encrypted)
        known = self._uploads.get(place)
        if known is None or known[0] is not picture:
            stored = await self._homeserver.upload(picture.png, "picture.png", "image/png", encrypted=room.encrypted)
            known = self._uploads[place] = (picture, stored)
            if len(self._uploads) > UPLOADS_KEPT:
                del self._uploads[next(iter(self._uploads))]
        content = render.picture(known[1], picture, letter.language, self._words())
        return await self.say(room, MESSAGE, content, f"{letter.key}:picture")

    async def _file(self, room: Room, letter: Letter, file: File) -> str:
        stored = await self._homeserver.upload(file.content, file.name, file.media_type, encrypted=room.encrypted)
        return await self.say(room, MESSAGE, render.file(stored, file), f"{letter.key}:file")


class Replies:
    """Sends letters in the background, one room's in order."""

    def __init__(self, kit: Kit, postman: Postman, gone: Callable[[Room], Awaitable[None]]) -> None:
        """`gone` hears of a room that we turn out to be no longer in."""
        self._kit = kit
        self._postman = postman
        self._gone = gone
        self._insisting = Insisting(kit.pace, now=kit.clock, sleep=kit.sleep, pauses=PAUSES_S)
        self._order = InOrder()
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, room: Room, letter: Letter) -> asyncio.Task[None]:
        """Begin to show a letter, after those already begun in this room; see `aside`."""
        return self.aside(room, lambda: self._show(room, letter))

    def aside(
        self, room: Room, doing: Callable[[], Awaitable[object]], *, queue: str = "letters"
    ) -> asyncio.Task[None]:
        """Do something in a room, after what stands in the same queue of it; the task returned raises SignedOut."""
        task = asyncio.create_task(self._safely(room, doing, queue))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # it is told by the loop, which meets it too

    def say(self, room: Room, kind: str, content: Mapping[str, object], key: str) -> asyncio.Task[None]:
        """Begin to send one event, in its turn."""
        return self.aside(room, lambda: self.insist(lambda: self._postman.say(room, kind, content, key)))

    async def caught_up(self, room: Room, within_s: float) -> None:
        """Wait until the letters begun in a room are shown, but not for long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s), self._order.of((room.id, "letters")):
                pass

    async def finish(self, timeout_s: float) -> None:
        """Let those under way end; what does not within `timeout_s` is dropped, and shown at the next start."""
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=timeout_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _safely(self, room: Room, doing: Callable[[], Awaitable[object]], queue: str) -> None:
        async with self._order.of((room.id, queue)):
            try:
                await doing()
            except Blocked:
                await self._gone(room)
            except SignedOut:  # it has not had its time, and comes again when somebody has signed in
                raise
            except Rejected as error:
                _log.error("matrix.reply_rejected", reason=str(error))
            except BotError as error:
                _log.warning("matrix.reply_lost", kind=type(error).__name__, reason=str(error))
            except Exception as error:  # noqa: BLE001 - nobody awaits this task's outcome; a traceback may hold words
                _log.error("matrix.reply_failed", kind=type(error).__name__)

    async def _show(self, room: Room, letter: Letter) -> None:
        event = ""
        for step in self._postman.steps(room, letter):
            event = await self.insist(step)
        if letter.shown.choices and letter.shown.event is None:
            async with self._kit.database.begin() as conn:
                await matrix.note_event(conn, room.id, letter.key, event)
        for key in letter.seeds:
            await self._seed(room, letter, event, key)

    async def _seed(self, room: Room, letter: Letter, event: str, key: str) -> None:
        try:
            await self.insist(lambda: self._postman.seed(room, letter, event, key))
        except Rejected:  # M_DUPLICATE_ANNOTATION: it is there already
            _log.debug("matrix.seed_refused")

    async def insist(self, request: Callable[[], Awaitable[T]]) -> T:
        """Make a request, again if it failed for now: its key sees to it that it counts once."""
        return await self._insisting.insist(request, recipient=0, twice=True)
