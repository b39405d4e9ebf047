"""The loop: ask what happened, take it, go on from there. How far it is done with is kept only when it is.

A token is stored once every turn before it is committed and every answer shown. A crash starts from the last one: what
comes again counts once, by each event's name, and the last answer in each room is shown again under the same key.
"""

import asyncio
from collections import deque

import structlog

from bot.channels.matrix.homeserver import SignedOut
from bot.channels.matrix.intake import Intake
from bot.channels.matrix.kit import Kit
from bot.channels.matrix.trouble import Faults
from bot.channels.patience import pause, unless
from bot.domain.errors import BotError, Unreachable
from bot.storage import matrix

WAIT_S = 30.0
"""How long the homeserver holds a sync in which nothing happens."""
UNSETTLED = 10_000
"""With this many batches that are not done with, no more are asked for."""

_log = structlog.get_logger(__name__)


class Syncing:
    """Reads one account. `ready` is set once everything that happened before the start is taken."""

    def __init__(self, kit: Kit, intake: Intake) -> None:
        self._kit = kit
        self._intake = intake
        self._faults = Faults(kit.patience)
        self._unsettled: deque[tuple[str, list[asyncio.Task[None]]]] = deque()
        self._changed = asyncio.Event()
        self._heard = 0
        """Of what we said."""
        self._answering = False
        self.ready = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop`, or until the account is signed out."""
        self.ready.clear()
        async with self._kit.database.read() as conn:
            token = await matrix.token(conn, self._kit.homeserver.user)
        ended = asyncio.Event()
        settling = asyncio.create_task(self._settle(ended))
        try:
            while not stop.is_set():
                token = await self._once(token, stop)
        except SignedOut as error:
            _log.error("matrix.off", reason=str(error))
        finally:
            await self._intake.finish(self._kit.patience.last_turns)
            ended.set()  # and not broken off, which would leave a transaction open
            await asyncio.gather(settling, return_exceptions=True)
            await self._settled()

    async def _once(self, token: str | None, stop: asyncio.Event) -> str | None:
        """One sync; returns where the next one goes on. Raises SignedOut."""
        echoes = not await self._let_echo(stop)
        wait_s = WAIT_S if self.ready.is_set() and echoes else 0.0
        try:
            batch = await unless(stop, self._kit.homeserver.sync(token, wait_s=wait_s, echoes=echoes))
        except SignedOut:
            raise
        except BotError as error:
            await pause(stop, self._faults.failed(error, self._kit.clock()))
            return token
        except Exception as error:  # noqa: BLE001 - a library's fault must not end the program; a traceback may hold words
            await pause(stop, self._faults.failed(Unreachable(type(error).__name__), self._kit.clock()))
            return token
        if batch is None:
            return token
        self._faults.worked()
        shown = await self._intake.take(batch, token, stop, wait_s=self._kit.patience.trouble)
        if stop.is_set():  # some of it may not be taken
            return token
        self._unsettled.append((batch.token, shown))
        for task in shown:
            task.add_done_callback(lambda _: self._changed.set())
        self._changed.set()
        self.ready.set()
        await self._make_room(shown, stop)
        self._answering = bool(shown)
        return batch.token

    async def _let_echo(self, stop: asyncio.Event) -> bool:
        """Whether we have said anything since this was last asked; if so, not to answer somebody, it gets its time."""
        said = self._kit.homeserver.said - self._heard
        if said and not self._answering:
            await pause(stop, self._kit.patience.pause_for_echoes(said))
        self._heard = self._kit.homeserver.said
        return said > 0

    async def _make_room(self, shown: list[asyncio.Task[None]], stop: asyncio.Event) -> None:
        if shown:
            await asyncio.wait(shown, timeout=self._kit.patience.batch_replies)
        while len(self._unsettled) > UNSETTLED and not stop.is_set():
            await pause(stop, self._kit.patience.echo)  # `_settle` works meanwhile

    async def _settle(self, ended: asyncio.Event) -> None:
        """Keep how far everything is done with, as it comes to be, until `ended`."""
        while not ended.is_set():
            await unless(ended, self._changed.wait())
            self._changed.clear()
            await self._settled()

    async def _settled(self) -> None:
        done = None
        while self._unsettled and all(_shown(task) for task in self._unsettled[0][1]):
            done, _ = self._unsettled.popleft()
        if done is None:
            return
        try:
            async with self._kit.database.begin() as conn:
                await matrix.save_token(conn, self._kit.homeserver.user, done)
        except Exception as error:  # noqa: BLE001 - the next one keeps it too; until then more comes again after a crash
            _log.warning("matrix.token_not_kept", kind=type(error).__name__)


def _shown(task: asyncio.Task[None]) -> bool:
    """Whether an answer has had its time; one that was broken off has not, and comes again."""
    return task.done() and not task.cancelled() and task.exception() is None
