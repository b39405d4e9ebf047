"""Takes batches: what they tell of each room in order, rooms side by side, each as often as it takes.

A room in trouble (its homeserver fails, a fault of ours meets its words) keeps the others waiting for a while and then
goes on by itself. What is not done with keeps the token from being stored, so after a crash it comes again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from bot.channels.matrix.events import Batch, RoomNews
from bot.channels.matrix.homeserver import SignedOut
from bot.channels.matrix.kit import Kit
from bot.channels.matrix.reader import NOT_OURS, TRIES, Progress, Reader, TurnFailed
from bot.channels.ordering import InOrder
from bot.channels.patience import pause, unless
from bot.domain.errors import BotError

LAST_TRY = 100
"""About fifty minutes of tries in vain, while others got through, are enough."""

Part = Callable[[Progress], Awaitable[None]]
Answered = asyncio.Task[None]
"""Ends when what was told is committed and answered; fails where it is not."""

_log = structlog.get_logger(__name__)


class NotTaken(BotError):
    """The program stopped before this was taken; it comes again."""


class Intake:
    """Takes the batches of one account."""

    def __init__(self, kit: Kit, reader: Reader) -> None:
        self._kit = kit
        self._reader = reader
        self._order = InOrder()
        self._open: dict[asyncio.Task[Progress], str] = {}
        """What is being taken, and of which room."""
        self._got_through = 0

    async def take(
        self, batch: Batch, since: str | None, stop: asyncio.Event, *, wait_s: float | None = None
    ) -> list[Answered]:
        """Commit what a batch tells; returns what ends when it is answered too.

        `since`: where the batch goes on from; None for a first sync: it has no news, only what was there long before.
        What takes longer than `wait_s` goes on by itself, and so does what comes of such a room after it. Raises
        SignedOut.
        """
        parts: list[tuple[str, Part]] = [(one.room, partial(self._reader.invited, one)) for one in batch.invites]
        if since is not None:
            parts += [(room, partial(self._reader.left, room)) for room in batch.left]
            parts += [
                (news.room, partial(self._reader.news, news, since)) for news in batch.joined if not self._is_echo(news)
            ]
        in_trouble = set() if wait_s is None else set(self._open.values())
        taking = [self._begin(room, part, stop) for room, part in parts]
        awaited = [task for task in taking if self._open[task] not in in_trouble]
        answered = [self._watched(asyncio.create_task(_answered(task))) for task in taking]
        if awaited:
            await unless(stop, asyncio.wait(awaited, timeout=wait_s))
        if stop.is_set():
            await self.finish(self._kit.patience.last_turns)
        for task in taking:
            if task.done() and not task.cancelled() and isinstance(error := task.exception(), SignedOut):
                raise error
        return answered

    def _is_echo(self, news: RoomNews) -> bool:
        """Whether it is only what we have said ourselves, as in each room of a campaign: nothing to take."""
        us = self._kit.homeserver.user
        ours = (event.sender == us and event.state_key is None for event in news.events)
        return bool(news.events) and not news.state and news.gap_before is None and all(ours)

    async def finish(self, timeout_s: float) -> None:
        """Let what is being taken end; what does not within `timeout_s` comes again at the next start."""
        if self._open:
            _, late = await asyncio.wait(self._open, timeout=timeout_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _begin(self, room: str, part: Part, stop: asyncio.Event) -> asyncio.Task[Progress]:
        task = asyncio.create_task(self._in_turn(room, part, stop))
        self._open[task] = room
        task.add_done_callback(self._open.pop)
        return task

    @staticmethod
    def _watched(task: Answered) -> Answered:
        """Its failure is told by the task itself, to whoever asks."""
        task.add_done_callback(lambda done: done.cancelled() or done.exception())
        return task

    async def _in_turn(self, room: str, part: Part, stop: asyncio.Event) -> Progress:
        """Take a part after those of the same room before it."""
        async with self._order.of(room):
            progress, others, tries = Progress(), self._got_through, 0
            while not stop.is_set():
                tries += 1
                if await self._is_done(part, progress, tries, alone=self._got_through == others):
                    self._got_through += 1
                    return progress
                await pause(stop, self._kit.patience.pause_after(tries))
        raise NotTaken

    @staticmethod
    async def _is_done(part: Part, progress: Progress, tries: int, *, alone: bool) -> bool:
        """Whether a part is done with; if not, it is taken again: what is committed of it, is."""
        try:
            await part(progress)
        except NOT_OURS as error:
            given_up = tries >= LAST_TRY and not alone
            _log.warning("matrix.taken_again", kind=type(error).__name__, given_up=given_up)
            return given_up
        except TurnFailed:
            return False
        except SignedOut:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the others go on; a traceback may hold words
            given_up = tries >= TRIES
            _log.error("matrix.news_failed", kind=type(error).__name__, given_up=given_up)
            return given_up
        return True


async def _answered(taking: asyncio.Task[Progress]) -> None:
    progress = await taking
    if progress.answers:
        await asyncio.gather(*progress.answers)
