"""The Matrix channel: takes events to the dialogue, and shows screens."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from bot.catalogue.words import Words
from bot.channels.base import Dialogue, Pace
from bot.channels.gathering import Gathering
from bot.channels.matrix import letters
from bot.channels.matrix.conversation import Conversation
from bot.channels.matrix.forgetting import Forgetting
from bot.channels.matrix.groups import Groups, Teaching
from bot.channels.matrix.homeserver import Homeserver, SignedOut
from bot.channels.matrix.intake import Intake
from bot.channels.matrix.kit import Kit
from bot.channels.matrix.letters import Letter
from bot.channels.matrix.reader import Reader
from bot.channels.matrix.replies import Postman, Replies
from bot.channels.matrix.rooms import Rooms
from bot.channels.matrix.syncing import Syncing
from bot.channels.matrix.trouble import Faults
from bot.channels.patience import Patience, pause, unless
from bot.domain.errors import Blocked, BotError, Unanswered, Unreachable
from bot.domain.messages import Reply, Screen
from bot.domain.residents import Address
from bot.services.courier import Posted
from bot.storage import matrix
from bot.storage.database import Database
from bot.storage.matrix import Shown

_log = structlog.get_logger(__name__)


class Source(Protocol):
    """Where events come from: we ask for them (`syncing`), or they are pushed to us (`appservice`)."""

    ready: asyncio.Event
    """See `MatrixChannel.ready`."""

    async def run(self, stop: asyncio.Event) -> None:
        """Take them until `stop`, or until the account is signed out."""
        ...


class MatrixChannel:
    """One bot account. `run` serves it until told to stop; `send` says things unasked.

    Args:
        homeserver: where the account is.
        database: keeps rooms, screens, and how far we have read.
        dialogue: the conversation.
        words: gives the interface words of the moment.
        pace: the account's limit; replies travel in its first lane.
        clock: the time, UTC.
        teaching: what rooms of several are asked; without it the bot is silent there.
        source: makes what brings events to the reader.
        sleep: waits, between the tries of a reply.
        patience: how long to wait, for what.
    """

    def __init__(
        self,
        homeserver: Homeserver,
        *,
        database: Database,
        dialogue: Dialogue,
        words: Callable[[], Words],
        pace: Pace,
        clock: Callable[[], datetime],
        teaching: Teaching | None = None,
        source: Callable[[Kit, Intake], Source] = Syncing,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        patience: Patience | None = None,
    ) -> None:
        self._kit = Kit(homeserver, database, dialogue, words, pace, clock, sleep, patience or Patience())
        self._forgetting = Forgetting(self._kit)
        self._rooms = Rooms(self._kit, self._forgetting)
        self._postman = Postman(self._kit)
        self._replies = Replies(self._kit, self._postman, self._rooms.gone)
        conversation = Conversation(self._kit, self._postman, self._replies, self._forgetting)
        self._groups = Groups(self._kit, self._postman, self._replies, teaching)
        reader = Reader(self._kit, self._rooms, conversation, self._groups, self._replies)
        self.source = source(self._kit, Intake(self._kit, reader))
        self._shown = Gathering(self._show)
        self._last: dict[str, tuple[Screen, Words, Letter]] = {}
        """What was said unasked last, in each language."""

    @property
    def user(self) -> str | None:
        """Our own name, `@bot:example.org`, once it is known."""
        return self._kit.homeserver.user or None

    @property
    def ready(self) -> asyncio.Event:
        """Set once everything that happened before the start is taken: from then on we may speak first."""
        return self.source.ready

    # --- out

    async def send(self, address: Address, language: str, screen: Screen, *, key: str) -> Posted:
        """Say a screen unasked; see `bot.services.courier.Sender`. Pacing is the caller's."""
        if not self.ready.is_set():
            raise Unreachable("the homeserver has not been reached yet")
        room = await self._rooms.of(address.id)
        if room is None:
            raise Blocked
        letter = self._composed(language, screen, key)
        event = ""
        try:
            for step in self._postman.steps(room, letter):
                event = await step()
        except SignedOut as error:
            raise Unreachable(str(error)) from None
        if letter.shown.choices:
            await self._keep(room.id, letters.named(letter.shown, event))
        return Posted(event)

    async def _keep(self, room: str, shown: Shown) -> None:
        try:
            await self._shown.ask((room, shown))
        except Exception as error:  # noqa: BLE001 - it is out, and comes again under its key: nothing is said twice
            _log.warning("matrix.screen_not_kept", kind=type(error).__name__)
            raise Unanswered from None

    def _composed(self, language: str, screen: Screen, key: str) -> Letter:
        """The letter; of a campaign, whose screen is one for all, it is composed once."""
        words = self._kit.words()
        known = self._last.get(language)
        if known is None or known[0] is not screen or known[1] is not words:
            known = self._last[language] = screen, words, letters.compose(Reply(language, screen), key, words)
        return letters.keyed(known[2], key)

    async def _show(self, said: Sequence[tuple[str, Shown]]) -> Sequence[None]:
        async with self._kit.database.begin() as conn:
            here = await matrix.rooms(conn, [room for room, _ in said])  # whoever was erased meanwhile keeps no screens
            for room, shown in said:
                if room in here:
                    await matrix.show(conn, room, shown)
        return [None] * len(said)

    # --- from start to stop

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`, then finish what is in flight. A wrong token ends this channel with a line in the log."""
        try:
            if await self._begun(stop):
                await self._serve(stop)
        finally:
            await self._replies.finish(self._kit.patience.last_replies)
            await self._kit.homeserver.close()

    async def _serve(self, stop: asyncio.Event) -> None:
        beside = [asyncio.create_task(one.run(stop, self.ready)) for one in (self._groups, self._forgetting)]
        try:
            await self.source.run(stop)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)

    async def _begun(self, stop: asyncio.Event) -> bool:
        """Sign in, as often as it takes; False if it cannot be."""
        faults = Faults(self._kit.patience)
        while not stop.is_set():
            try:
                await unless(stop, self._kit.homeserver.connect())
            except SignedOut as error:
                _log.error("matrix.off", reason=str(error))
                return False
            except BotError as error:
                await pause(stop, faults.failed(error, self._kit.clock()))
            else:
                faults.worked()
                _log.info("matrix.on", account=self.user, encrypts=self._kit.homeserver.encrypts)
                return not stop.is_set()
        return False
